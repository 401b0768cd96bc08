"""Connectors and layouts of the targets that keep entries, made from their rows and the secrets these refer to."""

import hashlib
import json
import os
import re
import secrets
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.urls import reverse

from audit.ledger.actors import system
from grants.catalogue.models import Cluster, Image, Registry
from grants.catalogue.sync import Reader
from grants.catalogue.target_file import register_check
from grants.connectors.base import Connector
from grants.connectors.errors import Permanent
from grants.connectors.google_layout import GoogleLayout, GoogleOptions
from grants.connectors.harbor import HarborConnector
from grants.connectors.harbor_groups import check_groups
from grants.connectors.harbor_layout import HarborLayout
from grants.connectors.harbor_settings import HarborSettings
from grants.connectors.harbor_wire import HarborWire
from grants.connectors.kubernetes import KubernetesConnector
from grants.connectors.kubernetes_access import configuration
from grants.connectors.kubernetes_layout import KubernetesLayout
from grants.connectors.kubernetes_options import KubernetesOptions
from grants.connectors.kubernetes_secrets import Credentials, PullCredential
from grants.delivery import targets
from grants.delivery.models import Delivery
from grants.delivery.states import Status
from grants.directory.models import EmailAddress, Project
from grants.tokens.models import Credential
from grants.tokens.services import create_robot, revoke_credential
from portal.harbor_logins import harbor_logins, harbor_ready, pulling_clusters

if TYPE_CHECKING:
    from grants.connectors.google_clients import GoogleClients

PULL_SECRET_DAYS = 14
KEPT_CREDENTIALS = 2  # the one in the cluster, and the one that replaces it
NAMING = {
    "harbor": {"prefix": "purser", "installation": "purser"},
    "google": dict.fromkeys(("project", "location", "group_domain", "customer", "account_project"), ""),
}
"""Options by which what was made is found again, with what counts where they are not said."""
_SYSTEM = system("delivery")
_here = threading.local()
Target = Registry | Cluster


def register() -> None:
    """Say who makes connectors and layouts of each kind."""
    targets.register("harbor", partial(_kept, harbor_connector), harbor_layout)
    targets.register("google", partial(_kept, google_connector), google_layout)
    targets.register("kubernetes", partial(_kept, kubernetes_connector), kubernetes_layout)
    register_check("harbor", _wrong(_read_harbor))
    register_check("google", _wrong(GoogleOptions.read))
    register_check("kubernetes", _wrong(lambda _key, options: KubernetesOptions.read(options)))


def _read_harbor(key: str, options: dict[str, Any]) -> None:
    """Raises Permanent or ValueError for options of no use. Groups are judged here and not where access is ended."""
    harbor_layout(Registry(key=key, options=options))
    check_groups(options.get("groups", ""))


def _wrong(read: Callable[[str, dict[str, Any]], object]) -> Callable[[str, dict[str, Any]], str]:
    """A check of options: what reading them says against them."""

    def check(key: str, options: dict[str, Any]) -> str:
        try:
            read(key, options)
        except Permanent as error:
            return error.message
        except (TypeError, ValueError) as error:
            return f"an option has the wrong form ({error})"
        return _renamed(key, options)

    return check


def _renamed(key: str, options: dict[str, Any]) -> str:
    """What is looked for under another name counts as gone: names stay while anything stands there."""
    target = targets.target_of(key)
    names = NAMING.get(target.kind, {}) if target else {}
    changed = [
        name
        for name, usual in names.items()
        if target and options.get(name, usual) != target.options.get(name, usual)
    ]
    if not changed or not Delivery.objects.filter(target=key).exclude(status=Status.PROVEN).exists():
        return ""
    return f"{', '.join(changed)} cannot change while access stands there: what was made before would stay"


def secret(reference: object) -> str:
    """What `env:NAME` or `file:/path` refers to; "" for nothing. Raises Permanent when it is not there."""
    text = str(reference or "")
    kind, _, place = text.partition(":")
    match kind:
        case "":
            return ""
        case "env" if place in os.environ:
            return os.environ[place]
        case "file" if Path(place).is_file():
            return Path(place).read_text("utf-8").strip()
    # Anything else may be the secret itself, written where only a reference belongs: it is not repeated.
    named = f"{kind}:{place}" if kind in ("env", "file") else "an option"
    raise Permanent(f"The secret that {named} refers to is not there.")


def harbor_layout(registry: Registry) -> HarborLayout:
    """How grants become robots and webhooks at this Harbor."""
    options = registry.options
    return HarborLayout(
        registry.key,
        prefix=options.get("prefix", "purser"),
        webhooks=bool(options.get("webhook_secret")),
        workloads=options.get("workloads", True),
        groups=options.get("groups", ""),
        whole_projects=options.get("whole_projects", "warn"),
        repositories=partial(_repositories, registry.pk),
        clusters=pulling_clusters(),
    )


def harbor_connector(registry: Registry) -> HarborConnector:
    """A connector of this Harbor."""
    options = registry.options
    wire = HarborWire(
        registry.api_url,
        user=options.get("username", ""),
        secret=secret(options.get("password")),
        verify=True,
    )
    told = options.get("webhook_secret")
    where = settings.BASE_URL.rstrip("/") + reverse("harbor-webhook", args=[registry.key]) if told else ""
    return HarborConnector(
        wire,
        HarborSettings(
            target=registry.key,
            installation=options.get("installation", "purser"),
            prefix=options.get("prefix", "purser"),
            webhook_url=where,
            webhook_secret=secret(told),
            payload_format=options.get("payload_format", "Default"),
            tokens_last=_minutes(options.get("token_minutes")),
        ),
    )


def google_layout(registry: Registry) -> GoogleLayout:
    """How grants become groups and bindings at this Google project."""
    return GoogleLayout(GoogleOptions.read(registry.key, registry.options))


def google_connector(registry: Registry) -> Connector:
    """A connector of this Google project."""
    # Loaded by those who speak to Google only: its libraries take seconds to load, and 50 MB in each process.
    from grants.connectors.google import GoogleConnector  # noqa: PLC0415

    options = GoogleOptions.read(registry.key, registry.options)
    return GoogleConnector(google_clients(registry), options, people=Addresses())


def google_reader(registry: Registry) -> Reader:
    """What reads this Google project into the catalogue, once."""
    from grants.connectors.google_reader import GoogleReader  # noqa: PLC0415

    return GoogleReader(google_clients(registry), GoogleOptions.read(registry.key, registry.options))


def google_clients(registry: Registry) -> "GoogleClients":
    """Google's libraries, set up for this project. Raises Permanent when its key is not there."""
    from grants.connectors.google_clients import Endpoints, GoogleClients  # noqa: PLC0415

    return GoogleClients(
        endpoints=Endpoints.read(registry.options.get("endpoints", {})),
        key=secret(registry.options.get("credentials_key_json")),
    )


def kubernetes_layout(cluster: Cluster) -> KubernetesLayout:
    """How a project's grants become a tenant of this cluster."""
    return KubernetesLayout(target=cluster.key, options=KubernetesOptions.read(cluster.options))


def kubernetes_connector(cluster: Cluster) -> KubernetesConnector:
    """A connector of this cluster."""
    options = cluster.options
    reached = configuration(
        kubeconfig=options.get("kubeconfig", ""),
        context=options.get("context", ""),
        server=options.get("server", ""),
        token=secret(options.get("token")),
        ca_file=options.get("ca_file", ""),
    )
    keyless = bool(options.get("keyless", False))
    return KubernetesConnector(
        target=cluster.key,
        configuration=reached,
        options=KubernetesOptions.read(options),
        credentials=Credentials(
            make=None if keyless else partial(_pull_credential, cluster),
            retire=partial(_retire, cluster),
            sweep=partial(_sweep, cluster),
            ready=partial(harbor_ready, cluster.key),
        ),
    )


class Addresses:
    """Whose address is whose, for Google."""

    def addresses(self, subject: str) -> Sequence[str]:
        """All verified addresses of `person:<id>`, the primary one first."""
        rows = EmailAddress.objects.filter(person_id=int(subject.partition(":")[2]), verified=True)
        return list(rows.order_by("-primary", "pk").values_list("address", flat=True))

    def subjects(self, addresses: Collection[str]) -> Mapping[str, str]:
        """Address to `person:<id>`, for those that are known."""
        rows = EmailAddress.objects.filter(
            address__in=[address.lower() for address in addresses], verified=True
        )
        return {address: f"person:{pk}" for address, pk in rows.values_list("address", "person_id")}


def _kept(make: Callable[[Any], Connector], target: Target) -> Connector:
    """The connector of this thread, made anew when the row changed: connectors remember what their target can do."""
    made: dict[str, tuple[str, Connector]] = _here.__dict__.setdefault("made", {})
    state = json.dumps([target.options, getattr(target, "api_url", "")], sort_keys=True)
    found = made.get(target.key)
    if found is None or found[0] != state:
        found = made[target.key] = (state, make(target))
    return found[1]


def _minutes(value: object) -> timedelta | None:
    return timedelta(minutes=float(str(value))) if value else None


def _repositories(registry: int, project: str) -> list[str]:
    rows = Image.objects.filter(registry_id=registry, repository__startswith=f"{project}/")
    return list(rows.values_list("repository", flat=True))


def _pull_credential(cluster: Cluster, namespace: str, project: str) -> PullCredential:
    """A robot of the project for this cluster alone. What a killed worker made and never used is ended with it."""
    now = datetime.now(UTC)
    days = int(cluster.options.get("pull_secret_days", PULL_SECRET_DAYS))
    row = Project.objects.get(key=project)
    name = f"{_begins(cluster, namespace)}{secrets.token_hex(3)}"
    made, plain = create_robot(project=row, name=name, days=days, by=_SYSTEM, now=now)
    ours = _pull_credentials(cluster).filter(project=row)
    for old in ours.order_by("-pk")[KEPT_CREDENTIALS:]:
        revoke_credential(credential=old, by=_SYSTEM, now=now)
    hosts = Registry.objects.filter(kind="distribution").order_by("key").values_list("host", flat=True)
    assert made.expires_at is not None  # noqa: S101 - narrows the type: robots always end
    logins, missing = harbor_logins(cluster.key, project)
    return PullCredential(tuple(hosts), made.login, plain, made.expires_at, logins, missing)


def _pull_credentials(cluster: Cluster) -> QuerySet[Credential]:
    """Those made for this cluster's pull secrets, and no other robot whose name begins alike (`gpu`, `gpu-eu`)."""
    named = f"^{re.escape(cluster.key[:24])}-[0-9a-f]{{14}}$"
    before = f"^{re.escape(cluster.key[:30])}-[0-9a-f]{{6}}$"  # of versions that did not name the namespace
    live = Credential.objects.filter(project__isnull=False, revoked_at=None)
    return live.filter(Q(name__regex=named) | Q(name__regex=before))


def _begins(cluster: Cluster, namespace: str) -> str:
    """How the names of one tenant's credentials begin; the cluster's key is cut, the digest knows it whole."""
    return f"{cluster.key[:24]}-{hashlib.sha256(f'{cluster.key}/{namespace}'.encode()).hexdigest()[:8]}"


def _sweep(cluster: Cluster, namespace: str, project: str, named: frozenset[str]) -> frozenset[str]:
    """End all of a tenant's credentials but those its pull secret names; which of these still work."""
    now, ours = datetime.now(UTC), _pull_credentials(cluster).filter(project__key=project)
    left = ours.filter(name__startswith=_begins(cluster, namespace)).exclude(login__in=named)
    for credential in left.order_by("pk"):
        revoke_credential(credential=credential, by=_SYSTEM, now=now)
    return frozenset(ours.filter(login__in=named, expires_at__gt=now).values_list("login", flat=True))


def _retire(cluster: Cluster, username: str) -> None:
    """End a credential of a pull secret. Its name stands where tenants can write: no other credential is ended."""
    for credential in _pull_credentials(cluster).filter(login=username):
        revoke_credential(credential=credential, by=_SYSTEM, now=datetime.now(UTC))
