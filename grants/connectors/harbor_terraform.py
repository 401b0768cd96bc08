"""What Purser applied at a Harbor, in Terraform. Pure.

Resources and arguments as the provider `goharbor/harbor` has them in its documents and source; never run.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from grants.connectors.base import Entry
from grants.connectors.harbor_documents import body_of
from grants.connectors.harbor_layout import DEVELOPER, LIMITED_GUEST, MAINTAINER
from grants.connectors.harbor_names import IMAGE, project_of, robot_name
from grants.connectors.harbor_policies import Remembered, policy_body
from grants.connectors.harbor_settings import HarborSettings
from grants.connectors.hcl import Attribute, Block, Comment, Item, Raw, label

ROLES = {MAINTAINER: "maintainer", DEVELOPER: "developer", LIMITED_GUEST: "limitedguest"}
ADDRESS, HEADER = "purser_webhook_address", "purser_webhook_header"
NO_IDS = (
    "Nothing here has an import block: Harbor makes up the ids of robots, members and webhooks, and Purser does not "
    "keep them. A robot's secret is shown once, when it is made, and is in no export."
)
DAYS = "Harbor counts a robot's days from its making: `duration` is right for a robot that is made today."
PAYLOAD = (
    "Left out of the webhooks: the payload format, for which the provider's documents name no argument. Purser reads "
    "the default format and CloudEvents."
)
PART = (
    "This is a part of the target. A robot of a person is one for all of that person's access, and a webhook one for "
    "all images of a Harbor project: at Harbor they may stand for more than is written here."
)


@dataclass(frozen=True, slots=True)
class _HarborProject:
    """A Harbor project with its image entries."""

    name: str
    entries: tuple[Entry, ...]

    @property
    def reference(self) -> Raw:
        """The project's number, read from Harbor: Purser does not make Harbor projects."""
        return Raw(f"data.harbor_project.{label(self.name)}.id")


def harbor_items(
    entries: Sequence[Entry], settings: HarborSettings, *, at: datetime, part: bool
) -> list[Item]:
    """The entries of one Harbor as resources: robots, then each Harbor project's webhook and groups.

    `at`: when the file is written; `part`: whether the entries are only some of the target's.
    """
    items: list[Item] = [Comment(said) for said in (NO_IDS, DAYS, PAYLOAD, *([PART] if part else []))]
    robots = sorted((one for one in entries if one.kind != IMAGE), key=lambda one: (one.kind, one.key))
    items += [_robot(one, settings, at) for one in robots]
    projects = _projects(entries)
    if projects:
        items += _variables(settings)
    for project in projects:
        items += _of_project(project, settings)
    return items


def _projects(entries: Sequence[Entry]) -> list[_HarborProject]:
    found: dict[str, list[Entry]] = {}
    for entry in entries:
        if entry.kind == IMAGE and entry.first("webhook"):
            found.setdefault(project_of(entry.key), []).append(entry)
    return [_HarborProject(name, tuple(of)) for name, of in sorted(found.items())]


def _robot(entry: Entry, settings: HarborSettings, at: datetime) -> Block:
    name = robot_name(settings.prefix, entry.kind, entry.key)
    body = body_of(entry, name=name, installation=settings.installation, now=at)
    written: list[Attribute | Block] = [
        Attribute(argument, body[key])
        for argument, key in (("name", "name"), ("description", "description"), ("level", "level"))
    ]
    written += [Attribute("duration", body["duration"]), Attribute("disable", False)]
    written += [_permission(one) for one in body["permissions"]]
    return Block("resource", ("harbor_robot_account", label(name)), written)


def _permission(permission: Mapping[str, Any]) -> Block:
    access = [
        Block("access", body=[Attribute("resource", one["resource"]), Attribute("action", one["action"])])
        for one in permission["access"]
    ]
    fixed = [Attribute("kind", permission["kind"]), Attribute("namespace", permission["namespace"])]
    return Block("permissions", body=[*fixed, *access])


def _variables(settings: HarborSettings) -> Iterator[Block]:
    where = f"Where Harbor tells Purser of pulls: https://PURSER/webhooks/harbor/{settings.target}/"
    yield Block("variable", (ADDRESS,), [Attribute("description", where), Attribute("type", Raw("string"))])
    header = "The Authorization header of each Harbor project's webhook, by the name of the project"
    kind = Attribute("type", Raw("map(string)"))
    body = [Attribute("description", header), kind, Attribute("sensitive", True)]
    yield Block("variable", (HEADER,), body)


def _of_project(project: _HarborProject, settings: HarborSettings) -> Iterator[Item]:
    name = Attribute("name", project.name)
    yield Block("data", ("harbor_project", label(project.name)), [name])
    memory = _memory(project)
    yield _webhook(project, memory, settings)
    for group, role in sorted(memory.roles.items()):
        if role in ROLES:
            yield _member(project, group, ROLES[role])


def _memory(project: _HarborProject) -> Remembered:
    memory = Remembered()
    for entry in project.entries:
        memory = memory.with_image(entry)
    return Remembered(memory.images, frozenset(memory.roles))


def _webhook(project: _HarborProject, memory: Remembered, settings: HarborSettings) -> Block:
    body = policy_body(project.name, memory, settings)
    written = [
        Attribute("name", body["name"]),
        Attribute("description", body["description"]),
        Attribute("project_id", project.reference),
        Attribute("notify_type", "http"),
        Attribute("address", Raw(f"var.{ADDRESS}")),
        Attribute("auth_header", Raw(f'var.{HEADER}["{project.name}"]')),
        Attribute("skip_cert_verify", False),
        Attribute("enabled", True),
        Attribute("events_types", body["event_types"]),
    ]
    return Block("resource", ("harbor_project_webhook", label(project.name)), written)


def _member(project: _HarborProject, group: str, role: str) -> Block:
    written = [
        Attribute("project_id", project.reference),
        Attribute("group_name", group),
        Attribute("role", role),
        Attribute("type", "oidc"),
    ]
    return Block("resource", ("harbor_project_member_group", label(project.name, group)), written)
