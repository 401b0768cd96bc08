"""Google's client libraries, each made once, with our endpoints, our credentials and a timeout on every call."""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import google.auth
import google_auth_httplib2
import grpc
import httplib2
from google.api_core.client_options import ClientOptions
from google.auth.credentials import AnonymousCredentials, Credentials
from google.cloud import artifactregistry_v1, iam_admin_v1, iam_credentials_v1, kms_v1
from google.cloud.iam_admin_v1.services.iam.transports import IAMGrpcTransport
from google.oauth2 import service_account
from googleapiclient.discovery import build

from grants.connectors.errors import Permanent
from grants.connectors.google_errors import google_errors

SCOPES = (
    "https://www.googleapis.com/auth/cloud-platform",
    "https://www.googleapis.com/auth/cloud-identity.groups",
)


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Where the services are; empty: at Google. An `http://` address is spoken to without credentials.

    `iam` is gRPC: `host:port`, spoken to in the clear when another endpoint is `http://`.
    """

    artifact_registry: str = ""
    cloud_identity: str = ""
    iam: str = ""
    iam_credentials: str = ""
    kms: str = ""
    docker: str = ""

    @classmethod
    def read(cls, settings: Mapping[str, str]) -> "Endpoints":
        """The endpoints of a target's options (`endpoints`)."""
        return cls(**{name: settings[name] for name in cls.__slots__ if settings.get(name)})

    @property
    def local(self) -> bool:
        """Whether this is a stand-in."""
        return self.artifact_registry.startswith("http://")


class GoogleClients:
    """The clients of one target. `key`: a service account's key as JSON; empty: the machine's own credentials.

    `timeout`: seconds, for each single call. httplib2 is not safe between threads: each thread has its own.
    """

    def __init__(self, *, endpoints: Endpoints, key: str = "", timeout: float = 10.0) -> None:
        self.endpoints = endpoints
        self.timeout = timeout
        self._key = key
        self._here = threading.local()

    @cached_property
    def credentials(self) -> Credentials:
        """Whose calls these are. Raises Permanent for a key that cannot be read."""
        if self.endpoints.local:
            return AnonymousCredentials()  # type: ignore[no-untyped-call]
        if not self._key:
            with google_errors("Google's credentials of this machine"):
                return google.auth.default(scopes=SCOPES)[0]
        try:
            info = json.loads(self._key)
            made = service_account.Credentials.from_service_account_info(info, scopes=SCOPES)  # type: ignore[no-untyped-call]
        except (ValueError, KeyError):
            raise Permanent("The key of Google's service account cannot be read.") from None
        return made  # type: ignore[no-any-return]

    @cached_property
    def registry(self) -> artifactregistry_v1.ArtifactRegistryClient:
        """Artifact Registry, over REST."""
        where = self._where(self.endpoints.artifact_registry)
        return artifactregistry_v1.ArtifactRegistryClient(
            credentials=self.credentials, transport="rest", client_options=where
        )

    @cached_property
    def keys(self) -> kms_v1.KeyManagementServiceClient:
        """Cloud KMS, over REST."""
        where = self._where(self.endpoints.kms)
        return kms_v1.KeyManagementServiceClient(
            credentials=self.credentials, transport="rest", client_options=where
        )

    @cached_property
    def tokens(self) -> iam_credentials_v1.IAMCredentialsClient:
        """IAM Credentials, over REST."""
        where = self._where(self.endpoints.iam_credentials)
        return iam_credentials_v1.IAMCredentialsClient(
            credentials=self.credentials, transport="rest", client_options=where
        )

    @cached_property
    def accounts(self) -> iam_admin_v1.IAMClient:
        """IAM's service accounts, over gRPC: the library has no other way."""
        if self.endpoints.local:
            channel = grpc.insecure_channel(self.endpoints.iam)
            return iam_admin_v1.IAMClient(transport=IAMGrpcTransport(channel=channel))
        where = self._where(self.endpoints.iam)
        return iam_admin_v1.IAMClient(credentials=self.credentials, client_options=where)

    @cached_property
    def identity(self) -> Any:
        """Cloud Identity, from the discovery document the library carries: nothing is fetched."""
        where = self._where(self.endpoints.cloud_identity)
        return build("cloudidentity", "v1", http=self._http(), client_options=where, cache_discovery=False)

    @cached_property
    def groups(self) -> Any:
        """Its groups. Kept: the library builds every method anew each time it is asked for them."""
        return self.identity.groups()

    @cached_property
    def memberships(self) -> Any:
        """Its memberships."""
        return self.groups.memberships()

    def ask(self, request: Any, what: str, *, changes: bool = False) -> dict[str, Any]:
        """Send one request of `identity`, once. Raises ConnectorErrors."""
        with google_errors(what, changes=changes):
            answer = request.execute(http=self._http(), num_retries=0)
        return answer if isinstance(answer, dict) else {}

    def close(self) -> None:
        """Close what is open."""
        made = self.__dict__
        for client in [made[name] for name in ("registry", "keys", "tokens", "accounts") if name in made]:
            client.transport.close()

    def _where(self, endpoint: str) -> ClientOptions | None:
        return ClientOptions(api_endpoint=endpoint) if endpoint else None

    def _http(self) -> Any:
        if not hasattr(self._here, "http"):
            plain = httplib2.Http(timeout=self.timeout)
            plain.redirect_codes = set(plain.redirect_codes) - {308}  # googleapiclient's own rule
            self._here.http = (
                plain
                if self.endpoints.local
                else google_auth_httplib2.AuthorizedHttp(self.credentials, http=plain)
            )
        return self._here.http
