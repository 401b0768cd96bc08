"""Routes of the catalogue."""

from django.urls import path

from portal.pages.catalogue import changes, comparing, views

urlpatterns = [
    path("catalogue/", views.catalogue, name="catalogue"),
    path("catalogue/select/", views.select, name="image-select"),
    path("catalogue/<int:pk>/", views.detail, name="image-detail"),
    path("catalogue/<int:pk>/compare/", comparing.compare, name="image-compare"),
    path("catalogue/<int:pk>/scans/", changes.add_scan, name="image-scan"),
    path("catalogue/<int:pk>/mark/<slug:mark>/", changes.mark_image, name="image-mark"),
]
