"""How grants become groups, accounts, bindings and memberships at Google. Pure.

Places of a grant, in the order in which they can come true:

  group    key the address of the bundle's group; a bundle is one project, one role, exactly these images.
           Attributes `project`, `role`, `image`.
  account  key what the id of the project's service account begins with. Attributes `project`, `group`, `until:<group>`.
  image    key the repository of the catalogue. Attributes `repository` (the resource), `binding` ("<role> <group>").
           IAM knows repositories of Artifact Registry only: images of one of these share a binding.
  member   key `person:<id>`. Attributes `address`, `group` (repeated), `until:<group>`.
  key      key `<crypto key>#<project>`. Attributes `crypto_key`, `group`: who may decrypt encrypted models.

Where nobody has said whether the licence lets memberships end (`expiry` "auto"), the ends are `seen_until:<group>`:
they are set where that works, and their absence is no drift. `seen_mark:<group>` carries what a group's description
says, so that whichever place is worked first can make the group.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from grants.connectors.base import Entry, Holding, Place
from grants.connectors.errors import Permanent
from grants.connectors.google_names import (
    LONGEST_MARK,
    Mark,
    account_base,
    group_address,
    read_mark,
    repositories_of,
    split_image,
    stamp,
)

GROUP, ACCOUNT, IMAGE, MEMBER, KEY = "group", "account", "image", "member", "key"
ROLES = {
    "viewer": "roles/artifactregistry.reader",
    "developer": "roles/artifactregistry.writer",
    "admin": "roles/artifactregistry.repoAdmin",
}
MARK = "seen_mark:"
Expiry = Literal["auto", "true", "false"]


@dataclass(frozen=True, slots=True)
class GoogleOptions:
    """The settings of a Google target that are no secrets.

    `project`, `location`: of Artifact Registry. `host`: one of the old Container Registry hosts when the catalogue
    names images that way, else empty. `group_domain`, `customer` (`C…`): where groups are made. `account_project`:
    where service accounts are made. `bind_roles`: role of a grant to role of IAM. `kms_keys`: beginning of an image
    path to the crypto key its models are encrypted with. `expiry`: whether memberships may end by themselves.
    `pull_probe`: the tag to try pulls with; empty: pulls are not tried.
    """

    target: str
    project: str
    location: str
    group_domain: str
    customer: str
    account_project: str
    host: str = ""
    bind_roles: Mapping[str, str] = field(default_factory=lambda: dict(ROLES))
    kms_keys: Mapping[str, str] = field(default_factory=dict)
    expiry: Expiry = "auto"
    pull_probe: str = ""
    portal_account: str = ""
    empty_groups: bool = False

    @classmethod
    def read(cls, target: str, options: Mapping[str, Any]) -> "GoogleOptions":
        """The options of a target as they are kept. Raises Permanent, naming what is missing."""
        needed = ("project", "location", "group_domain", "customer")
        if missing := [name for name in needed if not options.get(name)]:
            raise Permanent(f"The settings of {target} lack: {', '.join(missing)}.")
        known = {name: options[name] for name in cls.__slots__ if name in options and name != "target"}
        known["group_domain"] = str(known["group_domain"]).lower()
        known["customer"] = str(known["customer"]).removeprefix("customers/")
        known.setdefault("account_project", known["project"])
        if "expiry" in known:
            known["expiry"] = _expiry(known["expiry"])
        known["bind_roles"] = {**ROLES, **options.get("bind_roles", {})}
        return cls(target=target, **known)

    def crypto_keys(self, images: Sequence[str]) -> list[str]:
        """The keys needed to decrypt these images, each once."""
        wanted = {key for begin, key in self.kms_keys.items() for one in images if one.startswith(begin)}
        return sorted(wanted)


def _expiry(value: object) -> Expiry:
    said = str(value).lower()
    return "true" if said == "true" else "false" if said == "false" else "auto"


class GoogleLayout:
    """`Layout` of one Google target."""

    def __init__(self, options: GoogleOptions) -> None:
        self._options = options

    @property
    def options(self) -> GoogleOptions:
        """The settings of the target."""
        return self._options

    def places(self, holding: Holding) -> Sequence[Place]:
        """Group, account, images, people, keys: people + images + a few."""
        keys = self._options.crypto_keys(holding.images)
        return [
            Place(GROUP, self.group(holding)),
            Place(ACCOUNT, account_base(holding.project)),
            *(Place(IMAGE, image) for image in dict.fromkeys(holding.images)),
            *(Place(MEMBER, subject) for subject in dict.fromkeys(one.subject for one in holding.holders)),
            *(Place(KEY, f"{key}#{holding.project}") for key in keys),
        ]

    def entry(self, place: Place, holdings: Sequence[Holding]) -> Entry | None:
        """What these holdings together want at the place."""
        match place.kind:
            case "group":
                return self._group(place, [h for h in holdings if self.group(h) == place.key])
            case "account":
                mine = [h for h in holdings if account_base(h.project) == place.key]
                return self._account(place, mine)
            case "image":
                return self._image(place, [h for h in holdings if place.key in h.images])
            case "member":
                return self._member(place, holdings)
        return self._key(place, holdings)

    def empty(self, place: Place) -> Entry:
        """The place with nothing in it."""
        return self._made(place, self._fixed(place))

    def lock(self, place: Place) -> str:
        """Images of one repository change one policy, and so do the projects of one crypto key."""
        if place.kind == IMAGE:
            return f"policy:{self.repository(place.key)}"
        return f"policy:{_crypto_key(place)}" if place.kind == KEY else f"{place.kind}:{place.key}"

    def own_end(self, place: Place) -> Literal["whole", "part", "idle"]:
        """Memberships may end; groups and bindings stay, and let nobody in once the group is empty."""
        return "whole" if place.kind in (MEMBER, ACCOUNT) else "idle"

    def problems(self, holding: Holding) -> Sequence[str]:
        """Why Google cannot hold this grant."""
        said = [self._image_problem(image) for image in holding.images]
        said += [
            f"{one.subject} has no address Google can know."
            for one in holding.holders
            if "@" not in one.address
        ]
        if not holding.images:
            said.append("A grant at Google names at least one image.")
        if holding.role not in self._options.bind_roles:
            said.append(f"The role {holding.role} has no role of Artifact Registry: set bind_roles.")
        if not any(said) and len(self.mark(holding).text().encode()) > LONGEST_MARK:
            said.append("These are too many images for one group: split them into several requests.")
        if not any(said) and read_mark(self.mark(holding).text()) != self.mark(holding):
            said.append("The key of the project, or of the target, cannot stand in a group's description.")
        return [one for one in said if one]

    def mark(self, holding: Holding) -> Mark:
        """What the description of the bundle's group says."""
        return Mark(self._options.target, holding.project, holding.role, tuple(sorted(set(holding.images))))

    def group(self, holding: Holding) -> str:
        """The address of the bundle's group."""
        return group_address(self.mark(holding), domain=self._options.group_domain)

    def repository(self, image: str) -> str:
        """The resource name of the repository an image lies in. Raises Permanent."""
        found, _ = split_image(image, location=self._options.location, host=self._options.host)
        return found.resource

    def group_entry(self, address: str, mark: Mark) -> Entry:
        """The entry of a group with this mark."""
        attributes = [("project", mark.project), ("role", mark.role), *(("image", i) for i in mark.images)]
        return self._made(Place(GROUP, address), attributes)

    def until(self, group: str, ends: datetime) -> tuple[str, str]:
        """The attribute that says when a membership of the group is to end by itself."""
        prefix = "until" if self._options.expiry == "true" else "seen_until"
        return (f"{prefix}:{group}", stamp(ends))

    def _image_problem(self, image: str) -> str:
        try:
            [found] = repositories_of([image], location=self._options.location, host=self._options.host)
        except Permanent as error:
            return error.message
        if found.project != self._options.project:
            return f"{image} lies in the project {found.project}, not in {self._options.project}."
        return ""

    def _group(self, place: Place, holdings: Sequence[Holding]) -> Entry | None:
        return self.group_entry(place.key, self.mark(holdings[0])) if holdings else None

    def _account(self, place: Place, holdings: Sequence[Holding]) -> Entry | None:
        if not holdings:
            return None
        return self._made(place, [("project", holdings[0].project), *self._groups(holdings)])

    def _image(self, place: Place, holdings: Sequence[Holding]) -> Entry | None:
        found = {f"{self._options.bind_roles[h.role]} {self.group(h)}" for h in holdings}
        bindings = [("binding", one) for one in sorted(found)]
        return self._made(place, self._fixed(place) + bindings + self._marks(holdings)) if bindings else None

    def _member(self, place: Place, holdings: Sequence[Holding]) -> Entry | None:
        mine = [(h, one) for h in holdings for one in h.holders if one.subject == place.key]
        if not mine:
            return None
        address = ("address", mine[0][1].address.lower())
        return self._made(place, [address, *self._groups([h for h, _ in mine])])

    def _key(self, place: Place, holdings: Sequence[Holding]) -> Entry | None:
        crypto_key, _, project = place.key.partition("#")
        mine = [
            h for h in holdings if h.project == project and crypto_key in self._options.crypto_keys(h.images)
        ]
        groups = [("group", one) for one in sorted({self.group(h) for h in mine})]
        return self._made(place, self._fixed(place) + groups + self._marks(mine)) if groups else None

    def _groups(self, holdings: Sequence[Holding]) -> list[tuple[str, str]]:
        ends: dict[str, datetime] = {}
        for one in holdings:
            group = self.group(one)
            ends[group] = max(one.ends, ends.get(group, one.ends))
        until = (
            [] if self._options.expiry == "false" else [self.until(g, at) for g, at in sorted(ends.items())]
        )
        return [("group", group) for group in sorted(ends)] + until + self._marks(holdings)

    def _marks(self, holdings: Sequence[Holding]) -> list[tuple[str, str]]:
        marks = {self.group(h): self.mark(h) for h in holdings}
        return [(f"{MARK}{group}", mark.text()) for group, mark in sorted(marks.items())]

    def _fixed(self, place: Place) -> list[tuple[str, str]]:
        if place.kind == IMAGE:
            return [("repository", self.repository(place.key))]
        return [("crypto_key", _crypto_key(place))] if place.kind == KEY else []

    def _made(self, place: Place, attributes: Sequence[tuple[str, str]]) -> Entry:
        return Entry(self._options.target, place.kind, place.key, tuple(attributes))


def _crypto_key(place: Place) -> str:
    return place.key.partition("#")[0]
