"""Routes of drift."""

from django.urls import path

from portal.pages.drift import changes, views

urlpatterns = [
    path("drift/", views.drift, name="drift"),
    path("drift/scan/", changes.look_now, name="drift-scan"),
    path("drift/release/", changes.release, name="drift-release"),
    path("drift/<int:pk>/", views.detail, name="drift-detail"),
    path("drift/<int:pk>/decide/", changes.decide, name="drift-decide"),
]
