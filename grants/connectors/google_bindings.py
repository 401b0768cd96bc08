"""Which of our groups are bound in a policy, directly or through the repository's pool, and bringing them there."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from google.iam.v1.policy_pb2 import Policy

from grants.connectors.errors import Permanent, Transient
from grants.connectors.google_documents import Group, Membership
from grants.connectors.google_groups import Groups
from grants.connectors.google_layout import GoogleOptions
from grants.connectors.google_names import Mark, ours_by_name, pool_address, split_image
from grants.connectors.google_policy import (
    Pair,
    Policies,
    add_group,
    check_limits,
    drop_group,
    group_count,
    groups,
    short,
)

POOL_FROM = 200  # groups in one policy, from which on further ones go through a pool; Google takes 250
DECRYPTER = "roles/cloudkms.cryptoKeyDecrypter"
_MANY = 10  # unknown groups in one policy: cheaper to list all of ours than to ask for each

About = Callable[[Mark], bool]


@dataclass(slots=True)
class View:
    """Our bundle groups in one policy. `pooled`: those that are in through a pool, and how."""

    direct: set[Pair] = field(default_factory=set)
    pooled: dict[Pair, Membership] = field(default_factory=dict)
    pools: dict[str, Group] = field(default_factory=dict)

    @property
    def all(self) -> set[Pair]:
        """Direct or through a pool: the same binding."""
        return self.direct | self.pooled.keys()


@dataclass(frozen=True, slots=True)
class Worked:
    """What bringing a policy there came to. `confirmed`: the policy read back is as wanted. `view`: as read back."""

    changed: bool
    confirmed: bool
    dropped: frozenset[Pair]
    view: View


class Bindings:
    """Our groups in the policies of one target."""

    def __init__(self, policies: Policies, known: Groups, options: GoogleOptions) -> None:
        self._policies = policies
        self._groups = known
        self._options = options
        self._roles = frozenset(options.bind_roles.values())

    def view(self, resource: str) -> View:
        """Our bundle groups in a policy."""
        return self._view(self._policies.read(resource), resource)

    def bring(self, resource: str, wanted: set[Pair], *, about: About) -> Worked:
        """Make `wanted` the bundle groups in a policy among those whose mark `about` picks; nothing else changes.

        Raises Permanent before a limit of Google's, Conflict when others change the policy all the time.
        """
        dropped: set[Pair] = set()
        pooled: set[Pair] = set()

        def edit(policy: Policy) -> bool:
            before = Policy()
            before.CopyFrom(policy)
            view = self._view(policy, resource)
            out = {pair for pair in view.all - wanted if self._about(pair, about)}
            for pair in out:
                self._drop(policy, view, pair)
            for pair in sorted(wanted - view.all):
                if self._add(policy, view, pair, resource):
                    pooled.add(pair)
            dropped.update(out)
            return bool(policy != before)

        policy, written = self._policies.change(resource, edit)
        changed = written or bool(pooled) or bool(dropped)
        view = self._view(policy, resource)
        now = {pair for pair in view.all if pair in wanted or self._about(pair, about)} if changed else wanted
        return Worked(changed, now == wanted, frozenset(dropped), view)

    def unbind(self, resource: str, address: str) -> Worked:
        """Take one of our groups out of a policy, whatever its role there."""
        mine = self._groups.known(address)
        return self.bring(resource, set(), about=lambda mark: mine is not None and mark == mine.mark)

    def repositories(self, mark: Mark) -> dict[str, str]:
        """The repositories a bundle's images lie in, each with one image to try pulls with."""
        where = {"location": self._options.location, "host": self._options.host}
        return {split_image(image, **where)[0].resource: image for image in mark.images}

    def unbound(self, image: str, view: View) -> list[str]:
        """The projects that have a bundle with this image, and no bundle in the policy of its repository."""
        marks = [group.mark for group in self._groups.ours()]
        named = {mark.project for mark in marks if mark is not None and image in mark.images}
        bound = {mark.project for _, address in view.all if (mark := self.mark(address)) is not None}
        return sorted(named - bound)

    def mark(self, address: str) -> Mark | None:
        """The mark of a group of ours; None for any other."""
        if not ours_by_name(address, domain=self._options.group_domain):
            return None
        found = self._groups.known(address)
        return found.mark if found else None

    def _about(self, pair: Pair, about: About) -> bool:
        mark = self.mark(pair[1])
        return mark is not None and about(mark)

    def _view(self, policy: Policy, resource: str) -> View:
        roles = {DECRYPTER} if "/cryptoKeys/" in resource else self._roles
        here = self._options.group_domain
        found = {pair for pair in groups(policy, roles) if ours_by_name(pair[1], domain=here)}
        self._warm(address for _, address in found)
        view = View()
        for role, address in found:
            mark = self.mark(address)
            if mark is not None and mark.project:
                view.direct.add((role, address))
            elif mark is not None:
                self._look_into(view, role, address)
        return view

    def _look_into(self, view: View, role: str, address: str) -> None:
        pool = self._groups.known(address)
        if pool is None:
            return
        view.pools[role] = pool
        for one in self._groups.members(pool):
            mark = self.mark(one.address)
            if mark is not None and mark.project:
                view.pooled[role, one.address] = one

    def _warm(self, addresses: Iterable[str]) -> None:
        if sum(not self._groups.seen(address) for address in addresses) > _MANY:
            for _ in self._groups.ours():
                continue

    def _drop(self, policy: Policy, view: View, pair: Pair) -> None:
        drop_group(policy, *pair)
        if pair in view.pooled:
            self._groups.remove(view.pooled[pair])

    def _add(self, policy: Policy, view: View, pair: Pair, resource: str) -> bool:
        """Bind directly, or through the pool; whether it was the pool."""
        role, address = pair
        if group_count(policy) < POOL_FROM:
            add_group(policy, role, address)
            check_limits(resource, policy)
            return False
        pool = view.pools.get(role) or self._pool(resource, role)
        if role not in view.pools:
            add_group(policy, role, pool.address)
            check_limits(resource, policy)
        self._groups.add(pool, address, None)
        return True

    def _pool(self, resource: str, role: str) -> Group:
        where = {"target": self._options.target, "domain": self._options.group_domain}
        address = pool_address(resource, role, **where)
        found = self._groups.find(address)
        if found is None:
            self._groups.create(address, Mark(self._options.target, "", role.rpartition(".")[2]))
            found = self._groups.find(address)
        if found is None:
            raise Transient(f"Google does not show the pool group of {short(resource)} yet.", retry_after=5.0)
        if found.mark is None:
            raise Permanent(f"{address} exists and does not carry Purser's mark: somebody has to rename it.")
        return found
