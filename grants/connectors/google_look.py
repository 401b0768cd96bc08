"""What is at Google: our entries as the layout makes them, and what stands beside them."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol
from urllib.parse import unquote

from google.cloud.artifactregistry_v1 import types

from grants.connectors.base import Entry, Place, Scope
from grants.connectors.errors import ConnectorError, NotFound
from grants.connectors.google_accounts import Account, Accounts, base_of
from grants.connectors.google_bindings import Bindings
from grants.connectors.google_clients import GoogleClients
from grants.connectors.google_documents import Group, Membership
from grants.connectors.google_errors import google_errors
from grants.connectors.google_groups import Groups
from grants.connectors.google_layout import ACCOUNT, GROUP, IMAGE, KEY, MEMBER, GoogleLayout
from grants.connectors.google_names import split_image

MANY = 20  # entries in a scope, from which on listing everything is cheaper than asking for each
NAMED = 5  # other images named in a description


class People(Protocol):
    """Whose address is whose: the directory's knowledge, given by the one who makes the connector."""

    def addresses(self, subject: str) -> Sequence[str]:
        """All verified addresses of `person:<id>`, the primary one first; empty for somebody unknown."""

    def subjects(self, addresses: Collection[str]) -> Mapping[str, str]:
        """Address (small letters) to `person:<id>`, for those that are known."""


class Look:
    """Reads one target."""

    def __init__(
        self,
        clients: GoogleClients,
        layout: GoogleLayout,
        groups: Groups,
        accounts: Accounts,
        bindings: Bindings,
        people: People,
    ) -> None:
        self._clients = clients
        self._layout = layout
        self._options = layout.options
        self._groups = groups
        self._accounts = accounts
        self._bindings = bindings
        self._people = people

    def observe(self, scope: Scope) -> list[Entry]:
        """The scope's entries as they are written down now."""
        if 0 < len(scope.entries) <= MANY:
            return [found for entry in scope.entries if (found := self._one(entry)) is not None]
        asked = {entry.identity for entry in scope.entries}
        return [entry for entry in self._everything() if not asked or entry.identity in asked]

    def describe(self, entry: Entry) -> str:
        """One sentence; for an image it names what else its repository holds."""
        if entry.kind != IMAGE:
            return _SENTENCES.get(entry.kind, "").format(key=entry.key)
        repository, image = split_image(entry.key, location=self._options.location, host=self._options.host)
        said = f"Whoever may use {image} may use every image of the repository {repository.name}"
        others = self._others(repository.resource, image)
        more = f" and {len(others) - NAMED} more" if len(others) > NAMED else ""
        return f"{said}: {', '.join(others[:NAMED])}{more}." if others else f"{said}."

    def _others(self, resource: str, image: str) -> list[str]:
        asked = types.ListDockerImagesRequest(parent=resource, page_size=100)
        try:
            with google_errors("Artifact Registry"):
                found = self._clients.registry.list_docker_images(
                    asked, retry=None, timeout=self._clients.timeout
                )
                names = {image_name(one.name) for one in next(iter(found.pages)).docker_images}
        except (ConnectorError, StopIteration):
            return []
        return sorted(names - {image})

    def _one(self, entry: Entry) -> Entry | None:
        match entry.kind:
            case "group":
                group = self._groups.find(entry.key)
                return self._layout.group_entry(entry.key, group.mark) if group and group.mark else None
            case "image":
                return self._image(entry.key)
            case "account":
                account = self._accounts.find(entry.key)
                return self._account(account, self._joined([account.email])) if account else None
            case "member":
                addresses = dict.fromkeys([*entry.values("address"), *self._people.addresses(entry.key)])
                return self._person(entry.key, self._joined(list(addresses)))
        return next((one for one in self._key(entry.key.partition("#")[0]) if one.key == entry.key), None)

    def _everything(self) -> Iterator[Entry]:
        bundles = [one for one in self._groups.ours() if one.mark and one.mark.project]
        yield from (self._layout.group_entry(one.address, one.mark) for one in bundles if one.mark)
        members = [(group, one) for group in bundles for one in self._groups.members(group)]
        yield from self._accounts_in(members)
        yield from self._people_in(members)
        yield from self._images_of(bundles)
        for crypto_key in dict.fromkeys(self._options.kms_keys.values()):
            yield from self._key(crypto_key)

    def _accounts_in(self, members: Sequence[tuple[Group, Membership]]) -> Iterator[Entry]:
        for account in self._accounts.ours():
            mine = [pair for pair in members if pair[1].address == account.email]
            if (found := self._account(account, mine)) is not None:
                yield found

    def _people_in(self, members: Sequence[tuple[Group, Membership]]) -> Iterator[Entry]:
        known = self._people.subjects({one.address for _, one in members})
        of: dict[str, list[tuple[Group, Membership]]] = {}
        for group, one in members:
            if one.address in known:
                of.setdefault(known[one.address], []).append((group, one))
        for subject, mine in of.items():
            if (found := self._person(subject, mine)) is not None:
                yield found

    def _images_of(self, bundles: Sequence[Group]) -> Iterator[Entry]:
        images = {image for one in bundles if one.mark for image in one.mark.images}
        views = {
            resource: self._bindings.view(resource).all
            for resource in {self._layout.repository(i) for i in images}
        }
        for image in sorted(images):
            found = self._bound(image, views[self._layout.repository(image)])
            if found is not None:
                yield found

    def _image(self, image: str) -> Entry | None:
        try:
            return self._bound(image, self._bindings.view(self._layout.repository(image)).all)
        except NotFound:
            return None

    def _bound(self, image: str, bound: Collection[tuple[str, str]]) -> Entry | None:
        marks = {pair: self._bindings.mark(pair[1]) for pair in bound}
        mine = sorted(f"{role} {group}" for (role, group), m in marks.items() if m and image in m.images)
        return self._made(IMAGE, image, [("binding", one) for one in mine]) if mine else None

    def _key(self, crypto_key: str) -> list[Entry]:
        of: dict[str, list[str]] = {}
        for _, group in sorted(self._bindings.view(crypto_key).all):
            if (mark := self._bindings.mark(group)) is not None:
                of.setdefault(mark.project, []).append(group)
        return [
            self._made(KEY, f"{crypto_key}#{project}", [("group", one) for one in groups])
            for project, groups in of.items()
        ]

    def _joined(self, addresses: Sequence[str]) -> list[tuple[Group, Membership]]:
        """Memberships of these addresses in our bundles, with their ends."""
        found = [pair for address in addresses for pair in self._groups.direct(address.lower())]
        found = [(group, one) for group, one in found if group.mark and group.mark.project]
        if self._groups.endless:
            return found
        read = [(group, self._groups.member(one.name)) for group, one in found]
        return [(group, one) for group, one in read if one is not None]

    def _person(self, subject: str, mine: Sequence[tuple[Group, Membership]]) -> Entry | None:
        if not mine:
            return None
        addresses = [("address", one) for one in sorted({one.address for _, one in mine})]
        return self._made(MEMBER, subject, addresses + self._in(mine))

    def _account(self, account: Account, mine: Sequence[tuple[Group, Membership]]) -> Entry | None:
        if account.disabled:
            return None
        project = ("project", account.mark.project)
        address = ("seen_address", account.email)
        return self._made(ACCOUNT, base_of(account), [project, address, *self._in(mine)])

    def _in(self, mine: Sequence[tuple[Group, Membership]]) -> list[tuple[str, str]]:
        groups = [("group", address) for address in sorted({group.address for group, _ in mine})]
        known = [] if self._options.expiry == "false" else mine
        return groups + [self._layout.until(group.address, one.ends) for group, one in known if one.ends]

    def _made(self, kind: str, key: str, attributes: Sequence[tuple[str, str]]) -> Entry:
        fixed = self._layout.empty(Place(kind, key)).attributes
        return Entry(self._options.target, kind, key, (*fixed, *attributes))


_SENTENCES = {
    GROUP: "The group {key} holds the people of one project for one set of images.",
    ACCOUNT: "The service account {key} pulls for the project's machines; it is disabled with the last grant.",
    MEMBER: "{key} is in the groups named; Google may need minutes to act on it, for a removal hours.",
    KEY: "Models encrypted with {key} can be decrypted.",
}


def image_name(resource: str) -> str:
    """The image a `dockerImages` resource is of: `…/dockerImages/team%2Fmodel@sha256:…` is `team/model`."""
    return unquote(resource.rpartition("/dockerImages/")[2]).partition("@")[0]
