"""Reading the catalogue: what a viewer may see, what a reference means, what policy must know of an image."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Prefetch, Q, QuerySet, Subquery

from grants.catalogue.models import Image, Scan, Tag, Version
from grants.catalogue.reference import Reference, parse_reference
from grants.directory.standing import Standing


@dataclass(frozen=True)
class ImageFacts:
    """What policy needs to know of one image and tag, as the catalogue stands. `digest` is None when unknown."""

    image_id: int
    reference: str
    tag: str
    digest: str | None
    exists: bool
    blocked: bool
    restricted: bool
    verdict: str | None
    scanned_at: datetime | None
    critical: int
    high: int


@dataclass(frozen=True)
class ResolvedReference:
    """A reference looked up.

    `problem` is empty or one of `unreadable`, `unknown_host`, `unknown_image`, `unknown_tag`, `unknown_digest`.
    """

    text: str
    image: Image | None = None
    tag: str = ""
    digest: str = ""
    problem: str = ""


def images_visible_to(viewer: Standing | None) -> QuerySet[Image]:
    """Images the viewer may see: everybody in a team or with a role; people outside every team see none."""
    images = Image.objects.select_related("registry", "owner")
    if viewer is None or not (viewer.team_ids or viewer.roles):
        return images.none()
    return images


def with_newest(images: QuerySet[Image]) -> QuerySet[Image]:
    """The images with tags, their versions and each version's newest scan: three more queries, however many."""
    newest = Scan.objects.filter(version=OuterRef("version")).order_by("-scanned_at", "-pk").values("pk")[:1]
    scans = Scan.objects.filter(pk=Subquery(newest))
    versions = Version.objects.prefetch_related(Prefetch("scans", queryset=scans, to_attr="newest_scans"))
    tags = Tag.objects.order_by("-moved_at", "name").prefetch_related(Prefetch("version", queryset=versions))
    return images.prefetch_related(Prefetch("tags", queryset=tags, to_attr="newest_tags"))


def search_images(images: QuerySet[Image], text: str) -> QuerySet[Image]:
    """Images whose name, title, purpose, tag or digest holds the text. Plain matching: catalogues are small."""
    words = text.split()
    for word in words:
        images = images.filter(
            Q(repository__icontains=word)
            | Q(title__icontains=word)
            | Q(purpose__icontains=word)
            | Q(tags__name__iexact=word)
            | Q(versions__digest__startswith=word.removeprefix("@"))
        )
    return images.distinct() if words else images


def resolve_references(texts: Sequence[str], *, images: QuerySet[Image]) -> list[ResolvedReference]:
    """Look up many pasted references among the images given (what the asker may see). Order is kept."""
    parsed = [(text, parse_reference(text)) for text in texts]
    found = _images_by_reference(images, (reference for _, reference in parsed if reference))
    hosts = {image.registry.host for image in found.values()} | set(
        images.values_list("registry__host", flat=True).distinct()
    )
    pins = _digests(found.values())
    return [_resolved(text, reference, found, hosts, pins) for text, reference in parsed]


def resolve_reference(text: str, *, images: QuerySet[Image]) -> ResolvedReference:
    """Look up one pasted reference."""
    return resolve_references([text], images=images)[0]


def image_facts(pairs: Sequence[tuple[Image, str]]) -> list[ImageFacts]:
    """What policy must know of images, each with a tag or a pinned `sha256:…` digest: two queries."""
    tags = Tag.objects.filter(version=OuterRef("pk"), image=OuterRef("image")).values("name")
    rows = Version.objects.filter(image__in=[image for image, _ in pairs])
    versions = {(v.image_id, v.digest): v for v in rows.annotate(names=ArraySubquery(tags))}
    named = {(v.image_id, name): v for v in versions.values() for name in v.names}
    scans = newest_scans([version.pk for version in versions.values()])
    facts = []
    for image, tag in pairs:
        version = (versions if tag.startswith("sha256:") else named).get((image.pk, tag))
        facts.append(_facts(image, tag, version, scans.get(version.pk) if version else None))
    return facts


def newest_scans(version_ids: Iterable[int]) -> dict[int, Scan]:
    """The newest scan of each version, by version id."""
    rows = Scan.objects.filter(version__in=list(version_ids)).order_by("version_id", "-scanned_at", "-pk")
    return {scan.version_id: scan for scan in rows.distinct("version_id")}


def _facts(image: Image, tag: str, version: Version | None, scan: Scan | None) -> ImageFacts:
    return ImageFacts(
        image_id=image.pk,
        reference=image.reference,
        tag=tag,
        digest=version.digest if version else None,
        exists=bool(version and image.present),
        blocked=image.blocked,
        restricted=image.restricted,
        verdict=scan.verdict if scan else None,
        scanned_at=scan.scanned_at if scan else None,
        critical=scan.critical if scan else 0,
        high=scan.high if scan else 0,
    )


def _images_by_reference(
    images: QuerySet[Image], references: Iterable[Reference]
) -> dict[tuple[str, str], Image]:
    wanted = {(reference.host, reference.repository) for reference in references}
    rows = images.filter(repository__in={repository for _, repository in wanted})
    return {(image.registry.host, image.repository): image for image in rows}


def _digests(images: Iterable[Image]) -> dict[int, dict[str, str]]:
    pins: dict[int, dict[str, str]] = {}
    rows = Tag.objects.filter(image__in=list(images)).values_list("image_id", "name", "version__digest")
    for image_id, name, digest in rows:
        pins.setdefault(image_id, {})[name] = digest
    return pins


def _resolved(
    text: str,
    reference: Reference | None,
    found: dict[tuple[str, str], Image],
    hosts: set[str],
    pins: dict[int, dict[str, str]],
) -> ResolvedReference:
    if reference is None:
        return ResolvedReference(text, problem="unreadable")
    image = found.get((reference.host, reference.repository))
    if image is None:
        return ResolvedReference(text, problem="unknown_image" if reference.host in hosts else "unknown_host")
    if reference.digest:
        known = image.versions.filter(digest=reference.digest).exists()
        return ResolvedReference(
            text, image, reference.tag, reference.digest, "" if known else "unknown_digest"
        )
    tags = pins.get(image.pk, {})
    tag = reference.tag or ("latest" if "latest" in tags else "stable" if "stable" in tags else "latest")
    return ResolvedReference(text, image, tag, tags.get(tag, ""), "" if tag in tags else "unknown_tag")
