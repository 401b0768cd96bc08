"""Reading credentials and the token log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import BooleanField, F, Q, QuerySet
from django.db.models.expressions import RawSQL
from django.db.models.functions import Now

from audit.pulls.selectors import tokens_seen
from grants.catalogue.models import Cluster
from grants.directory.standing import Standing
from grants.lifecycle.models import Grant
from grants.tokens.models import ClusterKeys, Credential, IssuedToken

SETTLED = timedelta(minutes=2)
"""A pull that was made is reported within seconds; a token older than this without one is a gap."""
MOST_TOKENS = 2_000
"""So many of the newest tokens are looked at for gaps."""
ONLY_LISTING = [{"repository": "catalog", "actions": ["*"], "grant": None}]
"""The access of a token that only lists a registry's catalogue (`registry:catalog:*`): no grant stands behind it."""


WORKLOAD = "workload:"
OF_PROJECTS = """EXISTS (
    SELECT 1 FROM jsonb_array_elements(tokens_issuedtoken.access) AS one
    JOIN lifecycle_grant g ON g.id = (one->>'grant')::bigint WHERE g.project_id = ANY(%s))"""


@dataclass(frozen=True)
class GapScope:
    """Whose gaps a viewer may see: those of these principals, and of workloads that these projects' grants let in."""

    principals: frozenset[str]
    projects: frozenset[int] = frozenset()


@dataclass(frozen=True)
class TokenOwner:
    """Whom a registry's actor stands for: the token, its principal, and the grant behind the repository."""

    token: str
    principal: str
    login: str
    grant: int | None
    project: str
    team: str


@dataclass(frozen=True)
class Gap:
    """A token that allowed a pull and was never reported as used: unused, or its notification was lost."""

    token: str
    at: datetime
    principal: str
    login: str
    repositories: tuple[str, ...]


@dataclass(frozen=True)
class Gaps:
    """The gaps found, newest first. `complete` is False when older tokens of the time asked for were not looked at."""

    found: tuple[Gap, ...]
    complete: bool


def credentials_visible_to(viewer: Standing | None) -> QuerySet[Credential]:
    """One's own, those of the robots of projects one leads, and for administrators and auditors all."""
    credentials = Credential.objects.select_related("person", "project").order_by("-created_at")
    if viewer is None:
        return credentials.none()
    if viewer.sees_all:
        return credentials
    return credentials.filter(Q(person=viewer.person) | Q(project__team__in=viewer.led_team_ids))


def token_id_of(actor: str) -> str:
    """The token's id in the actor a registry reports (`login+id`), or an empty text."""
    return actor.rpartition("+")[2] if "+" in actor else ""


def owners_of(pairs: Sequence[tuple[str, str]]) -> dict[tuple[str, str], TokenOwner]:
    """Whom (actor, repository) pairs stand for, by the tokens' rows: two queries, however many."""
    ids = {token_id_of(actor) for actor, _ in pairs} - {""}
    tokens = {token.jti: token for token in IssuedToken.objects.filter(jti__in=ids, outcome="issued")}
    wanted = {entry["grant"] for token in tokens.values() for entry in token.access if entry["grant"]}
    places = Grant.objects.filter(pk__in=wanted).values_list("pk", "project__key", "project__team__key")
    grants = {pk: (project, team) for pk, project, team in places}
    found = {}
    for actor, repository in pairs:
        if token := tokens.get(token_id_of(actor)):
            found[actor, repository] = _owner(token, repository, grants)
    return found


def _owner(token: IssuedToken, repository: str, grants: dict[int, tuple[str, str]]) -> TokenOwner:
    grant = next((entry["grant"] for entry in token.access if entry["repository"] == repository), None)
    project, team = grants.get(grant, ("", "")) if grant else ("", "")
    return TokenOwner(token.jti, token.principal, token.login, grant, project, team)


def gaps(*, since: datetime, now: datetime, scope: GapScope | None = None) -> Gaps:
    """Tokens since then that allowed a pull, are old enough to have been reported, and were not; None is everybody's.

    Looks at the newest 2,000 tokens that allowed anything but listing a catalogue, and says if there were more.
    """
    tokens = IssuedToken.objects.filter(at__gte=since, at__lte=now - SETTLED, outcome="issued")
    tokens = tokens.exclude(access=[]).exclude(access=ONLY_LISTING).order_by("-at")
    if scope is not None:
        tokens = tokens.filter(Q(principal__in=scope.principals) | _of_workloads(scope.projects))
    rows = list(tokens[: MOST_TOKENS + 1])
    seen = tokens_seen(row.jti for row in rows[:MOST_TOKENS])
    found = tuple(_gap(row) for row in rows[:MOST_TOKENS] if row.jti not in seen)
    return Gaps(found, complete=len(rows) <= MOST_TOKENS)


def _of_workloads(projects: frozenset[int]) -> Q:
    # By the grant and not by the namespace, which may have been another team's when the token was given.
    let_in = RawSQL(OF_PROJECTS, [sorted(projects)], output_field=BooleanField())  # noqa: S611 - a constant
    return Q(principal__startswith=WORKLOAD) & Q(let_in)


def _gap(row: IssuedToken) -> Gap:
    repositories = tuple(entry["repository"] for entry in row.access if entry["grant"] is not None)
    return Gap(row.jti, row.at, row.principal, row.login, repositories)


def outstanding_until(principal: str | None, repository: str | None) -> datetime | None:
    """The latest moment at which a registry still accepts a token issued for them; None when there is none.

    `None` for either stands for any. The registry's leeway is included.
    """
    tokens = IssuedToken.objects.filter(outcome="issued", expires__gt=Now())
    if principal is not None:
        tokens = tokens.filter(principal=principal)
    if repository is not None:
        tokens = tokens.filter(access__contains=[{"repository": repository}])
    return tokens.order_by(F("expires").desc()).values_list("expires", flat=True).first()


def unread_keys() -> QuerySet[ClusterKeys]:
    """Trusted clusters whose keys could not be read at the newest try, by name; `error` says why."""
    rows = ClusterKeys.objects.filter(cluster__in=trusted_clusters()).exclude(error="")
    return rows.exclude(cluster__options__has_key="jwks").select_related("cluster").order_by("cluster__name")


def trusted_clusters() -> QuerySet[Cluster]:
    """The clusters whose service-account tokens are accepted."""
    return Cluster.objects.filter(active=True).exclude(issuer="").exclude(audience="")
