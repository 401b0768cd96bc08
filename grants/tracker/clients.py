"""A client for the Jira of the settings. Tasks only: nothing that answers a person waits for Jira."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from grants.connectors.jira import JiraAuth, JiraClient

SECONDS = 10.0
"""The longest silence of Jira that a task puts up with."""


def is_configured() -> bool:
    """Whether the settings name a Jira."""
    return bool(settings.JIRA["base_url"])


@contextmanager
def open_jira() -> Iterator[JiraClient]:
    """A client, closed afterwards. Requires `is_configured()`; a user makes it Cloud's way of signing in."""
    jira = {name: str(settings.JIRA[name]) for name in ("base_url", "user", "token")}
    client = JiraClient(jira["base_url"], JiraAuth(jira["token"], email=jira["user"]), timeout=SECONDS)
    try:
        yield client
    finally:
        client.close()
