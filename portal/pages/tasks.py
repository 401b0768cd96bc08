"""Lets the task application find the pages' tasks."""

from portal.pages.health.tasks import beat

__all__ = ["beat"]
