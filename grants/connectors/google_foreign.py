"""What stands beside our entries at Google and is not ours: reported, never touched."""

from collections.abc import Iterator

from grants.connectors.base import Entry
from grants.connectors.google_accounts import Accounts
from grants.connectors.google_documents import Group
from grants.connectors.google_groups import Groups
from grants.connectors.google_layout import GoogleLayout
from grants.connectors.google_look import People
from grants.connectors.google_policy import Policies, short

BY_HAND = "set outside Purser"


class Strangers:
    """Finds the entries of one target that are not ours. `seen_owner` says whose they seem to be."""

    def __init__(
        self, layout: GoogleLayout, groups: Groups, accounts: Accounts, policies: Policies, people: People
    ) -> None:
        self._layout = layout
        self._options = layout.options
        self._groups = groups
        self._accounts = accounts
        self._policies = policies
        self._people = people

    def find(self) -> Iterator[Entry]:
        """Strangers in our groups, strangers bound to our roles in our repositories, groups that look like ours."""
        ours = list(self._groups.ours())
        yield from self._in_groups(ours)
        images = {image for one in ours if one.mark for image in one.mark.images}
        for resource in sorted({self._layout.repository(image) for image in images}):
            yield from self._in_policy(resource, {one.address for one in ours})
        for group in self._groups.unmarked():
            yield self._made("group", group.address, "a group named like Purser's, without its mark")

    def _in_groups(self, ours: list[Group]) -> Iterator[Entry]:
        accounts = {one.email for one in self._accounts.ours()}
        known = accounts | {self._options.portal_account} | {one.address for one in ours}
        for group in ours:
            strangers = {one.address: one for one in self._groups.members(group) if one.address not in known}
            for address in sorted(strangers.keys() - self._people.subjects(strangers.keys()).keys()):
                role = ",".join(strangers[address].roles)
                yield self._made("member", f"{group.address}/{address}", BY_HAND, ("role", role))

    def _in_policy(self, resource: str, ours: set[str]) -> Iterator[Entry]:
        roles = set(self._options.bind_roles.values())
        for binding in self._policies.read(resource).bindings:
            if binding.role not in roles:
                continue
            title = binding.condition.title if binding.HasField("condition") else ""
            for member in binding.members:
                if not title and member.lower().removeprefix("group:") in ours:
                    continue
                key = f"{short(resource)} {binding.role} {member}"
                yield self._made("binding", key, _owner(member), ("condition", title))

    def _made(self, kind: str, key: str, owner: str, *more: tuple[str, str]) -> Entry:
        told = tuple(pair for pair in more if pair[1])
        return Entry(self._options.target, kind, key, (("seen_owner", owner), *told))


def _owner(member: str) -> str:
    """Whose binding it seems to be: a policy does not say who wrote it."""
    if member.startswith("deleted:"):
        return "somebody deleted"
    _, _, address = member.partition(":")
    domain = address.partition("@")[2]
    if domain.endswith(".iam.gserviceaccount.com"):
        return f"the Google project {domain.removesuffix('.iam.gserviceaccount.com')}"
    return BY_HAND
