"""Differences as people read them: names of places, states, wanted beside seen."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from grants.catalogue.models import Cluster, Registry
from grants.delivery.drift_selectors import TargetDrift
from grants.delivery.drift_states import DriftState
from grants.delivery.models import Drift
from grants.delivery.states import Kind
from grants.directory.standing import Standing
from portal.pages.audit.names import Named, names_for

NAMES: Mapping[str, Promise] = {
    "address": _("E-mail address"),
    "ends": _("Until"),
    "gpus": _("GPUs"),
    "group": _("Group"),
    "image": _("Image"),
    "project": _("Project"),
    "role": _("Role"),
    "team": _("Team"),
}


@dataclass(frozen=True)
class DriftRow:
    """One difference of the list. `code`: of `words.DRIFT`; `place`: the person's name, or the place as it is."""

    drift: Drift
    place: Named
    target: str
    code: str


@dataclass(frozen=True)
class FactRow:
    """One fact: what is wanted and what was seen, "" for nothing; `same` when both are."""

    name: str
    wanted: str
    seen: str

    @property
    def same(self) -> bool:
        """Whether both sides say the same."""
        return self.wanted == self.seen

    @property
    def label(self) -> str:
        """The fact's name in words; "" where only the system has a name for it."""
        return str(NAMES.get(self.name, ""))


def code_of(row: Drift) -> str:
    """The code of the word for its state: what stops it says more than that it is open."""
    if row.state == DriftState.OPEN:
        return "fought" if row.fought_at else "held" if row.held_at else row.state
    return row.state


def rows_of(drifts: Iterable[Drift], viewer: Standing) -> list[DriftRow]:
    """The rows of one page: two queries, for the names of people and of systems."""
    drifts = list(drifts)
    names = names_for(viewer, {row.key for row in drifts if row.kind == Kind.MEMBER})
    known = dict(
        Registry.objects.values_list("key", "name").union(Cluster.objects.values_list("key", "name"))
    )
    return [
        DriftRow(
            row,
            names.of(row.key) if row.kind == Kind.MEMBER else Named(row.key, row.key),
            known.get(row.target, row.target),
            code_of(row),
        )
        for row in drifts
    ]


def facts_of(row: Drift) -> list[FactRow]:
    """Wanted beside seen, fact by fact: those that differ first. What was only about the look stands under seen."""
    wanted, seen = _by_name(row.wanted), _by_name(row.seen)
    found: list[FactRow] = []
    for name in sorted(wanted.keys() | seen.keys()):
        asked, there = wanted[name], seen[name]
        if len(asked) == len(there) == 1:
            found.append(FactRow(_label(name), asked[0], there[0]))
            continue
        found += [
            FactRow(_label(name), value if value in asked else "", value if value in there else "")
            for value in sorted({*asked, *there})
        ]
    return sorted(found, key=lambda fact: fact.same)


def held_targets(targets: Iterable[TargetDrift]) -> list[TargetDrift]:
    """Those where removals wait for a person."""
    return [one for one in targets if one.held]


def _by_name(facts: list[list[str]] | None) -> defaultdict[str, list[str]]:
    found: defaultdict[str, list[str]] = defaultdict(list)
    for name, value in facts or ():
        found[name].append(value)
    return found


def _label(name: str) -> str:
    return name.removeprefix("seen_").replace("_", " ")
