"""Routes of what the brake holds back."""

from django.urls import path

from portal.pages.brakes import views

urlpatterns = [
    path("brakes/", views.brakes, name="brakes"),
    path("brakes/<int:pk>/", views.detail, name="brake-detail"),
    path("brakes/<int:pk>/release/", views.release_hold, name="brake-release"),
    path("brakes/<int:pk>/refuse/", views.refuse_hold, name="brake-refuse"),
]
