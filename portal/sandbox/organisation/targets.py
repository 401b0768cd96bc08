"""The demo's further targets: made known to Purser, filled with images, read into the catalogue."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from audit.ledger.actors import Actor
from grants.catalogue.models import Image, Registry
from grants.catalogue.readers import reader_for
from grants.catalogue.registries import keep_targets
from grants.catalogue.services import upload_scan
from grants.catalogue.sync import sync_registry
from grants.catalogue.target_file import read_targets
from portal.sandbox.images import Finding, build_image, sample_trivy_report
from portal.webhooks.harbor_scans import harbor_reader, read_missing

PLACE = "ml-platform/europe-west4/models"
"""Project, location and repository of the demo's images at Google."""
BUILT = datetime(2026, 10, 20, tzinfo=UTC)


@dataclass(frozen=True)
class GoogleImage:
    """One image of the stand-in for Artifact Registry; both tags point to the same digest."""

    name: str
    purpose: str
    version: str
    findings: tuple[Finding, ...] = ()


GOOGLE_IMAGES = (
    GoogleImage("embedding-server", "Turns documents into vectors", "2.1.0"),
    GoogleImage("rag-gateway", "Answers questions from indexed documents", "0.9.4",
                (("CVE-2026-11850", "MEDIUM", "libexpat1", "2.5.0-1", "2.5.0-2"),)),
)  # fmt: skip


def seed_targets(path: Path, *, by: Actor, now: datetime) -> None:
    """Keep the targets of the file, push Google's images, read each registry, and what was found in its images."""
    file = read_targets(path.read_bytes())
    keep_targets(file=file, by=by)
    for registry in Registry.objects.filter(key__in=[target.key for target in file.registry]).order_by("key"):
        digests = _push(registry) if registry.kind == "google" else {}
        sync_registry(registry=registry, client=reader_for(registry), by=by, now=now)
        if registry.kind == "harbor":
            with harbor_reader(registry) as reader:
                read_missing(registry=registry, reader=reader, now=now)
        for image in GOOGLE_IMAGES if digests else ():
            _describe(registry, image, digests[image.name], by=by, now=now)


def _push(registry: Registry) -> dict[str, str]:
    """Put Google's images where they are not; the digest of each."""
    digests = {}
    for image in GOOGLE_IMAGES:
        built = build_image([{"README": image.purpose.encode()}], created=BUILT)
        digests[image.name] = built.digest
        sent = {
            "repository": PLACE,
            "image": image.name,
            "digest": built.digest,
            "tags": ["stable", image.version],
            "size": built.size,
        }
        answer = httpx.post(f"{registry.api_url}/sandbox/images", json=sent, timeout=10, trust_env=False)
        answer.raise_for_status()
    return digests


def _describe(registry: Registry, sample: GoogleImage, digest: str, *, by: Actor, now: datetime) -> None:
    """What its lists do not say of an image: what it is for, and what a scanner found."""
    project, _, repository = PLACE.split("/")
    image = Image.objects.get(registry=registry, repository=f"{project}/{repository}/{sample.name}")
    if image.versions.get(digest=digest).scans.exists():
        return
    Image.objects.filter(pk=image.pk, purpose="").update(purpose=sample.purpose)
    report = sample_trivy_report(image.reference, digest, sample.findings, now - timedelta(days=1))
    upload_scan(image=image, report=json.dumps(report).encode(), by=by, now=now)
