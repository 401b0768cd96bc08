"""Pull credentials and the registry token service."""

from django.apps import AppConfig


class TokensConfig(AppConfig):
    """Pull credentials and the registry token service."""

    name = "grants.tokens"
    label = "tokens"
