"""Service accounts of projects, and the short-lived tokens people pull with. Facts: connectors.md A4."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from google.cloud.iam_admin_v1 import types

from grants.connectors.errors import Conflict, ConnectorError, NotFound, Permanent, Refused, Transient
from grants.connectors.google_clients import SCOPES, GoogleClients
from grants.connectors.google_errors import ALREADY_EXISTS, google_errors
from grants.connectors.google_layout import GoogleOptions
from grants.connectors.google_names import Mark, account_id, read_mark

IAM = "Google IAM"
LONGEST_TOKEN = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Account:
    """A service account with our mark."""

    email: str
    name: str
    mark: Mark
    disabled: bool


class Accounts:
    """The service accounts of one target. A deleted account's name is never used again: it ends in its day."""

    def __init__(self, clients: GoogleClients, options: GoogleOptions, clock: Callable[[], datetime]) -> None:
        self._clients = clients
        self._options = options
        self._clock = clock
        self._names: dict[str, str] = {}

    def find(self, base: str) -> Account | None:
        """The account of a project; the one in use when an accident made two."""
        found = self._by_name(base) or self._listed(base)
        if found is not None:
            self._names[base] = found.name
        return found

    def ours(self) -> list[Account]:
        """All accounts with our mark."""
        asked = {"name": f"projects/{self._options.account_project}", "page_size": 100}
        with google_errors(IAM):
            every = list(
                self._clients.accounts.list_service_accounts(asked, retry=None, timeout=self._timeout)
            )
        return [found for one in every if (found := self._account(one)) is not None]

    def create(self, base: str, mark: Mark) -> None:
        """Make a project's account. Made already (an answer was lost) is success."""
        made = types.ServiceAccount(display_name=base, description=_described(mark))
        asked = types.CreateServiceAccountRequest(
            name=f"projects/{self._options.account_project}",
            account_id=account_id(base, self._clock()),
            service_account=made,
        )
        try:
            with google_errors(IAM, changes=True):
                self._clients.accounts.create_service_account(asked, retry=None, timeout=self._timeout)
        except Conflict as error:
            if error.code != ALREADY_EXISTS:
                raise

    def enable(self, account: Account) -> None:
        """Let an account be used (again)."""
        with google_errors(IAM, changes=True):
            self._clients.accounts.enable_service_account(
                types.EnableServiceAccountRequest(name=account.name), retry=None, timeout=self._timeout
            )

    def disable(self, account: Account) -> None:
        """Stop an account: tokens already out stop working too."""
        with google_errors(IAM, changes=True):
            self._clients.accounts.disable_service_account(
                types.DisableServiceAccountRequest(name=account.name), retry=None, timeout=self._timeout
            )

    def delete(self, account: Account) -> None:
        """Delete an account for good. Only for operators, and not on the day of its making.

        Raises Permanent on that day: a new account made on it would get the deleted one's name.
        """
        base = next((base for base, name in self._names.items() if name == account.name), "")
        if account.email.partition("@")[0] == account_id(base, self._clock()):
            raise Permanent("This account was made today: delete it tomorrow, so that its name stays unused.")
        self._names.pop(base, None)
        try:
            with google_errors(IAM, changes=True):
                self._clients.accounts.delete_service_account(
                    types.DeleteServiceAccountRequest(name=account.name), retry=None, timeout=self._timeout
                )
        except NotFound:
            return

    def token(self, email: str, lifetime: timedelta) -> tuple[str, datetime]:
        """A fresh access token of an account, and when it ends. Never stored, never logged.

        Raises Permanent for more than an hour, NotFound or Refused when the account gives none (disabled, gone).
        """
        if not timedelta(0) < lifetime <= LONGEST_TOKEN:
            raise Permanent("An access token lives for an hour at most.")
        with google_errors("IAM Credentials"):
            answer = self._clients.tokens.generate_access_token(
                name=f"projects/-/serviceAccounts/{email}",
                scope=[SCOPES[0]],
                lifetime=lifetime,
                retry=None,
                timeout=self._timeout,
            )
        return str(answer.access_token), _utc(answer.expire_time)

    @property
    def _timeout(self) -> float:
        return self._clients.timeout

    def _by_name(self, base: str) -> Account | None:
        if base not in self._names:
            return None
        try:
            with google_errors(IAM):
                found = self._clients.accounts.get_service_account(
                    types.GetServiceAccountRequest(name=self._names[base]), retry=None, timeout=self._timeout
                )
        except (NotFound, Refused):
            del self._names[base]
            return None
        return self._account(found)

    def _listed(self, base: str) -> Account | None:
        found = [one for one in self.ours() if base_of(one) == base]
        return min(found, key=lambda one: (one.disabled, one.email), default=None)

    def _account(self, found: types.ServiceAccount) -> Account | None:
        mark = read_mark(found.description)
        if mark is None or mark.target != self._options.target:
            return None
        return Account(found.email, found.name, mark, found.disabled)


def base_of(account: Account) -> str:
    """What an account's id begins with: the key of its place."""
    return account.email.partition("@")[0].rpartition("-")[0]


def not_seen_yet() -> ConnectorError:
    """A new account shows only after a while."""
    return Transient("Google does not show the new service account yet.", retry_after=5.0)


def _described(mark: Mark) -> str:
    return mark.text().removeprefix("Kept by Purser; do not change it by hand. ")


def _utc(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
