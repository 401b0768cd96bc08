"""Bringing one address into exactly the groups of ours it should be in, and seeing that Google acts on it."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from grants.connectors.base import Entry
from grants.connectors.errors import NotFound, NotYet, Refused, Transient
from grants.connectors.google_documents import Group, Membership
from grants.connectors.google_groups import Groups
from grants.connectors.google_names import moment_of, same_address
from grants.connectors.google_seen_out import SeenOut

Wanted = Mapping[str, datetime | None]
"""Group address to the end wanted; None: no end of its own."""

LOOK_AGAIN = 900.0  # seconds; rarely enough to cost nothing, often enough that each process keeps count
_STILL = "Out of the group; Google still counts the membership."
_UNTOLD = "Out of the group. Google does not tell whom it still counts here: certain only 24 hours after the removal."


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

    That nobody counts any more is asked of Google and never remembered: another process may have taken them out. Only
    where Google does not tell, `seen_out` knows since when they are out. `clock`: the present, UTC.
    """

    def __init__(self, groups: Groups, seen_out: SeenOut, clock: Callable[[], datetime]) -> None:
        self._groups = groups
        self._seen_out = seen_out
        self._clock = clock
        self._read: dict[str, Membership | None] = {}

    def bring(self, key: str, addresses: Sequence[str], wanted: Wanted, *, stopped: bool = False) -> Done:
        """Make the first address a member of exactly the groups wanted, and the other addresses of none of ours.

        `key`: whose addresses these are. `stopped`: nobody can act as them (a disabled account), so that it need not
        be waited for where Google does not tell whom it counts. Raises Transient while a group is not there, NotYet
        while Google may count a removed membership and does not tell.
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
        done = self._read_back(have, wanted, main, changed)
        return self._in_effect(key, addresses, wanted, done, stopped) if done.proven else done

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
        for (address, group), (_, membership) in have.items():
            if group in wanted and same_address(address, main):
                continue
            self._groups.remove(membership)
            self._seen_out.left(key, group, self._clock())
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

    def _read_back(
        self,
        have: Mapping[tuple[str, str], tuple[Group, Membership]],
        wanted: Wanted,
        main: str,
        changed: bool,
    ) -> Done:
        if have.keys() != {(main, group) for group in wanted}:
            return Done(changed, False, "Google said yes, but the memberships read back are others.")
        ends = [self._ends(*have[main, group], wanted[group]) for group in wanted]
        last = max((one for one in ends if one is not None), default=None) if None not in ends else None
        return Done(changed, True, f"Member of {len(wanted)} groups, as wanted.", last)

    def _in_effect(
        self, key: str, addresses: Sequence[str], wanted: Wanted, done: Done, stopped: bool
    ) -> Done:
        """What was read back, and whether Google acts on it: in all groups wanted, and in no other any more."""
        counted = {one: self._groups.counted(one) for one in addresses}
        if not self._joined(addresses[0] if addresses else "", counted, wanted):
            return replace(done, proven=False, detail="A member of the group; not yet seen in effect.")
        if any(self._still_in(one, wanted) for one in _others(counted, wanted, addresses)):
            return replace(done, proven=False, detail=_STILL)
        if None in counted.values() and not stopped:
            return self._waited(key, wanted, done)
        return done

    def _joined(self, main: str, counted: Mapping[str, set[str] | None], wanted: Wanted) -> bool:
        known = counted.get(main)
        if known is not None:
            return wanted.keys() <= known
        groups = [self._groups.known(address) for address in wanted]
        return not any(group and self._groups.effective(group, main) is False for group in groups)

    def _still_in(self, address: str, wanted: Wanted) -> bool:
        """A group of ours, or one that was just shown and cannot be looked up. Pools count others' bundles, too."""
        group = self._groups.known(address)
        return group is None or (group.mark is not None and bool(group.mark.project or not wanted))

    def _waited(self, key: str, wanted: Wanted, done: Done) -> Done:
        for group in wanted:
            self._seen_out.back(key, group)
        left = self._seen_out.to_wait(key, self._clock(), all_out=not wanted)
        if left <= timedelta(0):
            return done
        if wanted:
            return replace(done, proven=False, detail=_UNTOLD)
        raise NotYet(_UNTOLD, retry_after=min(left.total_seconds(), LOOK_AGAIN))

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


def _others(
    counted: Mapping[str, set[str] | None], wanted: Wanted, addresses: Sequence[str]
) -> Iterator[str]:
    """Groups somebody is counted in under an address that should not be in them, each once."""
    main = addresses[0] if addresses else ""
    found = {
        group
        for address, groups in counted.items()
        for group in groups or ()
        if group not in wanted or address != main
    }
    return iter(sorted(found))
