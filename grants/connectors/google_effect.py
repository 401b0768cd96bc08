"""Whether what a policy says is in effect: pulls tried as the accounts of the projects it lets in, or no longer."""

from collections import Counter
from collections.abc import Set as AbstractSet

from grants.connectors.google_bindings import Bindings, View, Worked
from grants.connectors.google_names import Mark
from grants.connectors.google_policy import Pair
from grants.connectors.google_trials import Trials

MOST_AT_ONCE = 8  # trials in one call; the rest wait for the next
MOST_IN_VAIN = 5  # calls that wait for a project without a working account; then the policy alone has to do


class Effect:
    """Trials of one target.

    What was seen in effect, and what was removed and is still let in, is remembered: it saves calls. A group's own
    removal tries every repository again, so that a restart of the process loses no proof.
    """

    def __init__(self, trials: Trials, bindings: Bindings) -> None:
        self._trials = trials
        self._bindings = bindings
        self._seen: set[tuple[str, Pair]] = set()
        self._in_vain: Counter[tuple[str, Pair]] = Counter()
        self._leaving: dict[str, dict[Pair, Mark]] = {}

    def of(self, resource: str, image: str, wanted: AbstractSet[Pair], worked: Worked) -> tuple[bool, str]:
        """Whether the bindings of an image are seen in effect, and those dropped seen refused; and a sentence."""
        self._note(resource, image, wanted, worked)
        if not self._trials.on:
            return True, "The policy reads back as wanted; effect takes minutes and is not tried."
        if worked.changed:
            return False, "Written to the policy; not yet seen in effect."
        if self._still_let_in(resource, image, worked.view):
            return False, "Gone from the policy; a pull was not refused yet."
        if not self._let_in(image, wanted):
            return False, "Written to the policy; a pull was not let in yet."
        return (
            True,
            "A pull was tried and let in." if wanted else "Gone, and refused where it could be tried.",
        )

    def still_in(self, mark: Mark) -> bool:
        """Whether the project of an unbound group is still let in where no other group of the project is bound."""
        if not self._trials.on:
            return False
        for resource, image in self._bindings.repositories(mark).items():
            view = self._bindings.view(resource)
            if not self._other_way(mark, view) and self._trials.allowed(image, mark.project):
                return True
        return False

    def _note(self, resource: str, image: str, wanted: AbstractSet[Pair], worked: Worked) -> None:
        leaving = self._leaving.setdefault(resource, {})
        for pair in worked.dropped:
            self._seen.discard((image, pair))
            if (mark := self._bindings.mark(pair[1])) is not None:
                leaving[pair] = mark
        for pair in wanted:
            leaving.pop(pair, None)

    def _still_let_in(self, resource: str, image: str, view: View) -> bool:
        leaving = self._leaving[resource]
        for pair, mark in list(leaving.items()):
            if image not in mark.images:
                continue
            if not self._other_way(mark, view) and self._trials.allowed(image, mark.project):
                return True
            del leaving[pair]
        return False

    def _other_way(self, mark: Mark, view: View) -> bool:
        marks = (self._bindings.mark(address) for _, address in view.all)
        return any(one is not None and one.project == mark.project for one in marks)

    def _let_in(self, image: str, wanted: AbstractSet[Pair]) -> bool:
        """Another project's broken account must not hold up everybody: it is waited for a few times only."""
        untried = sorted(pair for pair in wanted if (image, pair) not in self._seen)
        for pair in untried[:MOST_AT_ONCE]:
            mark = self._bindings.mark(pair[1])
            allowed = self._trials.allowed(image, mark.project) if mark else None
            self._in_vain[image, pair] += allowed is None
            if not allowed and (allowed is False or self._in_vain[image, pair] < MOST_IN_VAIN):
                return False
            self._seen.add((image, pair))
        return len(untried) <= MOST_AT_ONCE
