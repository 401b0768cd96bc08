"""Requests for access: drafts, lanes, decisions."""

from django.apps import AppConfig


class RequestsConfig(AppConfig):
    """Requests for access: drafts, lanes, decisions."""

    name = "approvals.requests"
    label = "requests"
