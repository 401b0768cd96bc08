"""System checks: dangerous settings are named before they do harm."""

import ipaddress
import os
import stat
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, register

from grants.delivery import failpoints

LEAST_SECRET = 16
"""Characters of a shared secret: shorter ones can be guessed from a recorded signature."""


@register()
def database_roles_differ(**_kwargs: Any) -> list[CheckMessage]:
    """One role for everything could rewrite the audit ledger."""
    owner = os.environ.get("DATABASE_OWNER_URL")
    if owner is None or (urlsplit(owner).username or "") != settings.DATABASE_APP_ROLE:
        return []
    return [
        checks.Error(
            "DATABASE_URL and DATABASE_OWNER_URL name the same database role.",
            hint="Give the application a role of its own: see Two database roles in docs/operations.md.",
            id="purser.E001",
        )
    ]


@register()
def policy_agrees_with_itself(**_kwargs: Any) -> list[CheckMessage]:
    """A default that is over the cap would refuse every request that leaves the time alone."""
    if settings.POLICY["default_days"] <= settings.POLICY["max_days"]:
        return []
    return [checks.Error("PURSER_DEFAULT_DAYS is more than PURSER_MAX_DAYS.", id="purser.E002")]


@register()
def broker_is_spelled_for_celery(**_kwargs: Any) -> list[CheckMessage]:
    """Celery's command line reads BROKER_URL itself, and knows sockets of Redis by another name."""
    if not os.environ.get("BROKER_URL", "").startswith("unix:"):
        return []
    hint = "Write redis+socket:///path/redis.sock?virtual_host=0, or leave BROKER_URL out to use REDIS_URL."
    return [checks.Error("Celery does not know unix:// in BROKER_URL.", hint=hint, id="purser.E003")]


@register(deploy=True)
def no_failure_is_planned(**_kwargs: Any) -> list[CheckMessage]:
    """The tests' switch that kills the worker has no place where people work."""
    if not os.environ.get(failpoints.VARIABLE):
        return []
    return [checks.Error(f"{failpoints.VARIABLE} is set: the worker kills itself.", id="purser.E004")]


@register(deploy=True)
def hosts_are_named(**_kwargs: Any) -> list[CheckMessage]:
    """Any host name would let a stranger choose the address in links and mails."""
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    return [checks.Error("PURSER_HOSTS allows every host name.", hint="Name each one.", id="purser.E005")]


@register(deploy=True)
def sign_in_is_configured(**_kwargs: Any) -> list[CheckMessage]:
    """A portal nobody can sign in to is a mistake, and local accounts are for trials."""
    if settings.OIDC["issuer"] or settings.SAML_METADATA_URL:
        return []
    return [
        checks.Warning(
            "No identity provider is named, so nobody can sign in.",
            hint="Set OIDC_ISSUER, OIDC_CLIENT_ID and OIDC_CLIENT_SECRET, or SAML_METADATA_URL.",
            id="purser.W001",
        )
    ]


@register(deploy=True)
def checkpoints_leave_the_machine(**_kwargs: Any) -> list[CheckMessage]:
    """One checkpoint folder beside the database is lost with it."""
    if len(set(settings.PURSER_CHECKPOINT_DIRS)) > 1:
        return []
    return [
        checks.Warning(
            "Audit checkpoints are written to one folder only.",
            hint="Name a second folder on another machine in PURSER_CHECKPOINT_DIRS.",
            id="purser.W002",
        )
    ]


@register(deploy=True)
def purser_is_reached_by_tls(**_kwargs: Any) -> list[CheckMessage]:
    """Pull tokens and sessions would cross the network in clear."""
    if settings.SECURE:
        return []
    hint = (
        "Put a TLS proxy in front, set PURSER_BASE_URL to its https:// address and PURSER_BEHIND_PROXY=true."
    )
    return [checks.Warning("PURSER_BASE_URL is not https.", hint=hint, id="purser.W003")]


@register(deploy=True)
def shared_secrets_are_strong(**_kwargs: Any) -> list[CheckMessage]:
    """Without its secret a registry's notifications are refused; a short one can be guessed."""
    named = {
        "REGISTRY_NOTIFICATION_SECRET": [settings.REGISTRY["notification_secret"]],
        "JIRA_WEBHOOK_SECRET": settings.JIRA["webhook_secrets"],
        "JIRA_WEBHOOK_BEARER": settings.JIRA["bearer_secrets"],
    }
    return [
        checks.Warning(
            f"{name} has fewer than {LEAST_SECRET} characters.", hint="Choose it at random.", id="purser.W004"
        )
        for name, values in named.items()
        if any(len(value) < LEAST_SECRET for value in values)
    ]


@register(deploy=True)
def outside_systems_are_reached_by_tls(**_kwargs: Any) -> list[CheckMessage]:
    """Over plain HTTP anybody on the way can read the token or answer in the system's place."""
    named: dict[str, str] = {
        "OIDC_ISSUER": str(settings.OIDC["issuer"]),
        "SAML_METADATA_URL": settings.SAML_METADATA_URL,
        "JIRA_URL": str(settings.JIRA["base_url"]),
    }
    return [
        checks.Warning(f"{name} is not https.", hint="Use its https:// address.", id="purser.W005")
        for name, url in named.items()
        if url.startswith("http://") and not _is_this_machine(urlsplit(url).hostname or "")
    ]


@register(deploy=True)
def mail_leaves_the_machine(**_kwargs: Any) -> list[CheckMessage]:
    """Approvers who are not told do not approve; a password in clear is everybody's."""
    return [checks.Warning(text, hint=hint, id="purser.W006") for text, hint in _mail_faults()]


@register(deploy=True)
def keys_are_private(**_kwargs: Any) -> list[CheckMessage]:
    """Who can read the keys can sign tokens for every image, and checkpoints of another history."""
    folder = settings.PURSER_KEY_DIR
    if not folder.exists() or not folder.stat().st_mode & stat.S_IRWXO:
        return []
    hint = f"Run: chmod o= {folder}"
    return [
        checks.Warning("Other users of this machine can enter PURSER_KEY_DIR.", hint=hint, id="purser.W007")
    ]


def _mail_faults() -> Iterator[tuple[str, str]]:
    if not settings.EMAIL_HOST:
        yield "Mail is written to a folder and reaches nobody.", "Set SMTP_HOST and PURSER_MAIL_FROM."
    elif settings.EMAIL_HOST_PASSWORD and not settings.EMAIL_USE_TLS:
        yield "The password of SMTP_USER is sent in clear.", "Leave SMTP_STARTTLS on."


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
