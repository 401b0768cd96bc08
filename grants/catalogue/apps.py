"""Registries, images, versions, tags and scans."""

from django.apps import AppConfig


class CatalogueConfig(AppConfig):
    """Registries, images, versions, tags and scans."""

    name = "grants.catalogue"
    label = "catalogue"
