"""A Google target for tests: stand-in, connector, and the oracle that reads the stand-in's state."""

import copy
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from grants.connectors.base import Entry
from grants.connectors.google import GoogleConnector
from grants.connectors.google_clients import Endpoints, GoogleClients
from grants.connectors.google_layout import GoogleLayout, GoogleOptions
from grants.connectors.google_names import moment_of
from grants.connectors.google_seen_out import SeenOut
from grants.connectors.tests.contract import NOW, TARGET, Case
from portal.sandbox.google.app import GoogleStandin, running_google
from portal.sandbox.google.state import GoogleState

PLACE = "projects/models/locations/europe-west1/repositories"
FRAUD, VISION = f"{PLACE}/fraud", f"{PLACE}/vision"
IMAGES = ("models/fraud/scorer", "models/fraud/features", "models/vision/detector")
CRYPTO_KEY = "projects/models/locations/europe-west1/keyRings/models/cryptoKeys/fraud"
HOURS = 3 * 3600.0
OPTIONS = GoogleOptions(
    target=TARGET,
    project="models",
    location="europe-west1",
    group_domain="example.com",
    customer="C0sandbox",
    account_project="models",
    expiry="true",
    pull_probe="latest",
    kms_keys={"models/vision/": CRYPTO_KEY},
    portal_account="purser@portal.iam.gserviceaccount.com",
)


@dataclass
class Directory:
    """Whose address is whose, in tests: person:<n> has the addresses written down."""

    known: dict[str, list[str]]

    def addresses(self, subject: str) -> Sequence[str]:
        return self.known.get(subject, [])

    def subjects(self, addresses: Collection[str]) -> Mapping[str, str]:
        return {one: subject for subject, mine in self.known.items() for one in mine if one in addresses}


PEOPLE = Directory(
    {"person:1": ["alice@example.com"], "person:2": ["bob@example.com"], "person:3": ["charlie@example.com"]}
)


def seeded_state(**fields: Any) -> GoogleState:
    """Two repositories with images, and what other people wrote there: conditions, deleted ones, a look-alike group."""
    state = GoogleState(start=NOW.timestamp(), **fields)
    for number, image in enumerate(IMAGES):
        resource = f"{PLACE}/{image.split('/')[1]}"
        if resource not in state.repositories:
            state.add_repository(resource)
        state.add_image(resource, image.split("/")[2], digest=f"sha256:{number:064x}", tags=["latest", "v1"])
    state.groups["g0"] = {
        "address": "purser-fake@example.com", "description": "a group of mine", "displayName": "fake",
        "members": {"m0": {"address": "eve@example.com", "type": "USER", "roles": ["MEMBER"], "ends": None,
                           "since": 0.0}},
    }  # fmt: skip
    state.policies[FRAUD] = {"etag": "first", "bindings": [
        {"role": "roles/artifactregistry.reader",
         "members": ["user:eve@example.com", "deleted:user:old@example.com?uid=7", "group:purser-fake@example.com"]},
        {"role": "roles/artifactregistry.reader", "members": ["domain:partner.com"],
         "condition": {"title": "soon over", "expression": 'request.time < timestamp("2026-12-01T00:00:00Z")'}},
        {"role": "roles/artifactregistry.admin", "members": ["serviceAccount:ci@build.iam.gserviceaccount.com"]},
    ]}  # fmt: skip
    return state


@dataclass
class Google:
    """The stand-in with the connector beside it."""

    app: GoogleStandin
    endpoints: Endpoints
    options: GoogleOptions
    people: Directory
    timeout: float = 0.3  # short: where answers are lost, each costs so much

    @property
    def state(self) -> GoogleState:
        return self.app.state

    @cached_property
    def clients(self) -> GoogleClients:
        """They remember nothing, and making them is slow: all connectors have the same."""
        return GoogleClients(endpoints=self.endpoints, timeout=self.timeout)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.state.clock(), UTC)

    def connector(self, **fields: Any) -> GoogleConnector:
        """A connector of a process that remembers nothing."""
        options = replace(self.options, **fields)
        return GoogleConnector(self.clients, options, people=self.people, clock=self.now, seen_out=SeenOut())

    def settle(self) -> None:
        self.state.offset += HOURS

    def policy_of(self, resource: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.state.policy(resource)["bindings"]
        return found

    def bound(self, resource: str, role: str, group: str) -> bool:
        """Whether a group stands in a policy, directly or through a pool that stands in it."""
        members = [m for one in self.policy_of(resource) if one["role"] == role for m in one["members"]]
        return any(
            member.startswith("group:") and self.is_in(group, member.removeprefix("group:"), self_too=True)
            for member in members
        )

    def is_in(self, address: str, group: str, *, self_too: bool = False) -> bool:
        key = self.state.group_by_address(group)
        if self_too and address == group and key is not None:
            return True
        return key is not None and any(
            one["address"] == address for one in self.state.live_members(key).values()
        )

    def ends(self, address: str, group: str) -> datetime | None:
        key = self.state.group_by_address(group) or ""
        found = [one["ends"] for one in self.state.live_members(key).values() if one["address"] == address]
        return datetime.fromtimestamp(found[0], UTC) if found and found[0] else None

    def truth(self, entry: Entry) -> bool:
        """Whether the outside system really gives what the entry says."""
        match entry.kind:
            case "group":
                return self.state.group_by_address(entry.key) is not None
            case "image":
                pairs = [one.split(" ") for one in entry.values("binding")]
                return all(self.bound(entry.first("repository"), *pair) for pair in pairs)
            case "account":
                mine = [email for email in self.state.accounts if email.startswith(f"{entry.key}-")]
                live = [email for email in mine if not self.state.accounts[email]["disabled"]]
                return bool(live) and self._in_all(live[0], entry)
            case "member":
                return self._in_all(entry.first("address"), entry)
        role = "roles/cloudkms.cryptoKeyDecrypter"
        return all(self.bound(entry.first("crypto_key"), role, group) for group in entry.values("group"))

    def _in_all(self, address: str, entry: Entry) -> bool:
        return all(
            self.is_in(address, group) and self._ends_right(address, group, entry)
            for group in entry.values("group")
        )

    def _ends_right(self, address: str, group: str, entry: Entry) -> bool:
        wanted = entry.first(f"until:{group}")
        return not wanted or self.ends(address, group) == moment_of(wanted)

    def undo(self, entry: Entry) -> None:
        """Take an entry away behind the connector's back."""
        state = self.state
        if entry.kind == "group":
            state.delete_group(state.group_by_address(entry.key) or "")
        elif entry.kind == "account":
            for email, account in state.accounts.items():
                account["disabled"] |= email.startswith(f"{entry.key}-")
        elif entry.kind == "member":
            for group in state.groups.values():
                mine = entry.first("address")
                group["members"] = {k: m for k, m in group["members"].items() if m["address"] != mine}
        else:
            resource = entry.first("repository") or entry.first("crypto_key")
            state.write_policy(resource, self.others(resource))

    def others(self, resource: str) -> list[dict[str, Any]]:
        """What of a policy is not ours."""
        kept = []
        for binding in copy.deepcopy(self.policy_of(resource)):
            ours = [m for m in binding["members"] if _looks_ours(m)]
            binding["members"] = [m for m in binding["members"] if m not in ours]
            kept += [binding] if binding["members"] else []
        return kept

    def foreign(self) -> Any:
        """A picture of everything that is not ours."""
        groups = {
            k: copy.deepcopy(g) for k, g in self.state.groups.items() if "purser/1" not in g["description"]
        }
        accounts = {e: dict(a) for e, a in self.state.accounts.items() if "purser/1" not in a["description"]}
        policies = {r: bindings for r in self.state.policies if (bindings := self.others(r))}
        return groups, accounts, policies


def _looks_ours(member: str) -> bool:
    return member.removeprefix("deleted:").startswith("group:purser-") and "fake" not in member


@contextmanager
def google(
    options: GoogleOptions = OPTIONS, people: Directory = PEOPLE, *, timeout: float = 0.3, **fields: Any
) -> Iterator[Google]:
    """A running stand-in. `timeout`: seconds a call may take; give more where no answer is ever lost."""
    app = GoogleStandin(seeded_state(**fields))
    with running_google(app) as endpoints:
        yield Google(app, endpoints, options, people, timeout)


def case_of(there: Google) -> Case:
    """The contract's view of it."""
    return Case(
        connector=there.connector(), layout=GoogleLayout(there.options), schedule=there.app.schedule, images=IMAGES,
        truth=there.truth, undo=there.undo, foreign=there.foreign, settle=there.settle,
    )  # fmt: skip
