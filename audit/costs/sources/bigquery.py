"""Asks BigQuery for the days of Google's detailed billing export that changed, with a cap on what is read.

Source: google-cloud-bigquery; Google Cloud Billing, "Structure of Detailed data export". Every query is a dry run
first; `maximum_bytes_billed` keeps the cap at Google's side too. Days are found by `export_time`, so only those
that got new rows are read again, whole.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any

import google.auth
from google.api_core import exceptions as core
from google.api_core.client_options import ClientOptions
from google.auth import exceptions as auth
from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery
from google.oauth2 import service_account

from audit.costs.records import Reading
from audit.costs.sources.errors import Malformed, Permanent, Refused, SourceError, Transient
from audit.costs.sources.faults import Faults, text_of
from audit.costs.sources.google import FACTS, VERSION, readings_of
from audit.costs.sources.google_rows import read_row
from audit.costs.sources.limits import MOST_ROWS
from audit.costs.sources.options import GoogleOptions
from audit.costs.sources.steps import DAY, Step, only
from audit.costs.sources.values import day_of
from audit.costs.sources.wire import checked_address, error_for_status

WHAT = "BigQuery"
SCOPE = "https://www.googleapis.com/auth/bigquery"
NO_RETRY: Any = None
"""The client's own retries are off: a run that fails is repeated after a pause that everybody can see."""
OVERLAP = timedelta(hours=6)
"""Rows are exported in batches that overlap: what came a little before the cursor is asked for again."""
_ABOUT_GPUS = (
    r"(REGEXP_CONTAINS(sku.description, r'(?i)\bgpus?\b') OR EXISTS ("
    r"SELECT 1 FROM UNNEST(system_labels) WHERE REGEXP_CONTAINS(key, r'accelerator|gpu')))"
)
DAYS = """
SELECT DATE(usage_start_time) AS day, MAX(export_time) AS exported FROM `{table}`
WHERE export_time > @since AND usage_start_time >= @first AND {gpus}
GROUP BY day ORDER BY day
"""
ROWS = """
SELECT sku, usage_start_time, usage_end_time, project, labels, system_labels, resource, cost, currency, usage,
       credits, invoice, cost_type, export_time
FROM `{table}`
WHERE usage_start_time >= @first AND usage_start_time < @after AND {gpus}
"""


class BigQueryPuller:
    """Asks one billing export. `key`: a service account's key as JSON; "": the machine's own credentials."""

    def __init__(self, options: GoogleOptions, *, key: str = "") -> None:
        self.options = options
        self._key = key
        if options.endpoint:
            checked_address(options.endpoint, what=WHAT, secret=bool(key))

    def close(self) -> None:
        """Close what is open."""
        if "client" in self.__dict__:
            self.client.close()  # type: ignore[no-untyped-call]

    @cached_property
    def client(self) -> bigquery.Client:
        """Google's client. Raises SourceError."""
        options = self.options
        where = ClientOptions(api_endpoint=options.endpoint) if options.endpoint else None
        with google_errors():
            return bigquery.Client(
                project=options.project or options.table.split(".")[0],
                credentials=self._credentials(),
                location=options.location or None,
                client_options=where,
            )

    def _credentials(self) -> Any:
        if self.options.endpoint.startswith("http://"):
            return AnonymousCredentials()  # type: ignore[no-untyped-call]
        if not self._key:
            return google.auth.default(scopes=[SCOPE])[0]
        try:
            info = json.loads(self._key)
            return service_account.Credentials.from_service_account_info(info, scopes=[SCOPE])  # type: ignore[no-untyped-call]
        except (ValueError, KeyError):
            raise Permanent("The key of Google's service account cannot be read.") from None

    def steps(self, *, cursor: datetime | None, now: datetime) -> Iterator[Step]:
        """The days that got new rows since the cursor: the newest `export_time` that was read whole.

        Days are read in the order of their newest rows, so that the cursor can follow each of them. What was
        exported a little before the cursor is read again when there is time left: batches overlap.
        """
        changed = self._changed(cursor, now)
        new = [one for one in changed if cursor is None or one[1] > cursor]
        again = [one for one in changed if cursor is not None and one[1] <= cursor]
        most = self.options.steps_per_run
        while most < len(new) and new[most][1] == new[most - 1][1]:
            most += 1  # of one batch all or none: the cursor cannot stand between them
        for day, _exported in again[: max(0, most - len(new))]:
            yield Step(tuple(self._day(day, now)), cursor)
        before = cursor
        for number, (day, exported) in enumerate(new[:most]):
            whole = number + 1 == len(new) or new[number + 1][1] > exported
            before = exported if whole else before
            yield Step(tuple(self._day(day, now)), before)
        if most >= len(new):
            yield Step((), before, self._whole(now))

    def _whole(self, now: datetime) -> datetime:
        return day_of(now - timedelta(days=self.options.look_back_days))

    def _changed(self, cursor: datetime | None, now: datetime) -> list[tuple[date, datetime]]:
        first = day_of(now - timedelta(days=self.options.back_fill_days))
        since = cursor - OVERLAP if cursor else first
        rows = self._ask(DAYS, since=since, first=first)
        try:
            return sorted(((row["day"], row["exported"]) for row in rows), key=lambda one: (one[1], one[0]))
        except (KeyError, TypeError):
            raise Malformed(f"{WHAT} answered with other columns than asked for.") from None

    def _day(self, day: date, now: datetime) -> list[Reading]:
        start = datetime.combine(day, time(), UTC)
        faults = Faults()
        rows = self._ask(ROWS, first=start, after=start + DAY)
        read = [row for n, value in enumerate(rows, start=1) if (row := read_row(n, value, faults))]
        found = readings_of(read, faults)
        if faults.count:
            said = "; ".join(text_of(one) for one in faults.listed[:3])
            raise Malformed(f"{WHAT}'s rows of {day} have {faults.count} faults: {said}")
        complete = now - (start + DAY) >= timedelta(days=self.options.look_back_days)
        found = found or [Reading(start, start + DAY, FACTS, format_version=VERSION)]
        return [only(replace(one, complete=complete), frozenset(self.options.facts)) for one in found]

    def _ask(self, sql: str, **parameters: datetime) -> Iterator[Mapping[str, Any]]:
        """The rows of a query, after a dry run. Raises SourceError, Permanent when it would read too much."""
        text = sql.format(table=self.options.table.replace("`", ""), gpus=_ABOUT_GPUS)
        with google_errors():
            self._check_bytes(text, parameters)
            job = self.client.query(
                text, self._config(parameters), timeout=self.options.timeout, retry=NO_RETRY, job_retry=None
            )
            rows = job.result(timeout=self.options.timeout, retry=None, job_retry=None, page_size=10_000)
            for number, row in enumerate(rows):
                if number >= MOST_ROWS:
                    raise Permanent(f"{WHAT} has more than {MOST_ROWS} rows about GPUs for one day.")
                yield dict(row.items())

    def _check_bytes(self, text: str, parameters: Mapping[str, datetime]) -> None:
        config = self._config(parameters)
        config.dry_run = True
        job = self.client.query(text, config, timeout=self.options.timeout, retry=NO_RETRY, job_retry=None)
        if job.total_bytes_processed > self.options.maximum_bytes:
            raise Permanent(
                f"The query would read {job.total_bytes_processed} bytes, more than {self.options.maximum_bytes} "
                "(option maximum_bytes)."
            )

    def _config(self, parameters: Mapping[str, datetime]) -> bigquery.QueryJobConfig:
        return bigquery.QueryJobConfig(
            maximum_bytes_billed=self.options.maximum_bytes,
            use_legacy_sql=False,
            labels={"application": "purser"},
            query_parameters=[
                bigquery.ScalarQueryParameter(name, "TIMESTAMP", value) for name, value in parameters.items()
            ],
        )


@contextmanager
def google_errors() -> Iterator[None]:
    """Turn what Google's client raises into ours. No text of Google's goes through: only what it means."""
    try:
        yield
    except core.GoogleAPICallError as error:
        raise _of_call(error) from None
    except auth.RefreshError:
        raise Refused(f"{WHAT}: Purser's own credentials were not accepted.") from None
    except auth.GoogleAuthError as error:
        raise Transient(f"{WHAT}: signing in did not work ({type(error).__name__}).") from None
    except (OSError, TimeoutError, core.RetryError) as error:
        # requests' own errors are OSErrors.
        raise Transient(f"{WHAT} did not answer in full ({type(error).__name__}).") from None
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Malformed(f"{WHAT}'s answer could not be understood ({type(error).__name__}).") from None


def _of_call(error: core.GoogleAPICallError) -> SourceError:
    response = getattr(error, "response", None)
    headers: Mapping[str, str] = getattr(response, "headers", None) or {}
    status = int(error.code or 0)
    reasons = {str(one.get("reason", "")) for one in error.errors or () if isinstance(one, Mapping)}
    if status == 403 and reasons & {"rateLimitExceeded", "quotaExceeded", "jobRateLimitExceeded"}:
        return Transient(f"{WHAT}: the quota is used up for now.", retry_after=300.0)
    if "bytesBilledLimitExceeded" in reasons:
        return Permanent(f"{WHAT} refused: the query would read more than allowed (option maximum_bytes).")
    return error_for_status(status, what=WHAT, headers=headers)
