"""IAM policies changed the only safe way: read with version 3, edit what is ours, write with the etag, read back.

Facts: connectors.md A1. A policy written without its etag loses every condition in silence.
"""

from collections.abc import Callable, Collection, Iterator
from typing import Any

from google.iam.v1.policy_pb2 import Binding, Policy

from grants.connectors.errors import Conflict, Permanent
from grants.connectors.google_clients import GoogleClients
from grants.connectors.google_errors import google_errors

ROUNDS = 3
MOST_GROUPS, MOST_PRINCIPALS = 250, 1500
Pair = tuple[str, str]
"""A role and a member as policies write it (`group:a@b`, small letters)."""


class Policies:
    """The policies of Artifact Registry's repositories and of crypto keys."""

    def __init__(self, clients: GoogleClients) -> None:
        self._clients = clients

    def read(self, resource: str) -> Policy:
        """The whole policy, conditions included."""
        asked = {"resource": resource, "options": {"requested_policy_version": 3}}
        with google_errors(f"The policy of {short(resource)}"):
            found = self._api(resource).get_iam_policy(asked, retry=None, timeout=self._clients.timeout)
        assert isinstance(found, Policy)  # noqa: S101 - the two libraries say so; mypy cannot know of both
        return found

    def change(self, resource: str, edit: Callable[[Policy], bool]) -> tuple[Policy, bool]:
        """Edit a policy and read it back: what it is now, and whether anything was written.

        `edit` changes the policy it gets and says whether it did; it is called again when somebody else was faster.
        Raises Conflict when somebody else was faster three times, Permanent before a limit of Google's is met.
        """
        for _ in range(ROUNDS):
            policy = self.read(resource)
            # A single look may be an old one: that there is nothing to do is believed when it is seen twice.
            if not edit(policy) and not edit(policy := self.read(resource)):
                return policy, False
            try:
                self._write(resource, policy)
            except Conflict:
                continue
            return self.read(resource), True
        raise Conflict(f"The policy of {short(resource)} is being changed by others: trying again later.")

    def _write(self, resource: str, policy: Policy) -> None:
        policy.version = 3
        asked = {"resource": resource, "policy": policy}
        with google_errors(f"The policy of {short(resource)}", changes=True):
            self._api(resource).set_iam_policy(asked, retry=None, timeout=self._clients.timeout)

    def _api(self, resource: str) -> Any:
        return self._clients.keys if "/cryptoKeys/" in resource else self._clients.registry


def short(resource: str) -> str:
    """The last part of a resource's name: what people call it."""
    return resource.rpartition("/")[2]


def pairs(policy: Policy) -> set[Pair]:
    """Everybody's unconditional bindings."""
    return {(one.role, _lower(member)) for one in _plain(policy) for member in one.members}


def groups(policy: Policy, roles: Collection[str]) -> set[Pair]:
    """Role and address of the groups bound unconditionally to one of these roles."""
    found = ((role, member.removeprefix("group:")) for role, member in pairs(policy) if _is_group(member))
    return {pair for pair in found if pair[0] in roles}


def add_group(policy: Policy, role: str, address: str) -> None:
    """Bind a group, in the role's unconditional binding."""
    binding = next((one for one in _plain(policy) if one.role == role), None)
    if binding is None:
        binding = policy.bindings.add(role=role)
    binding.members.append(f"group:{address}")


def drop_group(policy: Policy, role: str, address: str) -> None:
    """Unbind a group from a role's unconditional bindings; a binding left without members goes."""
    for binding in list(_plain(policy)):
        if binding.role != role:
            continue
        kept = [member for member in binding.members if _lower(member) != f"group:{address}"]
        if len(kept) == len(binding.members):
            continue
        del binding.members[:]
        binding.members.extend(kept)
        if not kept:
            policy.bindings.remove(binding)


def group_count(policy: Policy) -> int:
    """How many groups (and domains: they count together) stand in the policy, each time they do."""
    return sum(member.startswith(("group:", "domain:")) for one in policy.bindings for member in one.members)


def check_limits(resource: str, policy: Policy) -> None:
    """Raises Permanent, with the figures, when Google would refuse the policy for its size."""
    members, found = sum(len(one.members) for one in policy.bindings), group_count(policy)
    if found > MOST_GROUPS:
        raise Permanent(
            f"The policy of {short(resource)} would name {found} groups, and Google takes {MOST_GROUPS}: "
            "somebody has to take groups out of it first.",
            code="TOO_MANY_GROUPS",
        )
    if members > MOST_PRINCIPALS:
        raise Permanent(
            f"The policy of {short(resource)} would name {members} members, and Google takes {MOST_PRINCIPALS}: "
            "somebody has to take members out of it first.",
            code="TOO_MANY_PRINCIPALS",
        )


def _plain(policy: Policy) -> Iterator[Binding]:
    return (one for one in policy.bindings if not one.HasField("condition"))


def _is_group(member: str) -> bool:
    return member.startswith("group:")


def _lower(member: str) -> str:
    # Addresses compare in small letters; a principal's subject is case-sensitive and stays.
    return member if "://" in member else member.lower()
