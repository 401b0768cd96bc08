"""What Purser applied at Google, in Terraform. Pure.

Resources and import ids as the documents of the provider `hashicorp/google` have them; never run against Google.
`…_iam_member` only adds; Terraform's authoritative kinds (`…_iam_binding`, `…_iam_policy`) would delete what others
and Purser add, so they are not written.
"""

from collections.abc import Iterator, Sequence

from grants.connectors.base import Entry
from grants.connectors.google_layout import ACCOUNT, GROUP, IMAGE, KEY, MEMBER, GoogleOptions
from grants.connectors.google_names import Mark
from grants.connectors.hcl import Attribute, Block, Comment, Item, Raw, digest, label

DECRYPTER = "roles/cloudkms.cryptoKeyDecrypter"
BINDING, KEY_BINDING = "google_artifact_registry_repository_iam_member", "google_kms_crypto_key_iam_member"
_FORUM = "cloudidentity.googleapis.com/groups.discussion_forum"
_MARK = "purser/1"
UNVERIFIED = Comment("The form of this id is not verified.", above=True)
NO_IDS = (
    "Groups and memberships have no import block: Google makes up their ids, which Purser does not keep. A group's id "
    "is what `gcloud identity groups describe ADDRESS --format='value(name)'` says (groups/ID), a membership's is "
    "groups/ID/memberships/ID (not verified)."
)
WHERE_IT_ENDS = (
    "Memberships are written with their end. Where the licence does not allow ends, take expiry_detail out: Google "
    "would refuse them. Several repositories of many bundles are bound by way of one group of groups; here each bundle "
    "is bound by itself."
)


def google_items(entries: Sequence[Entry], options: GoogleOptions) -> list[Item]:
    """The entries of one Google target as resources: groups, accounts, memberships, then what they may use."""
    of = {kind: [one for one in entries if one.kind == kind] for kind in (GROUP, ACCOUNT, IMAGE, MEMBER, KEY)}
    writer = _Writer(options, {one.key for one in of[GROUP]})
    items: list[Item] = [Comment(NO_IDS), Comment(WHERE_IT_ENDS)]
    items += [writer.group(one) for one in of[GROUP]]
    for entry in of[ACCOUNT]:
        items += writer.account(entry)
    for entry in of[MEMBER]:
        items += writer.memberships(entry, [(entry.key.replace(":", "-"), one) for one in _addresses(entry)])
    return items + writer.bindings(of[IMAGE]) + writer.key_bindings(of[KEY])


class _Writer:
    """Blocks of one target. `groups`: the addresses that this file makes."""

    def __init__(self, options: GoogleOptions, groups: set[str]) -> None:
        self._options = options
        self._groups = groups

    def group(self, entry: Entry) -> Block:
        """The group of a bundle, with the mark by which Purser knows it."""
        images = tuple(sorted(entry.values("image")))
        mark = Mark(self._options.target, entry.first("project"), entry.first("role"), images)
        config = "EMPTY" if self._options.empty_groups else "WITH_INITIAL_OWNER"
        body: list[Attribute | Block] = [
            Attribute("display_name", entry.key.partition("@")[0]),
            Attribute("description", mark.text()),
            Attribute("parent", f"customers/{self._options.customer}"),
            Attribute("initial_group_config", config),
            Attribute("labels", {_FORUM: ""}),
            Block("group_key", body=[Attribute("id", entry.key)]),
        ]
        return Block("resource", ("google_cloud_identity_group", _group_label(entry.key)), body)

    def account(self, entry: Entry) -> Iterator[Item]:
        """A project's service account, named by a variable: Purser keeps only what its name begins with."""
        name = label(entry.key)
        email = f"var.{name}_email"
        yield self._email(entry, f"{name}_email")
        mark = Mark(self._options.target, entry.first("project"), "").text()
        yield Block(
            "resource",
            ("google_service_account", name),
            [
                Attribute("project", self._options.account_project),
                Attribute("account_id", Raw(f'split("@", {email})[0]')),
                Attribute("display_name", entry.key),
                Attribute("description", mark[mark.index(_MARK) :]),
            ],
        )
        prefix = f"projects/{self._options.account_project}/serviceAccounts/"
        yield from _imported("google_service_account", name, Raw(f'"{prefix}${{{email}}}"'))
        yield from self.memberships(entry, [(name, Raw(f"google_service_account.{name}.email"))])

    def _email(self, entry: Entry, name: str) -> Block:
        search = f"gcloud iam service-accounts list --filter=email:{entry.key}-"
        said = f"Address of the service account of the project {entry.first('project')}: {search}"
        body = [Attribute("description", said), Attribute("type", Raw("string"))]
        known = entry.first("seen_address")
        return Block("variable", (name,), [*body, Attribute("default", known)] if known else body)

    def memberships(self, entry: Entry, members: Sequence[tuple[str, object]]) -> Iterator[Item]:
        """Everybody of `members` (a name for the block, and the address) in each group of the entry."""
        ends = {
            name.partition(":")[2]: value
            for name, value in entry.attributes
            if name.startswith(("until:", "seen_until:"))
        }
        for group in sorted(entry.values("group")):
            for name, address in members:
                if group in self._groups:
                    yield _membership(group, name, address, ends.get(group, ""))
                else:
                    yield Comment(f"Left out, because {group} is not seen in place yet: {name} in it.")

    def bindings(self, entries: Sequence[Entry]) -> list[Item]:
        """What the groups may do, once for each repository: IAM knows nothing smaller."""
        pairs = {(one.first("repository"), binding) for one in entries for binding in one.values("binding")}
        items: list[Item] = []
        for resource, binding in sorted(pairs):
            role, _, group = binding.partition(" ")
            _, project, _, location, _, repository = resource.split("/")
            where = {"project": project, "location": location, "repository": repository}
            name = label(
                repository, role.rpartition(".")[2], group.partition("@")[0], digest(resource, binding)
            )
            items += self._bound(BINDING, name, where, role, group, resource)
        return items

    def key_bindings(self, entries: Sequence[Entry]) -> list[Item]:
        """Which groups may decrypt with which keys."""
        pairs = {(one.first("crypto_key"), group) for one in entries for group in one.values("group")}
        items: list[Item] = []
        for key, group in sorted(pairs):
            name = label(key.rpartition("/")[2], group.partition("@")[0], digest(key, group))
            items += self._bound(KEY_BINDING, name, {"crypto_key_id": key}, DECRYPTER, group, key)
        return items

    def _bound(
        self, kind: str, name: str, where: dict[str, str], role: str, group: str, resource: str
    ) -> Iterator[Item]:
        known = group in self._groups
        reference = f"google_cloud_identity_group.{_group_label(group)}.group_key[0].id"
        member = Raw(f'"group:${{{reference}}}"') if known else f"group:{group}"
        body = [Attribute(key, value) for key, value in where.items()]
        body += [Attribute("role", role), Attribute("member", member)]
        yield Block("resource", (kind, name), body)
        yield from _imported(kind, name, f"{resource} {role} group:{group}")


def _imported(kind: str, name: str, identity: object) -> tuple[Item, Item]:
    block = Block("import", body=[Attribute("to", Raw(f"{kind}.{name}")), Attribute("id", identity)])
    return UNVERIFIED, block


def _membership(group: str, name: str, address: object, ends: str) -> Block:
    role: list[Attribute | Block] = [Attribute("name", "MEMBER")]
    if ends:
        role.append(Block("expiry_detail", body=[Attribute("expire_time", ends)]))
    body: list[Attribute | Block] = [
        Attribute("group", Raw(f"google_cloud_identity_group.{_group_label(group)}.id")),
        Attribute("create_ignore_already_exists", True),
        Block("preferred_member_key", body=[Attribute("id", address)]),
        Block("roles", body=role),
    ]
    made = label(group.partition("@")[0], name)
    return Block("resource", ("google_cloud_identity_group_membership", made), body)


def _group_label(address: str) -> str:
    return label(address.partition("@")[0])


def _addresses(entry: Entry) -> list[str]:
    return sorted(entry.values("address"))
