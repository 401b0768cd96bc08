"""The Distribution connector keeps the contract against a real docker-registry, and proves endings."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from grants.connectors.base import Change, Entry, Scope
from grants.connectors.distribution import DistributionConnector, RegistryClient
from grants.connectors.errors import Conflict, NotYet, Permanent
from grants.connectors.tests.decision_contract import SECRET, SHORT, Bench, ConnectorContract
from grants.connectors.tests.real_registry import RealRegistry, Signer, push_small_image, running_registry

pytestmark = pytest.mark.enable_loopback
NOW = datetime(2026, 5, 4, 12, 0, tzinfo=UTC)
BOB = Entry("lab", "member", "person:2", (("image", "fraud/scorer"), ("image", "fraud/train")))


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RealRegistry]:
    with running_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


class World:
    """What the token service would know: who may do what, and which tokens still run."""

    def __init__(self, registry: RealRegistry) -> None:
        self.registry = registry
        self.allowed: set[tuple[str, str, str]] = set()
        self.outstanding: dict[tuple[str | None, str | None], datetime] = {}
        self.now = NOW
        self.connector = self.connector_at(registry.url)

    def decide(self, subject: str, repository: str, action: str) -> bool:
        return (subject, repository, action) in self.allowed

    def mint(self, subject: str, repository: str, actions: tuple[str, ...]) -> str:
        scopes = [f"repository:{repository}:{','.join(actions)}"] if actions else []
        return self.registry.signer.token(scopes, subject=subject)

    def outstanding_until(self, subject: str | None, repository: str | None) -> datetime | None:
        return self.outstanding.get((subject, repository))

    def connector_at(self, url: str) -> DistributionConnector:
        timeout = 5.0 if url == self.registry.url else SHORT
        token_for = self.registry.token_for if url == self.registry.url else lambda _: SECRET
        return DistributionConnector(
            RegistryClient(url, token_for=token_for, timeout=timeout),
            decide=self.decide,
            mint=self.mint,
            outstanding_until=self.outstanding_until,
            clock=lambda: self.now,
        )

    def allow(self, subject: str, *repositories: str, action: str = "pull") -> None:
        self.allowed |= {(subject, repository, action) for repository in repositories}


@pytest.fixture
def world(registry: RealRegistry) -> World:
    for repository in ("fraud/scorer", "fraud/train", "other/kept"):
        push_small_image(registry, repository)
    return World(registry)


class MemberBench(World):
    entry = BOB
    applies_by_decision = True
    foreign = (Entry("lab", "image", "other/kept", (("tag", "stable"),)),)

    def permit(self) -> None:
        self.allow("person:2", "fraud/scorer", "fraud/train")

    def forbid(self) -> None:
        self.allowed.clear()


class ImageBench(MemberBench):
    entry = Entry("lab", "image", "fraud/scorer", (("tag", "stable"), ("subject", "person:2")))
    applies_by_decision = False


class TestMemberEntries(ConnectorContract):
    @pytest.fixture
    def bench(self, world: World) -> Bench:
        return MemberBench(world.registry)


class TestImageEntries(ConnectorContract):
    @pytest.fixture
    def bench(self, world: World) -> Bench:
        return ImageBench(world.registry)


def test_a_member_is_applied_only_when_every_image_is_allowed(world: World) -> None:
    world.allow("person:2", "fraud/scorer")
    with pytest.raises(Conflict):
        world.connector.apply(Change("apply", BOB))
    world.allow("person:2", "fraud/train")
    assert world.connector.apply(Change("apply", BOB)).detail == "Allowed for 2 of 2 images."


def test_observe_returns_only_the_images_a_member_really_reaches(world: World) -> None:
    world.allow("person:2", "fraud/train")
    (seen,) = world.connector.observe(Scope("lab", (BOB,)))
    assert seen.values("image") == ("fraud/train",)


def test_a_developer_entry_needs_push_too(world: World) -> None:
    entry = Entry(
        "lab", "member", "person:2", (("image", "fraud/scorer"), ("action", "pull"), ("action", "push"))
    )
    world.allow("person:2", "fraud/scorer")
    assert world.connector.probe(entry).allowed is False
    world.allow("person:2", "fraud/scorer", action="push")
    assert world.connector.probe(entry).allowed is True


def test_observe_without_entries_lists_the_repositories(world: World) -> None:
    seen = {entry.key for entry in world.connector.observe(Scope("lab"))}
    assert {"fraud/scorer", "fraud/train", "other/kept"} <= seen


def test_a_removal_waits_for_the_last_token_and_its_leeway(world: World) -> None:
    world.outstanding[("person:2", "fraud/train")] = NOW + timedelta(seconds=5)
    with pytest.raises(NotYet) as caught:
        world.connector.remove(Change("remove", BOB))
    assert caught.value.retry_after == 65.0
    world.now = NOW + timedelta(seconds=64)
    with pytest.raises(NotYet):
        world.connector.remove(Change("remove", BOB))
    world.now = NOW + timedelta(seconds=65)
    assert world.connector.remove(Change("remove", BOB)).proven


def test_a_removal_another_grant_justifies_is_a_conflict(world: World) -> None:
    world.allow("person:2", "fraud/train")
    with pytest.raises(Conflict, match="another grant allows it"):
        world.connector.remove(Change("remove", BOB))


def test_a_removed_image_waits_for_everybodys_tokens(world: World) -> None:
    world.outstanding[(None, "fraud/scorer")] = NOW
    entry = Entry("lab", "image", "fraud/scorer", (("tag", "stable"),))
    with pytest.raises(NotYet):
        world.connector.remove(Change("remove", entry))


def test_an_image_that_is_not_there_yet_is_still_let_in(world: World) -> None:
    probe = world.connector.probe(Entry("lab", "image", "fraud/none", (("tag", "stable"),)))
    assert (probe.allowed, probe.at) == (True, NOW)
    assert "404" in probe.detail
    assert world.connector.observe(Scope("lab", (Entry("lab", "image", "fraud/none"),))) == []


def test_a_token_of_an_unknown_signer_is_a_denial(world: World) -> None:
    strange = Signer()
    world.mint = lambda subject, repository, actions: strange.token([f"repository:{repository}:pull"])  # type: ignore[method-assign]
    connector = world.connector_at(world.registry.url)
    assert connector.probe(Entry("lab", "image", "fraud/scorer", (("tag", "stable"),))).allowed is False


def test_a_registry_that_lets_empty_tokens_in_is_named(world: World) -> None:
    world.mint = lambda subject, repository, actions: world.registry.token_for(
        [f"repository:{repository}:pull"]
    )  # type: ignore[method-assign]
    connector = world.connector_at(world.registry.url)
    with pytest.raises(Permanent, match="without access"):
        connector.remove(Change("remove", BOB))


def test_three_denials_are_asked_for(world: World) -> None:
    minted: list[tuple[str, ...]] = []
    mint = world.mint

    def counting(subject: str, repository: str, actions: tuple[str, ...]) -> str:
        minted.append(actions)
        return mint(subject, repository, actions)

    world.mint = counting  # type: ignore[method-assign]
    world.connector_at(world.registry.url).remove(Change("remove", BOB))
    assert minted == [(), (), ()]


def test_an_entry_of_an_unknown_kind_is_refused(world: World) -> None:
    with pytest.raises(Permanent):
        world.connector.probe(Entry("lab", "team", "x"))
    with pytest.raises(Permanent, match="must name its images"):
        world.connector.apply(Change("apply", Entry("lab", "member", "person:2")))
