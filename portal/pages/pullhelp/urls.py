"""Route of the diagnosis."""

from django.urls import path

from portal.pages.pullhelp import views

urlpatterns = [path("pull-help/", views.pull_help, name="pull-help")]
