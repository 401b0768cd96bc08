"""Registries, images, versions, tags and scans."""
