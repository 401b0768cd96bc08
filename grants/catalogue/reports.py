"""Trivy's JSON report (schema 2), read with suspicion: it comes from outside. Pure but for pydantic."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

LARGEST_REPORT = 10 * 1024 * 1024
"""Bytes. A report of a big GPU image with 3,000 findings is about 6 MB."""
MOST_FINDINGS_KEPT = 500
SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "UNKNOWN")

NoneIsEmpty = BeforeValidator(lambda value: [] if value is None else value)

# PostgreSQL takes no NUL.
Text = Annotated[str, AfterValidator(lambda text: text.replace("\0", ""))]


class Vulnerability(BaseModel):
    """One finding. Trivy leaves keys out when they are empty."""

    model_config = ConfigDict(extra="ignore", str_max_length=20_000)
    id: Text = Field(alias="VulnerabilityID")
    package: Text = Field("", alias="PkgName")
    installed: Text = Field("", alias="InstalledVersion")
    fixed: Text = Field("", alias="FixedVersion")
    severity: Text = Field("UNKNOWN", alias="Severity")
    title: Text = Field("", alias="Title")


class Target(BaseModel):
    """One part of the image that was scanned: its packages, a lock file, ..."""

    model_config = ConfigDict(extra="ignore")
    vulnerabilities: Annotated[list[Vulnerability], NoneIsEmpty] = Field([], alias="Vulnerabilities")


class Metadata(BaseModel):
    """What was scanned."""

    model_config = ConfigDict(extra="ignore")
    os: dict[str, Any] | None = Field(None, alias="OS")
    digests: Annotated[list[str], NoneIsEmpty] = Field([], alias="RepoDigests")


class Report(BaseModel):
    """The whole report. Facts: https://trivy.dev, `pkg/types/report.go`."""

    model_config = ConfigDict(extra="ignore")
    schema_version: int = Field(alias="SchemaVersion", ge=2, le=2)
    created_at: datetime = Field(alias="CreatedAt")
    artifact: str = Field("", alias="ArtifactName")
    metadata: Metadata = Field(default_factory=lambda: Metadata.model_validate({}), alias="Metadata")
    results: Annotated[list[Target], NoneIsEmpty] = Field([], alias="Results")


@dataclass(frozen=True)
class Findings:
    """What a report says, counted. `supported` is False when Trivy looked and knew nothing of what it saw."""

    scanned_at: datetime
    digests: tuple[str, ...]
    artifact: str
    counts: dict[str, int]
    findings: list[dict[str, str]]
    supported: bool


class Unreadable(ValueError):
    """The report cannot be read; `str()` says where and why in plain words."""


def read_report(raw: bytes) -> Findings:
    """Read a report. Raises Unreadable with the first place that is wrong."""
    if len(raw) > LARGEST_REPORT:
        raise Unreadable(f"larger than {LARGEST_REPORT // 2**20} MB")
    try:
        report = Report.model_validate_json(raw)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the document"
        raise Unreadable(f"{where}: {first['msg']}") from None
    if report.created_at.tzinfo is None:
        raise Unreadable("CreatedAt: the time has no zone")
    if not 2000 <= report.created_at.year <= 9000:
        raise Unreadable("CreatedAt: no scan was made then")
    return _counted(report)


def _counted(report: Report) -> Findings:
    found = [v for target in report.results for v in target.vulnerabilities]
    counts = Counter(v.severity if v.severity in SEVERITIES else "UNKNOWN" for v in found)
    # A finding is listed once for each place it was seen; people read it once.
    seen = {(v.id, v.package, v.installed): v for v in found}
    worst_first = sorted(seen.values(), key=lambda v: (_rank(v.severity), v.id))
    return Findings(
        scanned_at=report.created_at,
        digests=tuple(name.partition("@")[2] for name in report.metadata.digests),
        artifact=report.artifact,
        counts={severity.lower(): counts[severity] for severity in SEVERITIES},
        findings=[v.model_dump() for v in worst_first[:MOST_FINDINGS_KEPT]],
        supported=bool(report.results or report.metadata.os),
    )


def _rank(severity: str) -> int:
    return SEVERITIES.index(severity) if severity in SEVERITIES else len(SEVERITIES)
