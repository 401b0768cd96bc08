"""Harbor's vulnerability reports as the catalogue takes scan reports: Trivy's JSON, schema 2. Pure.

Facts: Harbor 2.15, `GET .../additions/vulnerabilities`: a map by report type to `{generated_at, scanner, severity,
vulnerabilities[]}`. An artifact that was never scanned has an empty map: that is no report, not a clean one.
"""

import json
from collections.abc import Mapping
from typing import Any

from grants.connectors.errors import Malformed

REPORT_TYPES = (
    "application/vnd.security.vulnerability.report; version=1.1",
    "application/vnd.scanner.adapter.vuln.report.harbor+json; version=1.0",
)
SEVERITIES = {
    "Critical": "CRITICAL", "High": "HIGH", "Medium": "MEDIUM", "Low": "LOW", "Negligible": "LOW", "None": "LOW",
}  # fmt: skip
"""Anything else, `Unknown` and `Undefined` among them, is UNKNOWN."""
MOST_FINDINGS = 20_000


def trivy_report(document: object, *, repository: str, digest: str) -> bytes | None:
    """The report as `grants.catalogue.services.upload_scan` reads it; None when there was no scan. Raises Malformed."""
    report = _report(document)
    if report is None:
        return None
    try:
        findings = [_finding(row) for row in (report.get("vulnerabilities") or [])[:MOST_FINDINGS]]
        made = str(report["generated_at"])
    except (KeyError, TypeError, AttributeError):
        raise Malformed(f"Harbor's report of {repository} cannot be read.") from None
    scanner = report.get("scanner")
    return json.dumps(
        {
            "SchemaVersion": 2,
            "CreatedAt": made,
            "ArtifactName": f"{repository}@{digest}",
            "ArtifactType": "container_image",
            "Metadata": {"RepoDigests": [f"{repository}@{digest}"]},
            "Scanner": scanner if isinstance(scanner, dict) else {},
            "Results": [{"Target": repository, "Class": "os-pkgs", "Vulnerabilities": findings}],
        }
    ).encode()


def _report(document: object) -> Mapping[str, Any] | None:
    if not isinstance(document, dict):
        raise Malformed("Harbor answered a report that is no object.")
    found = [document[kind] for kind in REPORT_TYPES if document.get(kind)]
    if found and not isinstance(found[0], dict):
        raise Malformed("Harbor answered a report that is no object.")
    return found[0] if found else None


def _finding(row: Mapping[str, Any]) -> dict[str, str]:
    return {
        "VulnerabilityID": str(row["id"]),
        "PkgName": str(row.get("package") or ""),
        "InstalledVersion": str(row.get("version") or ""),
        "FixedVersion": str(row.get("fix_version") or ""),
        "Severity": SEVERITIES.get(str(row.get("severity") or "Unknown"), "UNKNOWN"),
        "Title": str(row.get("description") or "")[:200],
    }
