"""Route of the first page."""

from django.urls import path

from portal.pages.home import views

urlpatterns = [path("", views.home, name="home")]
