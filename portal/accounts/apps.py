"""Sign-in: users, identity claims, API tokens."""

from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Sign-in: users, identity claims, API tokens."""

    name = "portal.accounts"
    label = "accounts"

    def ready(self) -> None:
        """Let sessions and tokens end with their person."""
        from grants.directory.signals import person_disabled  # noqa: PLC0415 - models are ready only now
        from portal.accounts import checks  # noqa: F401, PLC0415
        from portal.accounts.services import end_access_of_disabled  # noqa: PLC0415

        person_disabled.connect(end_access_of_disabled, dispatch_uid="accounts.person_disabled")
