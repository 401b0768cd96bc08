"""Taking along what was applied at a target: the entries that were seen in place, and files made of them."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from django.utils.translation import gettext_lazy as _

from audit.ledger.actors import Actor
from audit.ledger.services import audited, record
from audit.ledger.types import Detail
from grants.connectors.base import Entry, Holding, Layout, Place
from grants.connectors.errors import Permanent
from grants.connectors.google_layout import GoogleOptions
from grants.connectors.google_terraform import google_items
from grants.connectors.harbor_settings import HarborSettings
from grants.connectors.harbor_terraform import harbor_items
from grants.connectors.hcl import Comment, Item, document
from grants.connectors.kubernetes_options import KubernetesOptions
from grants.connectors.kubernetes_yaml import kubernetes_items, kubernetes_said, kubernetes_yaml
from grants.connectors.plain_yaml import plain_yaml
from grants.delivery.drift_reading import wanted_everywhere
from grants.delivery.errors import NotAllowed, NotExportable
from grants.delivery.holdings import all_holdings
from grants.delivery.models import Delivery
from grants.delivery.states import Status
from grants.delivery.targets import Target, layout_of, targets_named
from grants.directory.models import Project
from grants.directory.standing import Standing

Form = Literal["terraform", "yaml"]
FORMS: dict[Form, str] = {"terraform": "tf", "yaml": "yaml"}
"""Form of a file to the ending of its name."""
Line = tuple[int, str, str]
COPY = (
    "This is a copy, for comparing and for leaving Purser. Purser goes on changing what it keeps: whoever applies this "
    "file meanwhile works against it."
)
NOTHING_KEPT = (
    "Nothing is kept there: Purser's own token service decides on every pull. There is nothing to export."
)
NO_FORM = "There is no Terraform for targets of this kind. The same in YAML: format yaml."
NOTHING_YET = "Nothing was seen in place there yet."


@dataclass(frozen=True, slots=True)
class Export:
    """A file: its name, what it says, and of how many places."""

    name: str
    text: str
    places: int


@dataclass(frozen=True, slots=True)
class _Part:
    """The entries a file is made of. `projects`: keys; None: of all projects."""

    target: Target
    entries: Sequence[Entry]
    projects: Collection[str] | None
    at: datetime

    @property
    def head(self) -> list[str]:
        """What the file says of itself."""
        written = self.at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
        said = [f"What Purser applied at {self.target.key} ({self.target.kind}), written {written}.", COPY]
        if self.projects is not None:
            said.append(f"Only of these projects: {', '.join(sorted(self.projects)) or 'none'}.")
        if not self.entries:
            said.append(NOTHING_YET if layout_of(self.target) else NOTHING_KEPT)
        return said


def refusal_to_export(viewer: Standing | None) -> NotAllowed | None:
    """Why the viewer can take nothing along; None when they lead a team or see everything."""
    allowed = viewer is not None and viewer.person.active and (viewer.sees_all or viewer.is_lead)
    return (
        None
        if allowed
        else NotAllowed("not_a_lead", _("Only leads, auditors and administrators can do this."))
    )


def projects_of_export(viewer: Standing, project: Project | None = None) -> frozenset[str] | None:
    """The keys of the projects whose entries the viewer may take along, or of the one asked for; None for all.

    Administrators and auditors have all, leads their teams'. Raises NotAllowed `not_a_lead`.
    """
    refused = refusal_to_export(viewer)
    if refused or (project and not (viewer.sees_all or project.team_id in viewer.led_team_ids)):
        raise refused or NotAllowed("not_a_lead", _("Only leads, auditors and administrators can do this."))
    if project is not None:
        return frozenset({project.key})
    if viewer.sees_all:
        return None
    return frozenset(Project.objects.filter(team__in=viewer.led_team_ids).values_list("key", flat=True))


def applied(target: Target, *, projects: Collection[str] | None = None) -> list[Entry]:
    """What live grants (of these projects; None: of all) want at a target and what was seen in place, in order.

    A grant counts at a place once its own line there is verified. Where nothing is kept there is nothing.
    """
    layout = layout_of(target)
    if layout is None:
        return []
    verified = Delivery.objects.filter(target=target.key, status=Status.VERIFIED)
    lines = set(verified.values_list("grant_id", "kind", "key"))
    held = [one for one in all_holdings(target) if projects is None or one.project in projects]
    found = wanted_everywhere(held, _Verified(layout, lines))
    return [found[spot] for spot in sorted(found)]


def targets_of(project: Project) -> list[Target]:
    """The targets where something of the project was seen in place and that keep entries, by key: three queries."""
    verified = Delivery.objects.filter(grant__project=project, status=Status.VERIFIED)
    found = targets_named(verified.order_by().values_list("target", flat=True).distinct())
    return [target for _, target in sorted(found.items()) if layout_of(target) is not None]


def export_applied(
    *, target: Target, form: Form, projects: Collection[str] | None, by: Actor, now: datetime
) -> Export:
    """The file of what was applied at a target. `projects`: see `projects_of_export`.

    Records `grants.target.exported`, once for each file. Raises NotExportable `bad_options`.
    """
    try:
        part = _Part(target, applied(target, projects=projects), projects, now)
        text = _WRITERS[form](part)
    except Permanent as error:
        raise NotExportable("bad_options", error.message) from error
    one = next(iter(projects)) if projects and len(projects) == 1 else ""
    name = "-".join(["purser", target.key, *([one] if one else []), f"{now:%Y%m%d-%H%M%S}"])
    detail: Detail = {"target": target.key, "format": form, "count": len(part.entries)}
    with audited(by=by):
        record("grants.target.exported", subject=f"target:{target.key}", project=one, detail=detail)
    return Export(f"{name}.{FORMS[form]}", text, len(part.entries))


def _terraform(part: _Part) -> str:
    head: list[Item] = [Comment(said) for said in part.head]
    return document([*head, *(_items(part) if part.entries else [])])


def _items(part: _Part) -> list[Item]:
    options = part.target.options
    match part.target.kind:
        case "google":
            return google_items(part.entries, GoogleOptions.read(part.target.key, options))
        case "kubernetes":
            whole = part.projects is None
            return kubernetes_items(part.entries, KubernetesOptions.read(options), shared=whole)
        case "harbor":
            settings = HarborSettings(
                target=part.target.key,
                installation=options.get("installation", "purser"),
                prefix=options.get("prefix", "purser"),
            )
            return harbor_items(part.entries, settings, at=part.at, part=part.projects is not None)
    return [Comment(NO_FORM)]


def _yaml(part: _Part) -> str:
    whole, said = part.projects is None, list(part.head)
    if part.target.kind != "kubernetes" or not part.entries:
        body = plain_yaml(part.entries)
    else:
        body = kubernetes_yaml(part.entries, KubernetesOptions.read(part.target.options), shared=whole)
        said += kubernetes_said(shared=whole)
    return f"{document([Comment(one) for one in said])}\n{body}"


_WRITERS: dict[Form, Callable[[_Part], str]] = {"terraform": _terraform, "yaml": _yaml}


class _Verified:
    """A layout as if grants held a place only once their own line there is verified."""

    def __init__(self, layout: Layout, lines: set[Line]) -> None:
        self._layout = layout
        self._lines = lines

    def places(self, holding: Holding) -> list[Place]:
        """The places of the grant that were seen in place."""
        return [place for place in self._layout.places(holding) if self._seen(holding, place)]

    def entry(self, place: Place, holdings: Sequence[Holding]) -> Entry | None:
        """What the grants want together whose lines at the place are verified."""
        return self._layout.entry(place, [one for one in holdings if self._seen(one, place)])

    def empty(self, place: Place) -> Entry:
        """The place with nothing in it."""
        return self._layout.empty(place)

    def lock(self, place: Place) -> str:
        """The layout's own."""
        return self._layout.lock(place)

    def problems(self, holding: Holding) -> Sequence[str]:
        """The layout's own."""
        return self._layout.problems(holding)

    def _seen(self, holding: Holding, place: Place) -> bool:
        return (holding.grant, place.kind, place.key) in self._lines
