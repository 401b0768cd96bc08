"""Whose service-account tokens are accepted as pull credentials: said by whoever runs Purser, and on record."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit.ledger.actors import Actor
from audit.ledger.services import audited, record
from grants.catalogue.models import Cluster
from grants.tokens.errors import ClusterRefused
from grants.tokens.workloads import usable_keys

PULLS_ONLY = "pulls"
"""The kind of a cluster in which Purser keeps nothing: it only believes its tokens."""
_KEY = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")


@dataclass(frozen=True)
class Trust:
    """What is believed of a cluster. `jwks`: its keys, where they are not read from it; else `jwks_url` or discovery.

    `ca`: PEM text that is trusted when they are read.
    """

    issuer: str
    audience: str
    jwks_url: str = ""
    ca: str = ""
    jwks: Mapping[str, Any] | None = field(default=None)
    push: bool = False


def trust_cluster(*, key: str, trust: Trust, by: Actor, now: datetime) -> Cluster:
    """Accept the tokens of this cluster from now on; one that is not known yet is added, for pulls only.

    For operators. Records `grants.cluster.trusted`. Raises ClusterRefused.
    """
    _check(key, trust, by)
    with audited(by=by):
        cluster, _made = Cluster.objects.select_for_update(no_key=True).get_or_create(
            key=key, defaults={"name": key, "kind": PULLS_ONLY}
        )
        kept = {name: value for name, value in cluster.options.items() if name not in _options(trust)}
        wanted = {name: value for name, value in _options(trust).items() if value}
        cluster.issuer, cluster.audience = trust.issuer, trust.audience
        cluster.options = kept | wanted
        cluster.save(update_fields=["issuer", "audience", "options"])
        record(
            "grants.cluster.trusted",
            subject=f"cluster:{key}",
            detail={"issuer": trust.issuer, "audience": trust.audience, "push": trust.push},
        )
    return cluster


def distrust_cluster(*, key: str, by: Actor, now: datetime) -> Cluster:
    """Accept no token of this cluster from now on; what is kept in it stays as it is.

    For operators. Records `grants.cluster.distrusted`. Raises ClusterRefused.
    """
    _check_operator(by)
    with audited(by=by):
        cluster = Cluster.objects.select_for_update(no_key=True).filter(key=key).first()
        if cluster is None:
            raise ClusterRefused("no_cluster", _("There is no such cluster."))
        cluster.issuer = ""
        cluster.save(update_fields=["issuer"])
        record("grants.cluster.distrusted", subject=f"cluster:{key}", detail={})
    return cluster


def _options(trust: Trust) -> dict[str, Any]:
    return {
        "jwks_url": trust.jwks_url,
        "jwks_ca": trust.ca,
        "jwks": trust.jwks,
        "keyless_push": trust.push,
    }


def _check(key: str, trust: Trust, by: Actor) -> None:
    _check_operator(by)
    if not _KEY.fullmatch(key):
        raise ClusterRefused("bad_key", _("Use up to 40 small letters, digits and hyphens"))
    if not trust.issuer or not trust.audience:
        raise ClusterRefused("no_audience", _("Say the cluster's issuer and the audience of its tokens."))
    if trust.jwks is not None and not usable_keys(trust.jwks):
        raise ClusterRefused("no_keys", _("There is no RSA or P-256 key for signatures in it."))


def _check_operator(by: Actor) -> None:
    if by.kind != "operator":
        raise ClusterRefused("not_an_operator", _("Only operators can do this, on the server."))
