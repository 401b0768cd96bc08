"""Routes of the costs."""

from django.urls import path

from portal.pages.costs import views

urlpatterns = [
    path("costs/", views.costs, name="costs"),
    path("costs/teams/<slug:key>/", views.team, name="costs-team"),
    path("costs/organisation/", views.organisation, name="costs-organisation"),
    path("costs/images/", views.images, name="costs-images"),
    path("costs/mine/", views.mine, name="costs-mine"),
    path("costs/day/<str:day>/", views.day, name="costs-day"),
    path("costs/figures/", views.figures, name="costs-figures"),
    path("costs/news/", views.news, name="costs-news"),
]
