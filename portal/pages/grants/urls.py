"""Routes of grants."""

from django.urls import path

from portal.pages.grants import changes, export, returning, secrets, views

urlpatterns = [
    path("grants/", views.grants, name="grants"),
    path("grants/export/", export.export, name="grants-export"),
    path("grants/return/", returning.give_many_back, name="grants-return"),
    path("grants/<int:pk>/", views.detail, name="grant-detail"),
    path("grants/<int:pk>/return/", changes.give_back, name="grant-return"),
    path("grants/<int:pk>/extend/", changes.extend, name="grant-extend"),
    path("grants/<int:pk>/revoke/", changes.revoke, name="grant-revoke"),
    path("grants/<int:pk>/retry/", changes.retry, name="grant-retry"),
    path("grants/<int:pk>/pull-secret/", secrets.show, name="grant-pull-secret"),
]
