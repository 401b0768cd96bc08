"""A Harbor project's side of grants: our webhook policy, and groups as members where that is wished for."""

from collections.abc import Callable, Iterator
from typing import Any

from grants.connectors.base import Change, Entry, Outcome, same_facts
from grants.connectors.errors import Conflict, NotFound, Permanent
from grants.connectors.harbor_names import project_of
from grants.connectors.harbor_policies import (
    Member,
    Remembered,
    entries_of,
    policy_body,
    policy_name,
    read_memory,
    stronger,
    tells_us,
)
from grants.connectors.harbor_settings import HarborSettings
from grants.connectors.harbor_wire import HarborWire, redone, segment

LOOKS = 3  # that must agree before something counts as gone
OIDC_GROUP = 3
NOTHING = Remembered()
Row = dict[str, Any]


class Projects:
    """Our policies and groups in the projects of one Harbor."""

    def __init__(self, wire: HarborWire, settings: HarborSettings) -> None:
        self._wire = wire
        self._settings = settings

    def apply(self, change: Change) -> Outcome:
        """Make the repository's Harbor project as the entry says."""
        return redone(self._wire.host, lambda: self._apply_once(change))

    def remove(self, change: Change) -> Outcome:
        """Take the repository out of its project's policy, and with the last one the policy."""
        return redone(self._wire.host, lambda: self._remove_once(change))

    def entries(self, project: str) -> list[Entry]:
        """The image entries in force in a project."""
        return self._entries(project, self._policy(project))

    def numbers(self) -> dict[str, int]:
        """All Harbor projects, name to number."""
        return {str(row["name"]): int(row["project_id"]) for row in self._wire.pages("/projects")}

    def members(self, project: str) -> Iterator[Row]:
        """Everybody in a project, people and groups."""
        return self._wire.pages(f"/projects/{segment(project)}/members")

    def ours_in(self, project: str) -> frozenset[str]:
        """The groups we made members of a project."""
        memory = self._memory(self._policy(project))
        return memory.groups if memory else frozenset()

    def _apply_once(self, change: Change) -> Outcome:
        entry, project = change.entry, self._project(change.entry)
        policy = self._policy(project)
        if policy is not None and self._memory(policy) is None:
            raise Permanent(f"The project {project} has a webhook {policy['name']} that Purser did not make.")
        changed = not self._is_applied(entry, project, policy)
        if changed:
            self._converge(project, lambda memory: memory.with_image(entry))
        # A second look: the first may have been answered from before the last change.
        proven = self._is_applied(entry, project, self._policy(project))
        said = "reads back as wanted" if proven else "does not show the change"
        detail = f"The project {project} {said}."
        return Outcome(change, changed, proven, detail, self._settings.clock())

    def _remove_once(self, change: Change) -> Outcome:
        repository, project = change.entry.key, project_of(change.entry.key)
        changed = not self._is_removed(repository, project)
        if changed:
            self._converge(project, lambda memory: memory.without(repository))
        proven = all(self._is_removed(repository, project) for _ in range(LOOKS))
        said = "no longer follows" if proven else "still follows"
        detail = f"The project {project} {said} {repository}."
        return Outcome(change, changed, proven, detail, self._settings.clock())

    def _is_applied(self, entry: Entry, project: str, policy: Row | None) -> bool:
        seen = [one for one in self._entries(project, policy) if one.identity == entry.identity]
        return bool(seen) and same_facts(seen[0], entry) and self._is_settled(project, self._memory(policy))

    def _is_removed(self, repository: str, project: str) -> bool:
        memory = self._memory(self._policy(project))
        return memory is None or (repository not in memory.images and self._is_settled(project, memory))

    def _is_settled(self, project: str, memory: Remembered | None) -> bool:
        """Whether nothing is left half done: a policy for no image, a group of ours that nobody wants so any more."""
        if memory is None or not memory.images:
            return memory is None
        roles = {member.name: member.role for member in self._groups(project)} if memory.groups else {}
        return all(roles.get(group) == memory.roles.get(group, 0) for group in memory.groups)

    def _entries(self, project: str, policy: Row | None) -> list[Entry]:
        memory = self._memory(policy)
        if policy is None or memory is None:
            return []
        members = self._groups(project) if memory.roles else []
        return entries_of(project, policy, memory, members, self._settings)

    def _converge(self, project: str, change: Callable[[Remembered], Remembered]) -> None:
        """Bring policy and groups to what is wanted: groups that go, go before the policy forgets them."""
        policy = self._sure_policy(project)
        before = self._memory(policy) or NOTHING
        wanted = change(before)
        roles = wanted.roles
        members = self._groups(project) if roles or before.groups else []
        theirs = {member.name for member in members} - before.groups
        ours = before.groups | (roles.keys() - theirs)
        self._keep(project, policy, Remembered(wanted.images, ours))
        if ours - before.groups:
            self._check_remembered(project, ours)
        self._set_members(project, roles, {member.name: member for member in members}, ours)
        if unwanted := ours - roles.keys():
            # Forgotten only when seen to be gone, twice: a call may be answered well and change nothing.
            there = {member.name for _ in range(2) for member in self._groups(project)}
            kept = (ours & roles.keys()) | (unwanted & there)
            self._keep(project, self._policy(project), Remembered(wanted.images, kept))

    def _check_remembered(self, project: str, groups: frozenset[str]) -> None:
        """A group made a member before it is known as ours would be a stranger's for ever."""
        memory = self._memory(self._policy(project))
        if memory is None or memory.groups != groups:
            raise Conflict(f"{self._wire.host} does not show what was written.")

    def _sure_policy(self, project: str) -> Row | None:
        """The policy as two reads in a row show it.

        It is changed as a whole, and Harbor does not notice when what is written rests on an old copy.
        """
        last = self._policy(project)
        for _ in range(LOOKS):
            following = self._policy(project)
            if following == last:
                return last
            last = following
        raise Conflict(f"{self._wire.host} answers differently each time.")

    def _keep(self, project: str, policy: Row | None, memory: Remembered) -> None:
        path = self._path(project)
        if not memory.images and not memory.groups:
            if policy is not None:
                self._wire.send("DELETE", f"{path}/{policy['id']}")
            return
        body = policy_body(project, memory, self._settings)
        if policy is None:
            self._send("POST", path, body)
        elif self._memory(policy) != memory or not tells_us(policy, project, self._settings):
            self._send("PUT", f"{path}/{policy['id']}", body)

    def _set_members(
        self, project: str, roles: dict[str, int], members: dict[str, Member], ours: frozenset[str]
    ) -> None:
        path = f"/projects/{segment(project)}/members"
        for group, role in sorted(roles.items()):
            member = members.get(group)
            if member is None:
                given = {"group_name": group, "group_type": OIDC_GROUP}
                self._send("POST", path, {"role_id": role, "member_group": given})
            elif member.role != role and group in ours:
                self._send("PUT", f"{path}/{member.id}", {"role_id": role})
            elif stronger(role, member.role):
                raise Permanent(
                    f"{group} is in the project {project} with less than is wanted, not by Purser."
                )
        for group in sorted(ours - roles.keys()):
            if group in members:
                self._send("DELETE", f"{path}/{members[group].id}")

    def _send(self, method: str, path: str, body: object = None) -> None:
        try:
            self._wire.send(method, path, body)
        except NotFound:
            if method == "DELETE":
                return
            raise Permanent(f"Harbor does not have what should be changed: {path}.") from None

    def _memory(self, policy: Row | None) -> Remembered | None:
        if policy is None:
            return None
        return read_memory(str(policy.get("description") or ""), installation=self._settings.installation)

    def _policy(self, project: str) -> Row | None:
        """The project's policy that has our name; None too when there is no such project."""
        name = policy_name(self._settings)
        try:
            rows = self._wire.get(self._path(project), q=f"name={name}", page="1", page_size="100") or []
        except NotFound:
            return None
        return next((row for row in rows if row.get("name") == name), None)

    def _groups(self, project: str) -> list[Member]:
        rows = (row for row in self.members(project) if row.get("entity_type") == "g")
        return [Member(int(row["id"]), str(row["entity_name"]), int(row["role_id"])) for row in rows]

    def _project(self, entry: Entry) -> str:
        project = project_of(entry.key)
        if not project:
            raise Permanent(f"{entry.key} does not name a Harbor project.")
        if not self._settings.webhook_url:
            raise Permanent("This Harbor is set up without webhooks.")
        return project

    def _path(self, project: str) -> str:
        return f"/projects/{segment(project)}/webhook/policies"
