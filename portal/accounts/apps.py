"""Sign-in: users, identity claims, API tokens."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Sign-in: users, identity claims, API tokens."""

    name = "portal.accounts"
    label = "accounts"
