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

    What was seen in effect is remembered: it saves calls. Whom to try after a removal is read from the marks of the
    groups each time, as another process may have taken the binding away.
    """

    def __init__(self, trials: Trials, bindings: Bindings) -> None:
        self._trials = trials
        self._bindings = bindings
        self._seen: set[tuple[str, Pair]] = set()
        self._in_vain: Counter[tuple[str, Pair]] = Counter()

    def of(self, resource: str, image: str, wanted: AbstractSet[Pair], worked: Worked) -> tuple[bool, str]:
        """Whether the bindings of an image are seen in effect, and those dropped seen refused; and a sentence."""
        self._seen -= {(image, pair) for pair in worked.dropped}
        if not self._trials.on:
            return True, "The policy reads back as wanted; effect takes minutes and is not tried."
        if worked.changed:
            return False, "Written to the policy; not yet seen in effect."
        if self._still_let_in(image, worked.view):
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

    def _still_let_in(self, image: str, view: View) -> bool:
        """A bundle's group lives until its bindings were seen refused: those unbound are still to be tried."""
        projects = self._bindings.unbound(image, view)
        return any(self._trials.allowed(image, project) for project in projects)

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
