"""System checks: dangerous settings are named before they do harm."""

from typing import Any

from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, register


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
    if len(settings.PURSER_CHECKPOINT_DIRS) > 1:
        return []
    return [
        checks.Warning(
            "Audit checkpoints are written to one folder only.",
            hint="Name a second folder on another machine in PURSER_CHECKPOINT_DIRS.",
            id="purser.W002",
        )
    ]
