"""Changing the catalogue: scans uploaded, images restricted or blocked. Reading a registry is in `sync`."""

from datetime import datetime, timedelta

from django.utils.translation import gettext_lazy as _

from audit.ledger.actors import Actor
from audit.ledger.services import audited, record
from grants.catalogue.errors import BadReport, CatalogueError
from grants.catalogue.models import Image, Scan, Version
from grants.catalogue.reports import Findings, Unreadable, read_report
from grants.catalogue.signals import catalogue_changed, image_blocked

CLOCK_SKEW = timedelta(minutes=10)


def upload_scan(*, image: Image, report: bytes, by: Actor, now: datetime, digest: str = "") -> Scan:
    """Keep a Trivy report (schema 2, JSON) for the version it names by digest, or for `digest`.

    Records `grants.scan.uploaded`. Raises BadReport when it cannot be read, is from the future, or is about
    a version this image does not have.
    """
    try:
        findings = read_report(report)
    except Unreadable as error:
        raise BadReport(
            "unreadable_report",
            _("We could not read this as a Trivy JSON report: %(problem)s") % {"problem": str(error)},
        ) from None
    if findings.scanned_at > now + CLOCK_SKEW:
        raise BadReport(
            "future_report", _("This report says it was made in the future. Check the scanner's clock")
        )
    version = _version_of(image, findings, digest)
    with audited(by=by):
        scan = _keep(version, findings, by=by, now=now)
        record(
            "grants.scan.uploaded",
            subject=f"image:{image.pk}",
            image=image.reference,
            detail={
                "digest": version.digest,
                "verdict": scan.verdict,
                "critical": scan.critical,
                "high": scan.high,
            },
        )
        catalogue_changed.send(Image, registry_id=image.registry_id)
    return scan


def block_image(*, image: Image, reason: str, by: Actor, now: datetime, security: bool = False) -> Image:
    """Nobody may ask for the image from now on, and live grants of it end. Records `grants.image.blocked`.

    `security`: they end at once, however many they are; else the brake may hold many back.
    """
    with audited(by=by):
        locked = _mark(
            image, by=by, now=now, kind="blocked", reason=_required(reason), security=security, blocked=True
        )
        image_blocked.send(Image, image_id=image.pk, by=by, now=now, security=security)
    return locked


def unblock_image(*, image: Image, reason: str, by: Actor, now: datetime) -> Image:
    """The image may be asked for again; grants that ended stay ended. Records `grants.image.unblocked`."""
    return _mark(image, by=by, now=now, kind="unblocked", reason=reason, blocked=False)


def restrict_image(*, image: Image, reason: str, by: Actor, now: datetime) -> Image:
    """Requests for the image need the security lane too. Records `grants.image.restricted`."""
    return _mark(image, by=by, now=now, kind="restricted", reason=_required(reason), restricted=True)


def allow_image(*, image: Image, reason: str, by: Actor, now: datetime) -> Image:
    """Requests for the image need no more than usual. Records `grants.image.allowed`."""
    return _mark(image, by=by, now=now, kind="allowed", reason=reason, restricted=False)


def _required(reason: str) -> str:
    if not reason.strip():
        raise CatalogueError("reason_missing", _("Enter a reason"))
    return reason.strip()[:500]


def _mark(
    image: Image, *, by: Actor, now: datetime, kind: str, reason: str, security: bool = False, **marks: bool
) -> Image:
    with audited(by=by):
        locked = (
            Image.objects.select_for_update(no_key=True, of=("self",))
            .select_related("registry")
            .get(pk=image.pk)
        )
        (field, value), *_rest = marks.items()
        if getattr(locked, field) == value:
            raise CatalogueError("nothing_changed", _("This image is already marked so"))
        setattr(locked, field, value)
        setattr(locked, f"{field}_reason", reason[:500] if value else "")
        locked.save(update_fields=[field, f"{field}_reason"])
        record(
            f"grants.image.{kind}",
            subject=f"image:{image.pk}",
            image=locked.reference,
            detail={"reason": reason[:500], **({"security": True} if security else {})},
        )
        catalogue_changed.send(Image, registry_id=locked.registry_id)
    return locked


def _version_of(image: Image, findings: Findings, digest: str) -> Version:
    wanted = [digest] if digest else list(findings.digests)
    version = image.versions.filter(digest__in=wanted).first() if wanted else None
    if version is None and not wanted and (tag := image.tags.filter(name=_tag_of(findings.artifact)).first()):
        version = tag.version
    if version is None:
        raise BadReport(
            "unknown_version",
            _("This report is about a version that %(image)s does not have. Name its digest, or sync first")
            % {"image": image.reference},
        )
    return version


def _tag_of(artifact: str) -> str:
    return artifact.rpartition("/")[2].partition("@")[0].partition(":")[2] or "latest"


def _keep(version: Version, findings: Findings, *, by: Actor, now: datetime) -> Scan:
    return Scan.objects.create(
        version=version,
        scanned_at=findings.scanned_at,
        findings=findings.findings,
        supported=findings.supported,
        uploaded_by=by.name,
        uploaded_at=now,
        **findings.counts,
    )
