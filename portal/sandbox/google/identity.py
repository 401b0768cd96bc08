"""Cloud Identity over REST: groups and memberships. What is missing is answered 403, as Google does."""

import re

from portal.sandbox.google.policies import _page
from portal.sandbox.google.state import CALLER, Document, GoogleState, seconds_of, stamp
from portal.sandbox.standin import Standin
from portal.sandbox.wire import HttpError, Request, Response, json_response

LABEL = "cloudidentity.googleapis.com/groups.discussion_forum"
DENIED = "Error(2028): Permission denied for resource (or it may not exist)."
_QUERY = re.compile(r"member_key_id == '(?P<address>(?:[^'\\]|\\.)*)'")


class IdentityCalls:
    """The handlers; they read and change the stand-in's state."""

    def __init__(self, app: Standin[GoogleState]) -> None:
        self._app = app
        group, members = r"/v1/groups/(?P<group>[^/:]+)", r"/v1/groups/(?P<group>[^/:]+)/memberships"
        for method, pattern, handler in (
            ("GET", r"/v1/groups:lookup", self.lookup),
            ("GET", r"/v1/groups", self.all),
            ("POST", r"/v1/groups", self.create),
            ("GET", group, self.get),
            ("DELETE", group, self.delete),
            ("GET", members, self.members),
            ("POST", members, self.join),
            ("GET", rf"{members}:searchDirectGroups", self.search),
            ("GET", rf"{members}:searchTransitiveGroups", self.search_all),
            ("GET", rf"{members}:checkTransitiveMembership", self.check),
            ("GET", rf"{members}/(?P<member>[^/:]+)", self.member),
            ("DELETE", rf"{members}/(?P<member>[^/:]+)", self.leave),
            ("POST", rf"{members}/(?P<member>[^/:]+):modifyMembershipRoles", self.modify),
        ):
            app.router.add(method, pattern, handler)

    @property
    def _state(self) -> GoogleState:
        return self._app.state

    def lookup(self, request: Request) -> Response:
        """groups.lookup: 403 for what is not there."""
        found = self._state.group_by_address(request.arg("groupKey.id"))
        if found is None:
            raise HttpError(403, DENIED)
        return json_response({"name": f"groups/{found}"})

    def all(self, request: Request) -> Response:
        """groups.list of the customer."""
        if request.arg("parent") != f"customers/{self._state.customer}":
            raise HttpError(403, DENIED)
        full = request.arg("view") == "FULL"
        found = [_group(key, one, full=full) for key, one in sorted(self._state.groups.items())]
        return json_response(_page(found, request, "groups"))

    def create(self, request: Request) -> Response:
        """groups.create: an operation, done at once."""
        sent = request.json()
        address = sent.get("groupKey", {}).get("id", "").lower()
        if self._state.group_by_address(address) is not None:
            raise HttpError(409, "Error(2014): Group already exists. ALREADY_EXISTS")
        if len(sent.get("description", "").encode()) > 4096 or sent.get("parent") is None:
            raise HttpError(400, "Error(2004): Invalid group.")
        key = f"g{self._state.next():06d}"
        self._state.groups[key] = {
            "address": address,
            "description": sent.get("description", ""),
            "displayName": sent.get("displayName", ""),
            "members": {},
        }
        if request.arg("initialGroupConfig") == "WITH_INITIAL_OWNER":
            self._put(key, CALLER, ["OWNER", "MEMBER"], None)
        return _operation(_group(key, self._state.groups[key], full=True))

    def get(self, request: Request, group: str) -> Response:
        """groups.get."""
        return json_response(_group(group, self._group(group), full=True))

    def delete(self, request: Request, group: str) -> Response:
        """groups.delete: policies name it as deleted from then on; its members are acted on for a while."""
        self._group(group)
        self._state.delete_group(group)
        return _operation({})

    def members(self, request: Request, group: str) -> Response:
        """memberships.list: ends only in the full view; those whose time is over are left out."""
        self._group(group)
        full = request.arg("view") == "FULL"
        live = sorted(self._state.live_members(group).items())
        found = [_membership(group, key, one, full=full) for key, one in live]
        return json_response(_page(found, request, "memberships"))

    def join(self, request: Request, group: str) -> Response:
        """memberships.create."""
        self._group(group)
        sent = request.json()
        address = sent.get("preferredMemberKey", {}).get("id", "").lower()
        if any(one["address"] == address for one in self._state.live_members(group).values()):
            raise HttpError(409, f"Error(4003): Cannot create membership {address}: already exists.")
        roles = sent.get("roles", [{"name": "MEMBER"}])
        ends = next((one["expiryDetail"]["expireTime"] for one in roles if "expiryDetail" in one), None)
        self._check_expiry(ends)
        self._check_exists(address)
        key = self._put(group, address, [one["name"] for one in roles], ends)
        return _operation(_membership(group, key, self._group(group)["members"][key], full=True))

    def member(self, request: Request, group: str, member: str) -> Response:
        """memberships.get."""
        return json_response(_membership(group, member, self._member(group, member), full=True))

    def leave(self, request: Request, group: str, member: str) -> Response:
        """memberships.delete."""
        gone = self._member(group, member)
        self._state.remember_leaving(self._group(group)["address"], gone)
        del self._group(group)["members"][member]
        return _operation({})

    def modify(self, request: Request, group: str, member: str) -> Response:
        """modifyMembershipRoles: the one use of it here is a new end."""
        found = self._member(group, member)
        for one in request.json().get("updateRolesParams", []):
            if one.get("fieldMask") != self._state.mask:
                raise HttpError(400, "Error(1005): Invalid field mask.")
            if set(found["roles"]) & {"OWNER", "MANAGER"}:
                raise HttpError(400, "Error(4009): An owner's membership cannot end by itself.")
            ends = one["membershipRole"]["expiryDetail"]["expireTime"]
            self._check_expiry(ends)
            found["ends"] = seconds_of(ends)
        return json_response({"membership": _membership(group, member, found, full=True)})

    def search(self, request: Request, group: str) -> Response:
        """searchDirectGroups: no ends."""
        address = _asked(request)
        found = [
            {**_group(key, one, full=True), "group": f"groups/{key}", "membership": _name(key, member)}
            for key, one in sorted(self._state.groups.items())
            for member, held in self._state.live_members(key).items()
            if held["address"] == address
        ]
        for one in found:
            del one["name"]
        return json_response(_page(found, request, "memberships"))

    def search_all(self, request: Request, group: str) -> Response:
        """searchTransitiveGroups: the groups somebody is acted on as a member of; without descriptions."""
        if not self._state.transitive:
            raise HttpError(403, DENIED)
        if f"'{LABEL}' in labels" not in request.arg("query"):
            raise HttpError(400, "Error(1001): Invalid query: a label is needed.")
        address = _asked(request)
        found = [
            {"group": f"groups/{key}", "groupKey": {"id": one["address"]}, "displayName": one["displayName"]}
            for key, one in sorted(self._state.groups.items())
            if self._state.counts(address, one["address"])
        ]
        return json_response(_page(found, request, "memberships"))

    def check(self, request: Request, group: str) -> Response:
        """checkTransitiveMembership: what is acted on, not what is written down."""
        found = self._group(group)
        if not self._state.transitive:
            raise HttpError(403, DENIED)
        return json_response({"hasMembership": self._state.counts(_asked(request), found["address"])})

    def _group(self, key: str) -> Document:
        if key not in self._state.groups:
            raise HttpError(403, DENIED)
        return self._state.groups[key]

    def _member(self, group: str, member: str) -> Document:
        self._group(group)
        found = self._state.live_members(group).get(member)
        if found is None:
            raise HttpError(404, "Error(4004): Membership not found.")
        return found

    def _check_expiry(self, ends: str | None) -> None:
        if ends is not None and not self._state.licence:
            raise HttpError(403, "Error(3005): Membership expiry is not available for this customer.")
        if ends is not None and seconds_of(ends) <= self._state.clock():
            raise HttpError(400, "Error(4005): The end lies in the past.")

    def _check_exists(self, address: str) -> None:
        if not address.endswith(".iam.gserviceaccount.com"):
            return
        account = self._state.accounts.get(address)
        if account is None or account["since"] + self._state.delays.account > self._state.clock():
            raise HttpError(400, f"Error(4001): Service account {address} does not exist.")

    def _put(self, group: str, address: str, roles: list[str], ends: str | None) -> str:
        key = f"m{self._state.next():06d}"
        kind = "SERVICE_ACCOUNT" if address.endswith(".iam.gserviceaccount.com") else "USER"
        self._state.groups[group]["members"][key] = {
            "address": address,
            "type": "GROUP" if self._state.group_by_address(address) else kind,
            "roles": roles,
            "ends": None if ends is None else seconds_of(ends),
            "since": self._state.clock(),
        }
        return key


def _asked(request: Request) -> str:
    found = _QUERY.search(request.arg("query"))
    if found is None:
        raise HttpError(400, "Error(1001): Invalid query.")
    return found["address"].replace("\\", "").lower()


def _name(group: str, member: str) -> str:
    return f"groups/{group}/memberships/{member}"


def _group(key: str, group: Document, *, full: bool) -> Document:
    shown = {
        "name": f"groups/{key}",
        "groupKey": {"id": group["address"]},
        "displayName": group["displayName"],
    }
    more = {
        "description": group["description"],
        "labels": {LABEL: ""},
    }
    return {**shown, **more} if full else shown


def _membership(group: str, key: str, held: Document, *, full: bool) -> Document:
    shown = {"name": _name(group, key), "preferredMemberKey": {"id": held["address"]}}
    if not full:
        return shown
    roles: list[Document] = [{"name": role} for role in held["roles"]]
    if held["ends"] is not None:
        roles[-1]["expiryDetail"] = {"expireTime": stamp(held["ends"])}
    return {**shown, "roles": roles, "type": held["type"]}


def _operation(response: Document) -> Response:
    return json_response({"done": True, "response": response})
