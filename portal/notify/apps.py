"""Notifications: in-app and by mail."""

from django.apps import AppConfig


class NotifyConfig(AppConfig):
    """Notifications: in-app and by mail."""

    name = "portal.notify"
    label = "notify"
