"""Groups and memberships of Cloud Identity, as far as Purser keeps them. Facts: connectors.md A5."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from grants.connectors.errors import (
    Conflict,
    Malformed,
    NotFound,
    Permanent,
    Refused,
    Transient,
)
from grants.connectors.google_clients import GoogleClients
from grants.connectors.google_documents import GROUPS, Group, Membership, failed, membership, quoted
from grants.connectors.google_errors import ALREADY_EXISTS, NO_EXPIRY
from grants.connectors.google_layout import GoogleOptions
from grants.connectors.google_names import Mark, ours_by_name, read_mark, stamp

PAGE = 500
_LABEL = "cloudidentity.googleapis.com/groups.discussion_forum"
_MASKS = (
    "expiry_detail.expire_time",
    "expiryDetail.expire_time",
)  # the documents' spelling, and two clients'


class Groups:
    """Cloud Identity for one target. `expires`: whether memberships can end by themselves; None: not tried yet."""

    def __init__(self, clients: GoogleClients, options: GoogleOptions) -> None:
        self._clients = clients
        self._options = options
        self._known: dict[str, Group] = {}
        self.expires: bool | None = {"true": True, "false": False}.get(options.expiry)

    @property
    def endless(self) -> bool:
        """Whether memberships are known not to end by themselves."""
        return self.expires is False

    def known(self, address: str) -> Group | None:
        """A group as it was seen last; asked for when it was never seen. A mark never changes."""
        return self._known.get(address) or self.find(address)

    def seen(self, address: str) -> bool:
        """Whether it was ever seen: `known` then asks nobody."""
        return address in self._known

    def forget(self, address: str) -> None:
        """It turned out not to be as it was seen last."""
        self._known.pop(address, None)

    def find(self, address: str) -> Group | None:
        """A group by its address. None when Google does not show it: its 403 says either thing."""
        self.forget(address)
        try:
            name = self._ask(self._groups.lookup(groupKey_id=address)).get("name", "")
            document = self._ask(self._groups.get(name=name))
        except (NotFound, Refused):
            return None
        self._known[address] = self._group(document)
        return self._known[address]

    def check_still(self, group: Group) -> None:
        """Raise Transient when a group is not the one it was seen as: somebody deleted it, or made it anew.

        Google answers 403 for what is gone, so a refusal about a group that was seen before says little by itself.
        """
        found = self.find(group.address)
        if found is None or found.name != group.name:
            raise Transient(f"The group {group.address} is not there yet.", retry_after=1.0)

    def ready(self, address: str, mark: Mark) -> bool:
        """Make sure that a group of ours with this mark is there; whether it had to be made.

        Raises Permanent for somebody else's group of that name, Transient while Google does not show the new one.
        """
        found = self.known(address)
        made = found is None
        if found is None:
            self._make(address, mark)
            found = self.find(address)
        if found is None:
            raise Transient(f"Google does not show the new group {address} yet.", retry_after=5.0)
        if found.mark != mark:
            raise Permanent(
                f"The group {address} exists and does not carry this grant's mark: it is not Purser's."
            )
        return made

    def _make(self, address: str, mark: Mark) -> None:
        try:
            self.create(address, mark)
        except Conflict as error:
            if error.code != ALREADY_EXISTS:
                raise

    def certainly_gone(self, address: str) -> bool:
        """Whether there is no such group, by a second source: a 403 alone is no proof."""
        return all(group.address != address for group in self._all())

    def create(self, address: str, mark: Mark) -> None:
        """Make a group. That it is there already is left to the caller, who looks again."""
        body = {
            "groupKey": {"id": address},
            "parent": f"customers/{self._options.customer}",
            "displayName": address.partition("@")[0],
            "description": mark.text(),
            "labels": {_LABEL: ""},
        }
        config = "EMPTY" if self._options.empty_groups else "WITH_INITIAL_OWNER"
        self._done(self._groups.create(body=body, initialGroupConfig=config))

    def delete(self, group: Group) -> None:
        """Delete a group and every membership in it. Already gone is success."""
        self.forget(group.address)
        try:
            self._done(self._groups.delete(name=group.name))
        except NotFound:
            return

    def ours(self) -> Iterator[Group]:
        """All groups with our mark."""
        for group in self._all():
            if group.mark is not None:
                self._known[group.address] = group
                yield group

    def unmarked(self) -> Iterator[Group]:
        """Groups whose name looks like ours and whose description does not say so."""
        here = self._options.group_domain
        return (one for one in self._all() if one.mark is None and ours_by_name(one.address, domain=here))

    def members(self, group: Group) -> list[Membership]:
        """Everybody in a group, with the ends. Google leaves out those whose time is over."""
        pages = self._pages(
            lambda token: self._members.list(parent=group.name, view="FULL", pageSize=PAGE, pageToken=token)
        )
        return [membership(one) for page in pages for one in page.get("memberships", [])]

    def direct(self, address: str) -> list[tuple[Group, Membership]]:
        """The groups of ours somebody is in directly. The ends are not told here."""
        query = f"member_key_id == '{quoted(address)}'"
        pages = self._pages(
            lambda token: self._members.searchDirectGroups(
                parent="groups/-", query=query, pageSize=PAGE, pageToken=token
            )
        )
        found = [(self._relation(one), one) for page in pages for one in page.get("memberships", [])]
        return [(g, Membership(one["membership"], address)) for g, one in found if g.mark is not None]

    def member(self, name: str) -> Membership | None:
        """One membership with its end. None when Google does not show it."""
        try:
            return membership(self._ask(self._members.get(name=name)))
        except (NotFound, Refused):
            return None

    def add(self, group: Group, address: str, ends: datetime | None) -> None:
        """Put somebody into a group; where the licence allows, until `ends`. Already in is success."""
        if ends is None or self.endless:
            self._add(group, address, None)
            return
        try:
            self._add(group, address, ends)
        except Permanent as error:
            self._without_expiry(error)
            self._add(group, address, None)

    def set_ends(self, membership: Membership, ends: datetime) -> None:
        """Change when a membership ends by itself. Both spellings of the mask are tried; without a licence: nothing."""
        for mask in _MASKS:
            role = {"name": "MEMBER", "expiryDetail": {"expireTime": stamp(ends)}}
            body = {"updateRolesParams": [{"fieldMask": mask, "membershipRole": role}]}
            try:
                self._ask(self._members.modifyMembershipRoles(name=membership.name, body=body), changes=True)
            except Refused:
                raise
            except Permanent as error:
                if error.code == NO_EXPIRY:
                    self._without_expiry(error)
                    return
                if mask == _MASKS[-1]:
                    raise
                continue
            return

    def remove(self, membership: Membership) -> None:
        """Take somebody out of a group. Already out is success."""
        try:
            self._done(self._members.delete(name=membership.name))
        except NotFound:
            return

    def effective(self, group: Group, address: str) -> bool | None:
        """Whether Google counts somebody as a member, nested groups included; None when it does not tell us."""
        query = f"member_key_id == '{quoted(address)}'"
        try:
            asked = self._members.checkTransitiveMembership(parent=group.name, query=query)
            return bool(self._ask(asked).get("hasMembership", False))
        except (NotFound, Refused):
            return None

    def counted(self, address: str) -> set[str] | None:
        """The groups named like ours (addresses) that Google counts somebody in; None when it does not tell us."""
        query = f"member_key_id == '{quoted(address)}' && '{_LABEL}' in labels"
        pages = self._pages(
            lambda token: self._members.searchTransitiveGroups(
                parent="groups/-", query=query, pageSize=PAGE, pageToken=token
            )
        )
        try:
            found = [self._relation(one).address for page in pages for one in page.get("memberships", [])]
        except (NotFound, Refused):
            return None
        return {one for one in found if ours_by_name(one, domain=self._options.group_domain)}

    def _without_expiry(self, error: Permanent) -> None:
        if error.code != NO_EXPIRY or self._options.expiry == "true":
            raise error
        self.expires = False

    def _add(self, group: Group, address: str, ends: datetime | None) -> None:
        role: dict[str, Any] = {"name": "MEMBER"}
        if ends is not None:
            role["expiryDetail"] = {"expireTime": stamp(ends)}
        body = {"preferredMemberKey": {"id": address}, "roles": [role]}
        try:
            self._done(self._members.create(parent=group.name, body=body))
        except Conflict as error:
            if error.code != ALREADY_EXISTS:
                raise

    @property
    def _groups(self) -> Any:
        return self._clients.groups

    @property
    def _members(self) -> Any:
        return self._clients.memberships

    def _ask(self, request: Any, *, changes: bool = False) -> dict[str, Any]:
        return self._clients.ask(request, GROUPS, changes=changes)

    def _done(self, request: Any) -> None:
        """Send a change. Its operation may still be running: what came of it is read back by the caller."""
        error = self._ask(request, changes=True).get("error")
        if error:
            raise failed(error)

    def _pages(self, request: Any) -> Iterator[dict[str, Any]]:
        token = ""
        while True:
            page = self._ask(request(token or None))
            yield page
            following = str(page.get("nextPageToken", ""))
            if not following:
                return
            if following == token:
                raise Malformed(f"{GROUPS} repeats a page for ever.")
            token = following

    def _all(self) -> Iterator[Group]:
        parent = f"customers/{self._options.customer}"
        pages = self._pages(
            lambda token: self._groups.list(parent=parent, view="FULL", pageSize=PAGE, pageToken=token)
        )
        return (self._group(one) for page in pages for one in page.get("groups", []))

    def _group(self, document: dict[str, Any]) -> Group:
        return self._marked(document.get("name", ""), document)

    def _relation(self, document: dict[str, Any]) -> Group:
        return self._marked(document.get("group", ""), document)

    def _marked(self, name: str, document: dict[str, Any]) -> Group:
        address = str(document.get("groupKey", {}).get("id", "")).lower()
        mark = read_mark(document.get("description", ""))
        here = ours_by_name(address, domain=self._options.group_domain)
        mine = mark is not None and mark.target == self._options.target and here
        return Group(name, address, mark if mine else None)
