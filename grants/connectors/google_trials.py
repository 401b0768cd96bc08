"""Trying a pull as a project's service account: whether access is in effect, not whether it is written down."""

from datetime import timedelta

import httpx

from grants.connectors.errors import ConnectorError, NotFound, Permanent, Transient
from grants.connectors.google_accounts import Accounts
from grants.connectors.google_clients import GoogleClients
from grants.connectors.google_layout import GoogleOptions
from grants.connectors.google_names import account_base, docker_host, split_image
from grants.connectors.http_rules import connection_errors, error_for_status

LIFETIME = timedelta(minutes=5)
_MANIFESTS = (
    "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"
)


class Trials:
    """Pulls tried at the Docker host. A manifest is looked at (HEAD), nothing is downloaded."""

    def __init__(self, clients: GoogleClients, options: GoogleOptions, accounts: Accounts) -> None:
        self._options = options
        self._accounts = accounts
        self._base = clients.endpoints.docker or f"https://{docker_host(options.location)}"
        self._http = httpx.Client(timeout=httpx.Timeout(clients.timeout), trust_env=False)

    @property
    def on(self) -> bool:
        """Whether pulls are to be tried."""
        return bool(self._options.pull_probe)

    def allowed(self, image: str, project: str) -> bool | None:
        """Whether the project's account is let in to an image now; None when it has no account that works."""
        token = self.token(account_base(project))
        return None if token is None else self._head(image, token)

    def token(self, base: str) -> str | None:
        """A token of the account, or None when there is no account or it gives none."""
        account = self._accounts.find(base)
        if account is None or account.disabled:
            return None
        try:
            return self._accounts.token(account.email, LIFETIME)[0]
        except (NotFound, Permanent):
            return None

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _head(self, image: str, token: str) -> bool:
        found, name = split_image(image, location=self._options.location, host=self._options.host)
        where = f"{self._base}/v2/{found.path}/{name}/manifests/{self._options.pull_probe}"
        headers = {"Authorization": f"Bearer {token}", "Accept": _MANIFESTS}
        with connection_errors("The Docker host of Artifact Registry"):
            answer = self._http.head(where, headers=headers)
        if answer.status_code in (401, 403):
            return False
        if (
            answer.status_code < 400 or answer.status_code == 404
        ):  # a tag that is not there: let in all the same
            return True
        raise _later(answer)


def _later(answer: httpx.Response) -> ConnectorError:
    what = "The Docker host of Artifact Registry"
    error = error_for_status(answer.status_code, what=what, headers=answer.headers)
    return error if isinstance(error, Transient) else Transient(error.message, code=error.code)
