"""Reading a registry into the catalogue: repositories, tags and what each digest holds."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from audit.ledger.actors import Actor
from audit.ledger.services import audited, record
from grants.catalogue.models import Image, Registry, Tag, Version
from grants.catalogue.signals import catalogue_changed
from grants.connectors.errors import ConnectorError, NotFound
from grants.connectors.manifests import Manifest

POSSIBLE = (1970, 9000)
"""Years in which an image may say it was built. Tools that build reproducibly write year 1."""


class Reader(Protocol):
    """What reading needs of a registry's client (grants.connectors.registry.RegistryClient has it)."""

    def repositories(self) -> list[str]:
        """Names of all repositories, emptied ones too."""
        ...

    def tags(self, repository: str) -> list[str]:
        """Names of a repository's tags."""
        ...

    def head_manifest(self, repository: str, reference: str) -> str:
        """The digest a tag points to now."""
        ...

    def manifest(self, repository: str, reference: str) -> Manifest:
        """What a digest holds."""
        ...


@dataclass
class SyncReport:
    """What one reading found. `failed` names repositories that could not be read, with why."""

    repositories: int = 0
    new_versions: int = 0
    moved_tags: int = 0
    gone: int = 0
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def changed(self) -> bool:
        """Whether the catalogue is different now."""
        return bool(self.new_versions or self.moved_tags or self.gone)


@dataclass(frozen=True)
class Reading:
    """One repository as the registry has it: tag to digest, and the manifests not known before."""

    repository: str
    tags: dict[str, str]
    manifests: dict[str, Manifest]


def sync_registry(*, registry: Registry, client: Reader, by: Actor, now: datetime) -> SyncReport:
    """Read the registry, then write what changed. The network is never used inside a transaction.

    A repository that cannot be read is named in the report and left as it was. Raises ConnectorError when the
    registry itself cannot be read; `sync_error` then says so and pages show the last reading.
    """
    report = SyncReport()
    try:
        names = client.repositories()
    except ConnectorError as error:
        Registry.objects.filter(pk=registry.pk).update(sync_error=str(error)[:500])
        raise
    known = set(Version.objects.filter(image__registry=registry).values_list("image__repository", "digest"))
    readings = [reading for name in names if (reading := _read(client, name, known, report))]
    with audited(by=by):
        for reading in readings:
            _write(registry, reading, report, now=now)
        _mark_gone(registry, {reading.repository for reading in readings}, report)
        Registry.objects.filter(pk=registry.pk).update(synced_at=now, sync_error="")
        if report.changed:
            _record(registry, report)
            catalogue_changed.send(Registry, registry_id=registry.pk)
    return report


def _read(client: Reader, repository: str, known: set[tuple[str, str]], report: SyncReport) -> Reading | None:
    report.repositories += 1
    try:
        tags = {tag: client.head_manifest(repository, tag) for tag in client.tags(repository)}
        new = {digest for digest in tags.values() if (repository, digest) not in known}
        return Reading(repository, tags, {digest: client.manifest(repository, digest) for digest in new})
    except NotFound:
        return None  # emptied: the catalog still lists repositories whose last tag was deleted
    except ConnectorError as error:
        report.failed[repository] = str(error)
        return None


def _write(registry: Registry, reading: Reading, report: SyncReport, *, now: datetime) -> None:
    if not reading.tags:
        return
    image, _created = Image.objects.get_or_create(registry=registry, repository=reading.repository)
    for digest, manifest in reading.manifests.items():
        _version, created = Version.objects.get_or_create(
            image=image, digest=digest, defaults=_version_fields(manifest, now)
        )
        report.new_versions += created
    _write_tags(image, reading.tags, report, now=now)
    _describe(image, reading)


def _version_fields(manifest: Manifest, now: datetime) -> dict[str, object]:
    return {
        "media_type": manifest.media_type,
        "size": manifest.size,
        "architectures": [_plain(name) for name in manifest.architectures],
        "labels": _labels(manifest),
        "built_at": _possible(manifest.created),
        "seen_at": now,
    }


def _labels(manifest: Manifest) -> dict[str, str]:
    return {_plain(name): _plain(value) for name, value in manifest.labels}


def _plain(text: str) -> str:
    # Whoever may push writes these; PostgreSQL takes no NUL, and one image must not stop the reading of all.
    return text.replace("\0", "")


def _possible(created: datetime | None) -> datetime | None:
    """The time, unless it has no zone or lies where no image was built: it could not be kept or read again."""
    known = created is not None and created.tzinfo is not None and POSSIBLE[0] <= created.year <= POSSIBLE[1]
    return created if known else None


def _write_tags(image: Image, tags: dict[str, str], report: SyncReport, *, now: datetime) -> None:
    versions = dict(image.versions.filter(digest__in=tags.values()).values_list("digest", "pk"))
    standing = {tag.name: tag for tag in image.tags.select_related("version")}
    for name, digest in tags.items():
        old = standing.pop(name, None)
        if old is None or old.version.digest != digest:
            Tag.objects.update_or_create(
                image=image, name=name, defaults={"version_id": versions[digest], "moved_at": now}
            )
            report.moved_tags += 1
    for old in standing.values():
        old.delete()
        report.moved_tags += 1


def _describe(image: Image, reading: Reading) -> None:
    # What people wrote stays; labels only fill what is empty.
    labels = _labels(next(iter(reading.manifests.values()))) if reading.manifests else {}
    image.title = image.title or labels.get("org.opencontainers.image.title", "")[:160]
    image.purpose = image.purpose or labels.get("org.opencontainers.image.description", "")[:500]
    image.present = True
    image.save(update_fields=["title", "purpose", "present"])


def _mark_gone(registry: Registry, seen: set[str], report: SyncReport) -> None:
    gone = Image.objects.filter(registry=registry, present=True).exclude(
        repository__in=seen | set(report.failed)
    )
    report.gone = gone.update(present=False)


def _record(registry: Registry, report: SyncReport) -> None:
    record(
        "grants.catalogue.read",
        subject=f"registry:{registry.key}",
        detail={"new_versions": report.new_versions, "moved_tags": report.moved_tags, "gone": report.gone},
    )
