"""Bringing one address into exactly the groups of ours it should be in, and seeing that Google acts on it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from grants.connectors.base import Entry
from grants.connectors.errors import NotFound, Refused, Transient
from grants.connectors.google_documents import Group, Membership
from grants.connectors.google_groups import Groups
from grants.connectors.google_names import moment_of, same_address

Wanted = Mapping[str, datetime | None]
"""Group address to the end wanted; None: no end of its own."""


@dataclass(frozen=True, slots=True)
class Done:
    """What it came to. `proven`: seen in effect. `ends`: when all memberships end by themselves, None: not all do."""

    changed: bool
    proven: bool
    detail: str
    ends: datetime | None = None


def wanted_of(entry: Entry) -> dict[str, datetime | None]:
    """The groups an entry wants, with their ends."""
    ends = {
        name.partition(":")[2]: moment_of(value)
        for name, value in entry.attributes
        if name.startswith(("until:", "seen_until:"))
    }
    return {group: ends.get(group) for group in entry.values("group")}


class Memberships:
    """The memberships of people and accounts in our groups.

    What was taken away and still counted is remembered, so that the removal is proven by the same look later; after
    a restart of the process the memberships themselves are the proof.
    """

    def __init__(self, groups: Groups) -> None:
        self._groups = groups
        self._leaving: dict[str, dict[tuple[str, str], Group]] = {}
        self._read: dict[str, Membership | None] = {}

    def bring(self, key: str, addresses: Sequence[str], wanted: Wanted) -> Done:
        """Make the first address a member of exactly the groups wanted, and the other addresses of none of ours.

        `key`: whose addresses these are. Raises Transient while a group is not there.
        """
        have = self._have(addresses)
        if not wanted and not have:  # a single look may be an old one: emptiness is believed when seen twice
            have = self._have(addresses)
        main = addresses[0] if addresses else ""
        self._read.clear()
        changed = self._leave(key, have, wanted, main)
        for group, ends in wanted.items():
            changed |= self._join(have.get((main, group)), group, main, ends)
        if changed:
            self._read.clear()
            have = self._have(addresses)
        return self._seen(key, have, wanted, main, changed)

    def _have(self, addresses: Iterable[str]) -> dict[tuple[str, str], tuple[Group, Membership]]:
        """Address and group to the membership; pools are no bundle and left alone."""
        return {
            (address, group.address): (group, membership)
            for address in addresses
            for group, membership in self._groups.direct(address)
            if group.mark is not None and group.mark.project
        }

    def _leave(
        self,
        key: str,
        have: Mapping[tuple[str, str], tuple[Group, Membership]],
        wanted: Wanted,
        main: str,
    ) -> bool:
        changed = False
        for (address, group), (found, membership) in have.items():
            if group in wanted and same_address(address, main):
                self._leaving.get(key, {}).pop((address, group), None)
                continue
            self._groups.remove(membership)
            self._leaving.setdefault(key, {})[address, group] = found
            changed = True
        return changed

    def _join(
        self,
        found: tuple[Group, Membership] | None,
        address: str,
        member: str,
        ends: datetime | None,
    ) -> bool:
        if found is not None:
            return self._extend(found[1], ends)
        group = self._groups.known(address)
        if group is None or group.mark is None:
            raise Transient(f"The group {address} is not there yet.", retry_after=5.0)
        try:
            self._groups.add(group, member, ends)
        except (NotFound, Refused):
            self._groups.check_still(group)
            raise
        return True

    def _extend(self, membership: Membership, ends: datetime | None) -> bool:
        if ends is None or self._groups.endless:
            return False
        now = self._look(membership.name)
        if now is None or now.ends == ends:
            return False
        self._groups.set_ends(now, ends)
        return not self._groups.endless

    def _seen(
        self,
        key: str,
        have: Mapping[tuple[str, str], tuple[Group, Membership]],
        wanted: Wanted,
        main: str,
        changed: bool,
    ) -> Done:
        if have.keys() != {(main, group) for group in wanted}:
            return Done(changed, False, "Google said yes, but the memberships read back are others.")
        ends = [self._ends(*have[main, group], wanted[group]) for group in wanted]
        last = max((one for one in ends if one is not None), default=None) if None not in ends else None
        if any(self._groups.effective(have[main, group][0], main) is False for group in wanted):
            return Done(changed, False, "A member of the group; not yet seen in effect.", last)
        if self._still_counted(key):
            return Done(changed, False, "Out of the group; Google still counts the membership.", last)
        return Done(changed, True, f"Member of {len(wanted)} groups, as wanted.", last)

    def _ends(self, group: Group, membership: Membership, wanted: datetime | None) -> datetime | None:
        if wanted is None or self._groups.endless:
            return None
        found = self._look(membership.name)
        if found is not None and found.ends is not None:
            self._groups.expires = True
        return found.ends if found else None

    def _look(self, name: str) -> Membership | None:
        found = self._read.get(name) or self._groups.member(name)
        self._read[name] = found
        return found

    def _still_counted(self, key: str) -> bool:
        for (address, group), found in list(self._leaving.get(key, {}).items()):
            if self._groups.effective(found, address):
                return True
            del self._leaving[key][address, group]
        self._leaving.pop(key, None)
        return False
