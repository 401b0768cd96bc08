"""The BigQuery stand-in: `jobs.insert`, `jobs.get` and `jobs.getQueryResults` for the two queries Purser asks.

Shapes: BigQuery REST reference v2. It answers about the billing export only, and knows Purser's own queries by what
they select; what a query would read is made up as 1,000 bytes a row.
"""

import re
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from portal.sandbox.bigquery.rows import DAY_FIELDS, EXPORTED_AFTER, ROW_FIELDS, cells, rows_of
from portal.sandbox.faults import Schedule
from portal.sandbox.metering import HOUR, Meter, MeterStandin, Sliced, moment
from portal.sandbox.wire import HttpError, Request, Response, json_response

Json = dict[str, Any]
_STATUS = {400: "invalidQuery", 401: "required", 403: "accessDenied", 404: "notFound", 429: "rateLimitExceeded",
           500: "backendError"}  # fmt: skip
_PROJECT = r"/bigquery/v2/projects/(?P<project>[^/]+)"
BYTES_A_ROW = 1000


@dataclass
class Job:
    """A query that was asked, with its answer."""

    project: str
    configuration: Json
    fields: tuple[Json, ...]
    rows: list[Json] = field(default_factory=list)


class BigQuery(MeterStandin):
    """BigQuery, as far as Purser speaks with it.

    `now`: what stands in the export is at most this old; None: the present. `late`: rows of hours that were exported
    again later: hour -> when.
    """

    def __init__(
        self, state: Meter, *, schedule: Schedule | None = None, now: datetime | None = None
    ) -> None:
        super().__init__(state, schedule=schedule)
        self.now = now
        self.late: dict[datetime, datetime] = {}
        self._jobs: dict[str, Job] = {}
        self._hour = Sliced(lambda start, end: list(rows_of(self.state, start, end)))
        self.router.add("POST", f"{_PROJECT}/jobs", self._insert)
        self.router.add("GET", f"{_PROJECT}/jobs/(?P<job>[^/]+)", self._get)
        self.router.add("GET", f"{_PROJECT}/queries/(?P<job>[^/]+)", self._results)

    def error(self, status: int, message: str, request: Request) -> Response:
        """An error as Google's REST writes it."""
        one = {"reason": _STATUS.get(status, "invalid"), "message": message, "domain": "global"}
        return json_response({"error": {"code": status, "message": message, "errors": [one]}}, status)

    def _insert(self, request: Request, project: str) -> Response:
        sent = request.json()
        configuration = sent.get("configuration", {})
        job = self._run(project, configuration)
        dry = bool(configuration.get("dryRun"))
        read = len(job.rows) * BYTES_A_ROW
        if not dry and read > int(configuration["query"].get("maximumBytesBilled", read)):
            raise HttpError(400, "Query exceeded limit for bytes billed")
        name = sent.get("jobReference", {}).get("jobId") or uuid.uuid4().hex
        if not dry:
            self._jobs[name] = job
        return json_response(_job(name, job, read))

    def _run(self, project: str, configuration: Json) -> Job:
        query = configuration.get("query", {})
        text = str(query.get("query", ""))
        if not re.search(r"FROM `[^`]+\.gcp_billing_export_resource_v1_\w+`", text):
            raise HttpError(404, "Not found: Table")
        given = {
            one["name"]: moment(one["parameterValue"]["value"].replace(" ", "T"))
            for one in query.get("queryParameters", [])
        }
        if "GROUP BY day" in text:
            return Job(project, configuration, DAY_FIELDS, self._days(given["since"], given["first"]))
        return Job(project, configuration, ROW_FIELDS, self._rows(given["first"], given["after"]))

    def _rows(self, start: datetime, end: datetime) -> list[Json]:
        found: list[Json] = []
        while start < end:
            found += self._exported(start)
            start += HOUR
        return found

    def _exported(self, hour: datetime) -> list[Json]:
        """What stands in the export about one hour by now."""
        if self.silent(hour) or hour + HOUR + EXPORTED_AFTER > (self.now or datetime.now(UTC)):
            return []
        rows, again = self._hour(hour), self.late.get(hour)
        return [{**row, "export_time": again} for row in rows] if again else rows

    def _days(self, since: datetime, first: datetime) -> list[Json]:
        days: dict[Any, datetime] = {}
        now = self.now or datetime.now(UTC)
        for row in self._rows(first, now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)):
            if row["export_time"] > since:
                day = row["usage_start_time"].date()
                days[day] = max(days.get(day, since), row["export_time"])
        return [{"day": day, "exported": at} for day, at in sorted(days.items())]

    def _get(self, request: Request, project: str, job: str) -> Response:
        return json_response(_job(job, self._known(job), 0))

    def _results(self, request: Request, project: str, job: str) -> Response:
        known = self._known(job)
        first = int(request.arg("pageToken") or request.arg("startIndex") or 0)
        most = int(request.arg("maxResults") or 10_000)
        page = known.rows[first : first + most]
        answer: Json = {
            "kind": "bigquery#getQueryResultsResponse",
            "jobReference": {"projectId": project, "jobId": job, "location": "EU"},
            "schema": {"fields": list(known.fields)},
            "totalRows": str(len(known.rows)),
            "jobComplete": True,
            "rows": [cells(row, known.fields) for row in page],
        }
        if first + most < len(known.rows) and most:
            answer["pageToken"] = str(first + most)
        return json_response(answer)

    def _known(self, name: str) -> Job:
        found = self._jobs.get(name)
        if found is None:
            raise HttpError(404, "Not found: Job")
        return found


def _job(name: str, job: Job, read: int) -> Json:
    bytes_read = {"totalBytesProcessed": str(read)}
    return {
        "kind": "bigquery#job",
        "id": f"{job.project}:EU.{name}",
        "jobReference": {"projectId": job.project, "jobId": name, "location": "EU"},
        "configuration": {**job.configuration, "jobType": "QUERY"},
        "statistics": {**bytes_read, "query": {**bytes_read, "statementType": "SELECT"}},
        "status": {"state": "DONE"},
    }
