"""A connector that obeys grants/connectors/base.py, decides like the token service, and fails as scripted."""

from collections import defaultdict
from datetime import UTC, datetime

from django.db import connection

from audit.ledger.services import in_audited
from grants.connectors.base import Entry, Outcome
from grants.connectors.errors import Conflict, Permanent
from grants.lifecycle.access import live_access


class FakeConnector:
    """`faults[key]` are raised one after the other; `proves=False` sees nothing at once; `calls` is what was asked."""

    def __init__(self):
        self.calls = []
        self.entries = []
        self.faults = defaultdict(list)
        self.lost_answers = set()
        self.observed = None
        self.proves = True
        self.before_answer = lambda change: None

    def observe(self, scope):
        self._ask("observe", scope.entries[0])
        return [e for e in scope.entries if allowed(e)] if self.observed is None else self.observed

    def apply(self, change):
        self._ask("apply", change.entry)
        if change.entry.kind == "member" and not allowed(change.entry):
            raise Conflict("The decision does not allow it yet.")
        return self._outcome(change)

    def remove(self, change):
        self._ask("remove", change.entry)
        if change.entry.kind == "member" and allowed(change.entry, any):
            raise Conflict("Another grant allows it.")
        return self._outcome(change)

    def asked(self, action=None):
        return sorted(key for verb, key in self.calls if action in (None, verb))

    def _ask(self, action, entry):
        if connection.in_atomic_block or in_audited():
            raise Permanent("A transaction was open during an outside call.")
        self.calls.append((action, entry.key))
        self.entries.append(entry)
        if self.faults[entry.key]:
            raise self.faults[entry.key].pop(0)

    def _outcome(self, change):
        self.before_answer(change)
        return Outcome(change, changed=True, proven=self.proves, detail="Seen.", at=datetime.now(UTC))


def allowed(entry: Entry, judge=all):
    """What live grants say about a member entry's pairs; image entries are there."""
    if entry.kind == "image":
        return True
    held = defaultdict(set)
    for row in live_access(person_id=int(entry.key.removeprefix("person:"))):
        held[row.repository] |= {"viewer": {"pull"}, "developer": {"pull", "push"}}[row.role]
    actions = entry.values("action") or ("pull",)
    return judge(action in held[image] for image in entry.values("image") for action in actions)
