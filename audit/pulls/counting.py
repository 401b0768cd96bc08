"""What counts as a pull. Pure.

A registry reports a HEAD, a blob and even an answer of 404 as `pull`. A pull that counts is a GET of a
manifest; the platform's manifest that follows an index within ten seconds, for the same actor and
repository, is the same pull.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from audit.pulls.notifications import Report, WholePull

SAME_PULL = timedelta(seconds=10)
MANIFEST_TYPES = frozenset(
    {
        "application/vnd.docker.distribution.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v1+prettyjws",
        "application/vnd.docker.distribution.manifest.v2+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.oci.image.index.v1+json",
    }
)
EARLY = timedelta(minutes=5)
"""Clocks differ by so much."""
OLDEST = timedelta(days=400)
"""Older reports are of no clock: nothing we read keeps them longer."""
OWN_ACTORS = "~purser:"
"""What the subjects of Purser's own tokens begin with: reading the catalogue and probing are no pulls."""
Key = tuple[str, str]
"""Actor and repository."""


def bounded(report: Report, *, now: datetime, oldest: timedelta = OLDEST) -> Report:
    """The report with a time that can be: one of the future, or older than `oldest`, happened when we heard of it.

    Its time is only what the sender says, and everything is found, counted and called the last use by it.
    """
    if now - oldest <= report.timestamp <= now + EARLY:
        return report
    return report.model_copy(update={"timestamp": now})


def is_manifest_pull(report: Report) -> bool:
    """Whether the report is a GET of a manifest: seen from its parts, or told as such by a source that knows."""
    if report.action != "pull" or report.actor.name.startswith(OWN_ACTORS):
        return False
    if isinstance(report, WholePull):
        return report.genuine
    return report.request.method.upper() == "GET" and report.target.media_type in MANIFEST_TYPES


def key_of(report: Report) -> Key:
    """Who pulled from where."""
    return (report.actor.name, report.target.repository)


def counted(reports: Iterable[Report], already: Mapping[Key, list[datetime]]) -> list[bool]:
    """For each report whether it counts, given the moments already counted for each actor and repository."""
    moments = {key: list(times) for key, times in already.items()}
    verdicts = []
    for report in reports:
        times = moments.setdefault(key_of(report), [])
        fresh = is_manifest_pull(report) and all(abs(report.timestamp - at) > SAME_PULL for at in times)
        if fresh:
            times.append(report.timestamp)
        verdicts.append(fresh)
    return verdicts
