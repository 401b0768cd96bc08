"""Routes of the logs."""

from django.urls import path

from portal.pages.audit import pulls, views

urlpatterns = [
    path("audit/", views.events, name="events"),
    path("audit/export/", views.export, name="events-export"),
    path("audit/<int:seq>/", views.event, name="event-detail"),
    path("pulls/", pulls.pulls, name="pulls"),
]
