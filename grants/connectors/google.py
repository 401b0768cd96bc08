"""Access at Google: groups, a service account per project, bindings of Artifact Registry, memberships, crypto keys.

The kinds of entries are those of `google_layout`. *Applied* and *seen effective* are two times: an outcome is proven
only when Google was seen to act on it, which takes minutes, for removals sometimes hours (connectors.md A3).
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from grants.connectors.base import Change, Entry, Outcome, Place, ProbeResult, Scope
from grants.connectors.errors import NotFound, Permanent, Transient
from grants.connectors.google_accounts import Account, Accounts, not_seen_yet
from grants.connectors.google_bindings import DECRYPTER, Bindings
from grants.connectors.google_clients import GoogleClients
from grants.connectors.google_documents import Group
from grants.connectors.google_effect import Effect
from grants.connectors.google_foreign import Strangers
from grants.connectors.google_groups import Groups
from grants.connectors.google_layout import ACCOUNT, GROUP, IMAGE, MARK, MEMBER, GoogleLayout, GoogleOptions
from grants.connectors.google_look import Look, People
from grants.connectors.google_members import Done, Memberships, wanted_of
from grants.connectors.google_names import Mark, group_address, read_mark, repositories_of
from grants.connectors.google_policy import Pair, Policies
from grants.connectors.google_seen_out import SeenOut, of_this_process
from grants.connectors.google_trials import Trials

__all__ = ["GoogleConnector", "People"]


def utc_now() -> datetime:
    """The present, UTC."""
    return datetime.now(UTC)


class GoogleConnector:
    """`Connector`, `Finds`, `ExpiresNatively`, `Probes` and `Describes` for one Google target.

    `people`: whose address is whose (the directory's). `clock`: the present, UTC. What it remembers (groups, who was
    seen in effect) only saves calls; it may be kept and shared by threads. `seen_out`: since when who is known to be
    out, for customers whom Google does not tell; usually this process's.
    """

    def __init__(
        self,
        clients: GoogleClients,
        options: GoogleOptions,
        *,
        people: People,
        clock: Callable[[], datetime] = utc_now,
        seen_out: SeenOut | None = None,
    ) -> None:
        self._clients = clients
        self._options = options
        self._layout = GoogleLayout(options)
        self._people = people
        self._clock = clock
        self._groups = Groups(clients, options)
        self._accounts = Accounts(clients, options, clock)
        policies = Policies(clients)
        self._bindings = Bindings(policies, self._groups, options)
        self._members = Memberships(self._groups, seen_out or of_this_process(options.target), clock)
        self._trials = Trials(clients, options, self._accounts)
        self._effect = Effect(self._trials, self._bindings)
        self._look = Look(clients, self._layout, self._groups, self._accounts, self._bindings, people)
        self._strangers = Strangers(self._layout, self._groups, self._accounts, policies, people)

    @property
    def memberships_expire(self) -> bool | None:
        """Whether the licence lets memberships end by themselves; None while it was not seen."""
        return self._groups.expires

    def observe(self, scope: Scope) -> Sequence[Entry]:
        """The entries of the scope that are written down at Google now; without entries, all of ours."""
        return self._look.observe(scope)

    def foreign(self, scope: Scope) -> Iterable[Entry]:
        """Strangers in our groups, strangers bound to the same roles, groups named like ours without our mark."""
        return list(self._strangers.find())

    def apply(self, change: Change) -> Outcome:
        """Make the place exactly the entry. Proven once Google was seen to act on it."""
        return self._outcome(change, self._work(change.entry))

    def remove(self, change: Change) -> Outcome:
        """Empty the place. Proven once it is gone and, where pulls are tried, a pull was refused."""
        entry = change.entry
        if entry.kind == GROUP:
            return self._outcome(change, self._remove_group(entry.key))
        if entry.kind == ACCOUNT:
            return self._outcome(change, self._remove_account(entry.key))
        return self._outcome(change, self._work(self._layout.empty(Place(entry.kind, entry.key))))

    def expire(self, entry: Entry, at: datetime) -> Outcome:
        """Let the memberships of a person or an account end at `at` (UTC). Raises Permanent for other kinds."""
        if entry.kind not in (MEMBER, ACCOUNT):
            raise Permanent("At Google only memberships end by themselves.")
        kept = [pair for pair in entry.attributes if "until:" not in pair[0]]
        until = [self._layout.until(group, at) for group in entry.values("group")]
        return self.apply(Change("apply", replace(entry, attributes=tuple(kept + until))))

    def probe(self, entry: Entry) -> ProbeResult:
        """Try a pull of an image, or ask whether Google counts a membership. Raises Permanent for other kinds."""
        if entry.kind == IMAGE:
            return self._tried(entry)
        if entry.kind != MEMBER:
            raise Permanent("At Google only images and memberships can be tried.")
        found = [self._groups.known(address) for address in entry.values("group")]
        address = entry.first("address")
        allowed = all(group and self._groups.effective(group, address) for group in found)
        detail = f"Google {'counts' if allowed else 'does not count'} the membership."
        return ProbeResult(allowed, detail, self._clock())

    def describe(self, entry: Entry) -> str:
        """What the entry means to people."""
        return self._look.describe(entry)

    def access_token(self, account: str, lifetime: timedelta) -> tuple[str, datetime]:
        """A token to pull with, for the account of a place (`purser-<project>`) or its address. Never stored.

        Raises NotFound when there is no such account, Refused when it gives no token (it is disabled).
        """
        if "@" in account:
            return self._accounts.token(account, lifetime)
        found = self._accounts.find(account)
        if found is None:
            raise NotFound("The project has no service account at Google (yet).")
        return self._accounts.token(found.email, lifetime)

    def delete_account(self, account: str) -> None:
        """Delete a project's disabled service account for good: an operator's call, never part of an ending.

        Raises Permanent while it is in use, and on the day of its making (its name must never come back).
        """
        found = self._accounts.find(account)
        if found is None:
            return
        if not found.disabled:
            raise Permanent("This service account is still in use: it is disabled with the last grant.")
        self._accounts.delete(found)

    def close(self) -> None:
        """Close the connections."""
        self._trials.close()
        self._clients.close()

    def _work(self, entry: Entry) -> Done:
        self._ready_groups(entry)
        match entry.kind:
            case "group":
                return self._apply_group(entry)
            case "account":
                return self._apply_account(entry)
            case "image":
                return self._apply_image(entry)
            case "member":
                return self._apply_member(entry)
            case "key":
                return self._apply_key(entry)
        raise Permanent(f"Google has no entries of the kind {entry.kind}.")

    def _apply_member(self, entry: Entry) -> Done:
        given = [one.lower() for one in (*entry.values("address"), *self._people.addresses(entry.key))]
        if not given:  # without one nothing could be looked for, and nothing found is no proof
            raise Permanent(f"No address of {entry.key} is known: its memberships cannot be looked for.")
        return self._members.bring(entry.key, list(dict.fromkeys(given)), wanted_of(entry))

    def _ready_groups(self, entry: Entry) -> None:
        """Whichever place is worked first makes the groups: there is no order between places."""
        for name, text in entry.attributes:
            if name.startswith(MARK) and (mark := read_mark(text)) is not None:
                self._groups.ready(name.removeprefix(MARK), mark)

    def _apply_group(self, entry: Entry) -> Done:
        images = tuple(sorted(entry.values("image")))
        mark = Mark(self._options.target, entry.first("project"), entry.first("role"), images)
        if entry.key != group_address(mark, domain=self._options.group_domain):
            raise Permanent(f"{entry.key} is not the address of this bundle's group.")
        self._groups.forget(entry.key)
        made = self._groups.ready(entry.key, mark)
        return Done(made, True, "The group is there.")

    def _remove_group(self, address: str) -> Done:
        found = self._groups.find(address)
        if found is None:
            gone = self._groups.certainly_gone(address)
            return Done(
                False, gone, "There is no such group." if gone else "Google does not say whether it is gone."
            )
        if found.mark is None:
            raise Permanent(f"The group {address} does not carry Purser's mark: it is left alone.")
        changed = self._unbind(found, found.mark)
        if self._effect.still_in(found.mark):
            return Done(
                changed, False, "Unbound everywhere; a pull of the project's account was not refused yet."
            )
        self._groups.delete(found)
        left = self._groups.find(address)
        return Done(True, left is None, "The group is gone." if left is None else "The group is still shown.")

    def _unbind(self, group: Group, mark: Mark) -> bool:
        repositories = repositories_of(mark.images, location=self._options.location, host=self._options.host)
        resources = [one.resource for one in repositories] + self._options.crypto_keys(mark.images)
        worked = [self._bindings.unbind(resource, group.address) for resource in resources]
        return any(one.changed for one in worked)

    def _apply_image(self, entry: Entry) -> Done:
        wanted = {(role, group) for role, _, group in (one.partition(" ") for one in entry.values("binding"))}
        resource = self._layout.repository(entry.key)
        if missing := [group for _, group in wanted if self._bindings.mark(group) is None]:
            raise Transient(f"The group {missing[0]} is not there yet, or not Purser's.", retry_after=5.0)
        worked = self._bindings.bring(resource, wanted, about=lambda mark: entry.key in mark.images)
        if not worked.confirmed:
            return Done(worked.changed, False, "Google said yes, but the policy read back does not say so.")
        proven, detail = self._effect.of(resource, entry.key, wanted, worked)
        return Done(worked.changed, proven, detail)

    def _apply_key(self, entry: Entry) -> Done:
        crypto_key, _, project = entry.key.partition("#")
        wanted: set[Pair] = {(DECRYPTER, group) for group in entry.values("group")}
        worked = self._bindings.bring(crypto_key, wanted, about=lambda mark: mark.project == project)
        said = "as wanted" if worked.confirmed else "not as wanted"
        return Done(
            worked.changed, worked.confirmed, f"The key's policy reads back {said}; effect takes minutes."
        )

    def _apply_account(self, entry: Entry) -> Done:
        account, changed = self._ready_account(entry.key, entry.first("project"))
        joined = self._members.bring(entry.key, [account.email], wanted_of(entry))
        if account.disabled:
            return replace(
                joined, changed=True, proven=False, detail="The account is not shown as enabled yet."
            )
        return replace(joined, changed=joined.changed or changed)

    def _ready_account(self, base: str, project: str) -> tuple[Account, bool]:
        found = self._accounts.find(base)
        if found is not None and found.mark.project != project:
            # Long keys are cut, and four digits do not tell all of them apart: nobody shares another's account.
            raise Permanent(f"The service account {base} belongs to the project {found.mark.project}.")
        changed = found is None or found.disabled
        if found is None:
            self._accounts.create(base, Mark(self._options.target, project, ""))
        elif found.disabled:
            self._accounts.enable(found)
        found = self._accounts.find(base) if changed else found
        if found is None:
            raise not_seen_yet()
        return found, changed

    def _remove_account(self, base: str) -> Done:
        found = self._accounts.find(base) or self._accounts.find(base)
        if found is None:  # looked for twice: a single look may be an old one
            return Done(False, True, "There is no such account.")
        if not found.disabled:
            self._accounts.disable(found)
        joined = self._members.bring(base, [found.email], {}, stopped=True)
        joined = replace(joined, changed=joined.changed or not found.disabled)
        after = self._accounts.find(base)
        if (after and not after.disabled) or (self._trials.on and self._trials.token(base)):
            return replace(joined, proven=False, detail="The account is not shown as disabled yet.")
        return replace(joined, detail="The account is disabled and in no group.") if joined.proven else joined

    def _tried(self, entry: Entry) -> ProbeResult:
        groups = [one.partition(" ")[2] for one in entry.values("binding")]
        mark = next((mark for one in groups if (mark := self._bindings.mark(one))), None)
        allowed = bool(mark and self._trials.on and self._trials.allowed(entry.key, mark.project))
        said = "let in" if allowed else "not let in, or there is none to try with"
        return ProbeResult(allowed, f"A project's account was {said}.", self._clock())

    def _outcome(self, change: Change, done: Done) -> Outcome:
        return Outcome(
            change,
            changed=done.changed,
            proven=done.proven,
            detail=done.detail,
            at=self._clock(),
            ends_itself_at=done.ends,
        )
