"""Routes of health."""

from django.urls import path

from portal.pages.health import views

urlpatterns = [
    path("health/", views.health, name="health"),
    path("healthz", views.healthz, name="healthz"),
]
