"""Harbor's vulnerability reports become what the catalogue keeps; what was never scanned becomes nothing."""

import pytest

from grants.catalogue.reports import read_report
from grants.connectors.errors import Malformed
from grants.connectors.harbor_reports import REPORT_TYPES, trivy_report

DIGEST = "sha256:" + "a" * 64


def report(*severities, kind=REPORT_TYPES[0], **fields):
    rows = [
        {"id": f"CVE-{n}", "package": "openssl", "version": "3.0", "fix_version": "3.1", "severity": severity,
         "description": "d" * 500, "links": [], "preferred_cvss": {"score_v3": 9.8}}
        for n, severity in enumerate(severities)
    ]  # fmt: skip
    document = {
        "generated_at": "2026-11-01T10:00:00Z",
        "scanner": {"name": "Trivy"},
        "vulnerabilities": rows,
        **fields,
    }
    return {kind: document}


def read(document):
    raw = trivy_report(document, repository="lib/torch", digest=DIGEST)
    assert raw is not None
    return read_report(raw)


def test_every_severity_of_harbors_is_counted_as_one_of_ours():
    found = read(
        report("Critical", "High", "High", "Medium", "Low", "Negligible", "None", "Unknown", "Odd", None)
    )
    assert found.counts == {"critical": 1, "high": 2, "medium": 1, "low": 3, "unknown": 3}
    assert (found.digests, found.supported) == ((DIGEST,), True)


def test_a_finding_keeps_what_people_need():
    finding = read(report("High")).findings[0]
    assert {name: finding[name] for name in ("id", "package", "installed", "fixed", "severity")} == {
        "id": "CVE-0", "package": "openssl", "installed": "3.0", "fixed": "3.1", "severity": "HIGH",
    }  # fmt: skip


@pytest.mark.parametrize("vulnerabilities", [[], None])
def test_a_clean_scan_is_a_report(vulnerabilities):
    found = read(report(vulnerabilities=vulnerabilities))
    assert sum(found.counts.values()) == 0
    assert found.supported


def test_the_older_type_is_read_too():
    assert read(report("Low", kind=REPORT_TYPES[1])).counts["low"] == 1


@pytest.mark.parametrize("document", [{}, {REPORT_TYPES[0]: None}, {"application/other": {}}])
def test_never_scanned_is_no_report_and_not_a_clean_one(document):
    assert trivy_report(document, repository="lib/torch", digest=DIGEST) is None


@pytest.mark.parametrize(
    "document",
    [
        [],
        "x",
        {REPORT_TYPES[0]: "x"},
        {REPORT_TYPES[0]: {"vulnerabilities": []}},
        report(vulnerabilities=["x"]),
        report(vulnerabilities=[{"package": "x"}]),
        report(vulnerabilities=7),
    ],
)
def test_what_is_no_report_is_said_so(document):
    with pytest.raises(Malformed):
        trivy_report(document, repository="lib/torch", digest=DIGEST)
