"""Asks Prometheus for DCGM's metrics: how active GPUs were in each ten minutes, and which there were.

Source: Prometheus HTTP API, `GET /api/v1/query_range`. `avg_over_time(metric[10m])` at the end of a window is the
mean of the window. Metrics are asked in the order of what they say; a later one only for GPUs that no earlier one
knew.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from audit.costs.errors import CostError
from audit.costs.records import Reading
from audit.costs.sources.dcgm import MEMORY, METRICS, WINDOW, Seen, add_answer
from audit.costs.sources.dcgm_files import by_hour
from audit.costs.sources.errors import Malformed
from audit.costs.sources.faults import Faults
from audit.costs.sources.options import PrometheusOptions
from audit.costs.sources.steps import HOUR, Step, asked, hours_in, only, spans
from audit.costs.sources.wire import Wire

WHAT = "Prometheus"


class PrometheusPuller:
    """Asks one Prometheus. `token`, `password`: the secrets that the options refer to."""

    def __init__(self, options: PrometheusOptions, *, token: str = "", password: str = "") -> None:
        self.options = options
        self.look_back = timedelta(hours=options.look_back_hours)
        self._wire = Wire(
            options.url,
            what=WHAT,
            token=token,
            user=options.user,
            password=password,
            timeout=options.timeout,
            ca_file=options.ca_file,
        )

    def close(self) -> None:
        """Close what is open."""
        self._wire.close()

    def steps(self, *, cursor: datetime | None, now: datetime) -> Iterator[Step]:
        """Hour by hour."""
        options = self.options
        found = spans(
            cursor=cursor,
            now=now,
            look_back=self.look_back,
            back_fill=timedelta(days=options.back_fill_days),
            length=HOUR,
            most=options.steps_per_run,
        )
        return asked(self._read, spans=found, now=now, look_back=self.look_back, what=WHAT)

    def _read(self, start: datetime, end: datetime) -> list[Reading]:
        seen, faults = Seen(), Faults()
        try:
            for metric in (*METRICS, MEMORY):
                document = self._wire.get("api/v1/query_range", self._query(metric, start, end))
                add_answer(
                    seen, document, faults, metric=metric, cluster=self.options.cluster,
                    cluster_label=self.options.cluster_label, at_end=True,
                )  # fmt: skip
            faults.check()
        except CostError as error:
            raise Malformed(f"{WHAT}'s answer has faults: {'; '.join(error.detail['faults'][:3])}") from None
        found = by_hour(seen, hours_in(start, end), gpu_type=self.options.gpu_type)
        wanted = frozenset(self.options.facts)
        return [only(one, wanted) for one in found if one.records or self.options.may_be_empty]

    def _query(self, metric: str, start: datetime, end: datetime) -> dict[str, str]:
        chosen = f"{{{self.options.selector}}}" if self.options.selector else ""
        minutes = int(WINDOW.total_seconds() // 60)
        return {
            "query": f"avg_over_time({metric}{chosen}[{minutes}m])",
            "start": str(int((start + WINDOW).timestamp())),
            "end": str(int(end.timestamp())),
            "step": str(int(WINDOW.total_seconds())),
            "timeout": f"{int(self.options.timeout)}s",
        }
