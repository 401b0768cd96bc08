"""Routes of the directory."""

from django.urls import path

from portal.pages.directory import ending, exports, imports, people, projects, robots, teams

urlpatterns = [
    path("teams/", teams.teams, name="teams"),
    path("teams/<slug:key>/", teams.team, name="team-detail"),
    path("projects/", projects.projects, name="projects"),
    path("projects/<slug:key>/", projects.project, name="project-detail"),
    path("projects/<slug:key>/settings/", projects.settings, name="project-settings"),
    path("projects/<slug:key>/end/", ending.ending, name="project-end"),
    path("projects/<slug:key>/end/go-on/", ending.go_on, name="project-go-on"),
    path("projects/<slug:key>/export/", exports.export, name="project-export"),
    path("projects/<slug:key>/robots/", robots.create, name="robot-create"),
    path("projects/<slug:key>/robots/<int:pk>/revoke/", robots.revoke, name="robot-revoke"),
    path("people/", people.people, name="people"),
    path("people/<int:pk>/", people.person, name="person-detail"),
    path("people/<int:pk>/disable/", people.disable, name="person-disable"),
    path("people/<int:pk>/enable/", people.enable, name="person-enable"),
    path("people/<int:pk>/release/", people.release, name="person-release"),
    path("directory/import/", imports.import_file, name="directory-import"),
    path("directory/template/<slug:kind>.csv", imports.template, name="directory-template"),
]
