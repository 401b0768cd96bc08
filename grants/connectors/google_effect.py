"""Whether what a policy says is in effect: pulls tried as the accounts of the projects it lets in, or no longer."""

from collections.abc import Set as AbstractSet

from grants.connectors.google_bindings import Bindings, View, Worked
from grants.connectors.google_names import Mark
from grants.connectors.google_policy import Pair
from grants.connectors.google_trials import Trials

MOST_AT_ONCE = 8  # trials in one call; the rest wait for the next


class Effect:
    """Trials of one target.

    What was seen in effect, and what was removed and is still let in, is remembered: it saves calls. A group's own
    removal tries every repository again, so that a restart of the process loses no proof.
    """

    def __init__(self, trials: Trials, bindings: Bindings) -> None:
        self._trials = trials
        self._bindings = bindings
        self._seen: set[tuple[str, Pair]] = set()
        self._leaving: dict[str, dict[Pair, Mark]] = {}

    def of(self, image: str, wanted: AbstractSet[Pair], worked: Worked) -> tuple[bool, str]:
        """Whether the bindings of an image are seen in effect, and those dropped seen refused; and a sentence."""
        self._note(image, wanted, worked)
        if not self._trials.on:
            return True, "The policy reads back as wanted; effect takes minutes and is not tried."
        if worked.changed:
            return False, "Written to the policy; not yet seen in effect."
        if any(self._allowed_still(image, pair, worked.view) for pair in list(self._leaving.get(image, {}))):
            return False, "Gone from the policy; a pull was not refused yet."
        if not self._let_in(image, wanted):
            return False, "Written to the policy; a pull was not let in yet."
        return True, "A pull was tried and went as it should." if wanted else "Gone, and refused where tried."

    def still_in(self, mark: Mark) -> bool:
        """Whether the project of an unbound group is still let in where no other group of the project is bound."""
        if not self._trials.on:
            return False
        for resource, image in self._bindings.repositories(mark).items():
            view = self._bindings.view(resource)
            if not self._other_way(mark, view) and self._trials.allowed(image, mark.project):
                return True
        return False

    def _note(self, image: str, wanted: AbstractSet[Pair], worked: Worked) -> None:
        for pair in worked.dropped:
            self._seen.discard((image, pair))
            if (mark := self._bindings.mark(pair[1])) is not None:
                self._leaving.setdefault(image, {})[pair] = mark
        for pair in wanted:
            self._leaving.get(image, {}).pop(pair, None)

    def _allowed_still(self, image: str, pair: Pair, view: View) -> bool:
        mark = self._leaving[image][pair]
        if not self._other_way(mark, view) and self._trials.allowed(image, mark.project):
            return True
        del self._leaving[image][pair]
        return False

    def _other_way(self, mark: Mark, view: View) -> bool:
        marks = (self._bindings.mark(address) for _, address in view.all)
        return any(one is not None and one.project == mark.project for one in marks)

    def _let_in(self, image: str, wanted: AbstractSet[Pair]) -> bool:
        untried = sorted(pair for pair in wanted if (image, pair) not in self._seen)
        for pair in untried[:MOST_AT_ONCE]:
            mark = self._bindings.mark(pair[1])
            if mark is None or not self._trials.allowed(image, mark.project):
                return False
            self._seen.add((image, pair))
        return len(untried) <= MOST_AT_ONCE
