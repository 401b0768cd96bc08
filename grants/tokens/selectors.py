"""Reading credentials and the token log."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import F, Q, QuerySet
from django.db.models.functions import Now

from audit.pulls.selectors import tokens_seen
from grants.directory.standing import Standing
from grants.lifecycle.models import Grant
from grants.tokens.models import Credential, IssuedToken

SETTLED = timedelta(minutes=2)
"""A pull that was made is reported within seconds; a token older than this without one is a gap."""
MOST_TOKENS = 2_000
"""So many of the newest tokens are looked at for gaps."""
ONLY_LISTING = [{"repository": "catalog", "actions": ["*"], "grant": None}]
"""The access of a token that only lists a registry's catalogue (`registry:catalog:*`): no grant stands behind it."""


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


def gaps(*, since: datetime, now: datetime, principals: Iterable[str] | None = None) -> Gaps:
    """Tokens since then that allowed a pull, are old enough to have been reported, and were not.

    Looks at the newest 2,000 tokens that allowed anything but listing a catalogue, and says if there were more.
    """
    tokens = IssuedToken.objects.filter(at__gte=since, at__lte=now - SETTLED, outcome="issued")
    tokens = tokens.exclude(access=[]).exclude(access=ONLY_LISTING).order_by("-at")
    if principals is not None:
        tokens = tokens.filter(principal__in=list(principals))
    rows = list(tokens[: MOST_TOKENS + 1])
    seen = tokens_seen(row.jti for row in rows[:MOST_TOKENS])
    found = tuple(_gap(row) for row in rows[:MOST_TOKENS] if row.jti not in seen)
    return Gaps(found, complete=len(rows) <= MOST_TOKENS)


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
