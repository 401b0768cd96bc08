"""How a request reads: its state, its title, the results of policy, who decides. Words only, no rules."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from approvals.policy.texts import explain, lane_label, rule_label
from approvals.policy.types import Outcome, Result, Rule, Who
from approvals.requests.models import Request
from approvals.requests.states import LaneStatus, RequestStatus
from grants.directory.models import Person
from portal.pages.words import word

ENVIRONMENT_LABELS: Mapping[str, Promise] = {
    "research": gettext_lazy("Research"),
    "production": gettext_lazy("Production"),
}
FIX_STEPS: Mapping[str, str] = {
    Rule.DURATION: "purpose",
    Rule.PEOPLE: "members",
    Rule.IMAGES: "images",
    Rule.SCAN: "images",
}
MISSING_STEPS: Mapping[str, str] = {"project": "project", "use_case": "purpose"}


@dataclass(frozen=True, slots=True)
class PolicyRow:
    """One result of policy as a table row: `anchor` is its id, `fix_url` leads to the answer to change."""

    anchor: str
    rule: str
    outcome: str
    text: str
    who: tuple[str, ...]
    fix_url: str = ""
    fix_label: str = ""

    @property
    def settled(self) -> bool:
        """Whether there is nothing to look at: settled rows are folded below the others."""
        return self.outcome == Outcome.PASSED


@dataclass(frozen=True, slots=True)
class LaneRow:
    """A group of approvers as people read it: by name, with its members who may decide."""

    label: str
    status: str
    names: Sequence[str]
    due_at: Any


def status_code(request: Request) -> str:
    """The word people read for a request: its status, or `question` while an approver waits for an answer."""
    asked = any(lane.status == LaneStatus.ASKED for lane in request.lanes.all())
    return "question" if request.status == RequestStatus.PENDING and asked else request.status


def title_of(request: Request) -> str:
    """What a request is called in lists and headings: its project."""
    return request.project.name if request.project else _("No project chosen yet")


def role_text(role: str) -> str:
    """A role with its meaning: "Viewer: Download and run"."""
    found = word("role", role)
    return _("%(role)s: %(meaning)s") % {"role": found.label, "meaning": found.hint}


def people_text(count: int) -> str:
    """How many people, in words."""
    return ngettext("%(count)d person", "%(count)d people", count) % {"count": count}


def images_text(request: Request) -> str:
    """The first image, and how many more."""
    names = [row.image.title or row.image.repository for row in request.images.all()]
    if len(names) < 2:
        return "".join(names)
    return _("%(image)s and %(count)d more") % {"image": names[0], "count": len(names) - 1}


def policy_rows(results: Iterable[Result], fix: Callable[[str], str] | None = None) -> list[PolicyRow]:
    """The results in the order people read them. `fix` gives the URL of a step; without it nothing can be fixed."""
    return [_policy_row(place, result, fix) for place, result in enumerate(results, start=1)]


def sent_results(request: Request) -> list[Result]:
    """What policy said when the request was sent; none for a draft."""
    return [Result.from_json(data) for data in request.results or []]


def step_url(request: Request, step: str, *, back: bool = False) -> str:
    """The page that changes one part of a request; with `back` it returns to the check page afterwards."""
    url = reverse("request-step", args=[request.pk, step])
    return f"{url}?return=check" if back else url


def lane_rows(request: Request, deciders: Mapping[str, Sequence[Person]]) -> list[LaneRow]:
    """The lanes of a sent request with the people who may still decide, or who decided."""
    return [
        LaneRow(
            lane_label(lane.name),
            lane.status,
            [person.name for person in deciders.get(lane.name, ())],
            lane.due_at,
        )
        for lane in request.lanes.all()
    ]


def names_of(people: Iterable[Who]) -> list[str]:
    """Their names."""
    return [who.name for who in people]


def _policy_row(place: int, result: Result, fix: Callable[[str], str] | None) -> PolicyRow:
    url, label = _fix(result, fix)
    return PolicyRow(
        anchor=f"policy-{place}",
        rule=rule_label(result.rule),
        outcome=result.result.value,
        text=explain(result),
        who=tuple(names_of(result.who)) if result.result is Outcome.NEEDS_PERSON else (),
        fix_url=url,
        fix_label=label,
    )


def _fix(result: Result, fix: Callable[[str], str] | None) -> tuple[str, str]:
    if result.code == "duplicate_request":
        return reverse("request-detail", args=[result.params["id"]]), _("Open it")
    step = FIX_STEPS.get(result.rule)
    if fix is None or step is None or result.result is not Outcome.BLOCKED:
        return "", ""
    return fix(step), str(FIX_LABELS[step])


FIX_LABELS: Mapping[str, Promise] = {
    "purpose": gettext_lazy("Change the dates"),
    "members": gettext_lazy("Change the members"),
    "images": gettext_lazy("Change the images"),
}
