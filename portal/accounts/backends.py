"""Who a session or a password stands for: an active person, looked at again on every request."""

from typing import Any

from django.conf import settings
from django.contrib.auth.backends import BaseBackend
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from grants.directory.folding import fold_address
from portal.accounts.models import User


class PersonBackend(BaseBackend):
    """Single sign-on comes here only for `get_user`; passwords count only where local accounts are on."""

    def authenticate(
        self,
        request: HttpRequest | None,
        username: str | None = None,
        password: str | None = None,
        **credentials: Any,
    ) -> User | None:
        """The user with this password, or None; takes as long for unknown names as for wrong passwords."""
        if not settings.LOCAL_ACCOUNTS or not username or not password:
            return None
        name = fold_address(username)
        known = Q(person__user_name=name) | Q(person__addresses__address=name)
        user = self._users().filter(known).first()
        if user is None:
            User().set_password(password)
            return None
        return user if user.check_password(password) and user.is_active else None

    def get_user(self, user_id: int) -> User | None:
        """The user of a session, or None from the moment their person is disabled."""
        user = self._users().filter(pk=user_id).first()
        return user if user and user.is_active else None

    @staticmethod
    def _users() -> QuerySet[User]:
        return User.objects.select_related("person")
