"""Routes of notifications."""

from django.urls import path

from portal.pages.notices import views

urlpatterns = [
    path("notifications/", views.notifications, name="notifications"),
    path("notifications/read/", views.read_all, name="notifications-read"),
    path("notifications/<int:pk>/", views.open_one, name="notification-open"),
]
