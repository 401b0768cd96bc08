"""A target that keeps entries, in memory: its layout and its connector obey grants/connectors/base.py."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta

from django.db import connection

from audit.ledger.services import in_audited
from grants.connectors.base import Entry, Outcome, Place
from grants.connectors.errors import Permanent

ROOM = "room"


class KeepingLayout:
    """A room for each project, a seat for each person with all their images, a shelf for each image."""

    def places(self, holding):
        people = [Place("member", holder.subject) for holder in holding.holders]
        images = [Place("image", image) for image in holding.images]
        return [Place(ROOM, self.room_of(holding)), *images, *people]

    def room_of(self, holding):
        return holding.project

    def entry(self, place, holdings):
        if place.kind == ROOM:
            holdings = [holding for holding in holdings if self.room_of(holding) == place.key]
        if not holdings:
            return None
        match place.kind:
            case "member":
                said = {("image", image) for holding in holdings for image in holding.images}
            case "image":
                said = {("project", holding.project) for holding in holdings}
            case _:
                said = {("gpus", str(max(holding.gpus for holding in holdings)))}
        return Entry("keeper", place.kind, place.key, tuple(sorted(said)))

    def empty(self, place):
        return Entry("keeper", place.kind, place.key)

    def lock(self, place):
        return f"{place.kind}|{place.key}"

    def problems(self, holding):
        return []


class KeepingConnector:
    """`kept`: what is there. `faults[key]` are raised one after the other, after the change where they are pairs."""

    def __init__(self):
        self.kept = {}
        self.calls = []
        self.faults = defaultdict(list)
        self.proves = True
        self.again = None
        self.ends = None
        self.before_answer = lambda change: None

    def observe(self, scope):
        wanted = {entry.identity for entry in scope.entries}
        return [entry for entry in self.kept.values() if not wanted or entry.identity in wanted]

    def apply(self, change):
        return self._make(change, change.entry)

    def remove(self, change):
        return self._make(change, None)

    def _make(self, change, entry):
        if connection.in_atomic_block or in_audited():
            raise Permanent("A transaction was open during an outside call.")
        self.calls.append((change.action, change.entry.kind, change.entry.key))
        self.before_answer(change)
        if self.faults[change.entry.key]:
            raise self.faults[change.entry.key].pop(0)
        before = self.kept.get(change.entry.identity)
        if entry is None:
            self.kept.pop(change.entry.identity, None)
        else:
            self.kept[entry.identity] = entry
        again = None if self.again is None else datetime.now(UTC) + timedelta(seconds=self.again)
        return Outcome(
            change,
            before != entry,
            self.proves,
            "Seen.",
            datetime.now(UTC),
            self.ends if entry else None,
            again,
        )
