"""Reading a registry into the catalogue: what is new, what moved, what is gone, and what could not be read."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

import pytest

from audit.ledger.actors import system
from audit.ledger.models import Event
from grants.catalogue.models import Image, Registry, Version
from grants.catalogue.sync import sync_registry
from grants.catalogue.testing import make_registry
from grants.connectors.errors import ConnectorError, NotFound, Transient
from grants.connectors.manifests import Manifest

NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@dataclass
class FakeRegistry:
    """Repository -> tag -> digest, with faults by repository (or `*`)."""

    content: dict[str, dict[str, str]]
    faults: dict[str, ConnectorError] = field(default_factory=dict)
    manifests_read: list[str] = field(default_factory=list)

    def repositories(self) -> list[str]:
        self._fail("*")
        return list(self.content)

    def tags(self, repository: str) -> list[str]:
        self._fail(repository)
        return list(self.content[repository])

    def head_manifest(self, repository: str, reference: str) -> str:
        return self.content[repository][reference]

    def manifest(self, repository: str, reference: str) -> Manifest:
        self.manifests_read.append(reference)
        labels = (("org.opencontainers.image.title", "Base"), ("framework", "pytorch"))
        return Manifest(
            repository, reference, reference, "application/x", 1234, ("linux/amd64",), labels, NOW
        )

    def _fail(self, name: str) -> None:
        if name in self.faults:
            raise self.faults[name]


@pytest.fixture
def registry() -> Registry:
    return make_registry()


def read(registry: Registry, client: FakeRegistry):  # type: ignore[no-untyped-def]
    return sync_registry(registry=registry, client=client, by=system("catalogue"), now=NOW)


def tags() -> dict[str, str]:
    return {
        f"{tag.image.repository}:{tag.name}": tag.version.digest
        for image in Image.objects.all()
        for tag in image.tags.select_related("version", "image")
    }


def test_a_first_reading_fills_the_catalogue(registry: Registry) -> None:
    report = read(
        registry, FakeRegistry({"ai/torch": {"stable": "d1", "1.0": "d1"}, "ai/yolo": {"stable": "d2"}})
    )
    assert (report.repositories, report.new_versions, report.moved_tags, report.failed) == (2, 2, 3, {})
    assert tags() == {"ai/torch:stable": "d1", "ai/torch:1.0": "d1", "ai/yolo:stable": "d2"}
    image = Image.objects.get(repository="ai/torch")
    version = image.versions.get()
    assert (image.title, version.size, version.labels["framework"]) == ("Base", 1234, "pytorch")
    registry.refresh_from_db()
    assert (registry.synced_at, registry.sync_error) == (NOW, "")


def test_a_second_reading_reads_no_manifest_and_records_nothing(registry: Registry) -> None:
    content = {"ai/torch": {"stable": "d1"}}
    read(registry, FakeRegistry(content))
    again = FakeRegistry(content)
    assert read(registry, again).changed is False
    assert again.manifests_read == []
    assert Event.objects.filter(kind="grants.catalogue.read").count() == 1


def test_a_moved_tag_points_to_the_new_version_and_the_old_one_stays(registry: Registry) -> None:
    read(registry, FakeRegistry({"ai/torch": {"stable": "d1", "old": "d1"}}))
    report = read(registry, FakeRegistry({"ai/torch": {"stable": "d2"}}))
    assert (report.new_versions, report.moved_tags) == (1, 2)
    assert tags() == {"ai/torch:stable": "d2"}
    assert set(Image.objects.get().versions.values_list("digest", flat=True)) == {"d1", "d2"}


def test_an_emptied_repository_is_gone_and_comes_back(registry: Registry) -> None:
    read(registry, FakeRegistry({"ai/torch": {"stable": "d1"}}))
    assert read(registry, FakeRegistry({"ai/torch": {}}, {"ai/torch": NotFound("no tags")})).gone == 1
    assert Image.objects.get().present is False
    read(registry, FakeRegistry({"ai/torch": {"stable": "d1"}}))
    assert Image.objects.get().present is True


def test_one_unreadable_repository_does_not_stop_the_others(registry: Registry) -> None:
    read(registry, FakeRegistry({"ai/bad": {"stable": "d0"}}))
    client = FakeRegistry({"ai/bad": {}, "ai/good": {"stable": "d1"}}, {"ai/bad": Transient("It was slow.")})
    report = read(registry, client)
    assert report.failed == {"ai/bad": "It was slow."}
    assert tags() == {"ai/bad:stable": "d0", "ai/good:stable": "d1"}
    assert set(Image.objects.filter(present=True).values_list("repository", flat=True)) == {
        "ai/bad",
        "ai/good",
    }


def test_an_unreachable_registry_says_so_and_keeps_the_last_reading(registry: Registry) -> None:
    read(registry, FakeRegistry({"ai/torch": {"stable": "d1"}}))
    with pytest.raises(Transient):
        read(registry, FakeRegistry({}, {"*": Transient("The registry does not answer.")}))
    registry.refresh_from_db()
    assert (registry.sync_error, registry.synced_at) == ("The registry does not answer.", NOW)
    assert Image.objects.get().present is True


def test_what_people_wrote_stays(registry: Registry) -> None:
    read(registry, FakeRegistry({"ai/torch": {"stable": "d1"}}))
    Image.objects.update(title="Our torch")
    read(registry, FakeRegistry({"ai/torch": {"stable": "d2"}}))
    assert Image.objects.get().title == "Our torch"


@pytest.mark.parametrize(
    "built",
    ["0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00", "2026-11-20T10:00:00"],
)
def test_an_image_built_at_no_possible_time_keeps_nothing_from_being_read(
    registry: Registry, built: str
) -> None:
    class Strange(FakeRegistry):
        def manifest(self, repository: str, reference: str) -> Manifest:
            return replace(super().manifest(repository, reference), created=datetime.fromisoformat(built))

    assert read(registry, Strange({"ai/torch": {"stable": "d1"}})).new_versions == 1
    assert [version.built_at for version in Version.objects.all()] == [None]


def test_a_label_the_database_cannot_keep_is_cleaned(registry: Registry) -> None:
    class Strange(FakeRegistry):
        def manifest(self, repository: str, reference: str) -> Manifest:
            labels = (("org.opencontainers.image.title", "Ba\x00se"), ("a\x00b", "c\x00d"))
            return replace(super().manifest(repository, reference), labels=labels)

    read(registry, Strange({"ai/torch": {"stable": "d1"}}))
    image = Image.objects.get()
    assert (image.title, image.versions.get().labels["ab"]) == ("Base", "cd")
