"""Downloads of costs, streamed by the database's COPY: showback, and FOCUS 1.2 of the FinOps Foundation.

https://focus.finops.org/focus-specification/v1-2/ : column names, which may be null, ends exclusive. Headers are
always English so that scripts do not break. Rows are exactly those of the page with the same filters.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal

from django.conf import settings
from django.db import connection

from audit.costs.narrowing import SUMS, Rows, filled, narrowed, sees_teams, wanted
from audit.costs.types import By, CostFilters, CostScope, Standing
from audit.ledger.actors import Actor
from audit.ledger.services import audited, record
from audit.ledger.types import Detail

Form = Literal["showback", "focus"]
BOM = b"\xef\xbb\xbf"
BLOCK = 64 * 1024
UNIT = "GPU-Hours"
TOLD = (
    By.TEAM,
    By.PROJECT,
    By.PERSON,
    By.IMAGE,
    By.VERSION,
    By.GPU_TYPE,
    By.CLUSTER,
    By.PRICING_CLASS,
    By.GRANT,
)
ALSO = ("image", "request", "reservation", "metric", "matched_by")
WHOLE_TEAMS = frozenset({By.TEAM, By.GPU_TYPE, By.CLUSTER})
"""Filters under which what a reservation left unused is still a part of the answer."""


@dataclass(frozen=True, slots=True)
class Names:
    """What the layer above calls teams, projects and persons, by their key or label, and who issues the file."""

    teams: Mapping[str, str]
    projects: Mapping[str, str]
    persons: Mapping[str, str]
    issuer: str


def export_costs(
    *, form: Form, scope: CostScope, filters: CostFilters, standing: Standing, names: Names, by: Actor
) -> Iterator[bytes]:
    """Record `audit.cost-export.made`, then stream CSV in UTF-8 with a byte order mark, oldest day first.

    Text cells that a spreadsheet would run get an apostrophe. The stream holds the database connection.
    """
    with audited(by=by):
        record("audit.cost-export.made", subject=f"export:{form}", detail=_described(form, filters))
    return _streamed(form, scope, filters, standing, names)


def _described(form: Form, filters: CostFilters) -> Detail:
    asked = asdict(filters)
    period = asked.pop("period")
    narrowed_by = {name: list(values) for name, values in asked.items() if values}
    return {
        "form": form, "from": period["first"].isoformat(), "until": period["after"].isoformat(), **narrowed_by
    }  # fmt: skip


def _streamed(
    form: Form, scope: CostScope, filters: CostFilters, standing: Standing, names: Names
) -> Iterator[bytes]:
    lines = _lines(scope, filters)
    columns = SHOWBACK if form == "showback" else FOCUS
    cells = ", ".join(f'{expression} AS "{name}"' for name, expression in columns.items())
    statement = filled(_COPY, given=_GIVEN, lines=lines.sql, cells=cells, order=_ORDER)
    yield BOM
    yield from _blocks(statement, [*_given(standing, names, filters.period.after), *lines.params])


def _blocks(statement: str, params: list[Any]) -> Iterator[bytes]:
    block: list[bytes] = []
    size = 0
    with connection.cursor() as cursor, cursor.copy(statement, params) as copy:
        for row in copy:
            block.append(bytes(row))
            size += len(row)
            if size >= BLOCK:
                yield b"".join(block)
                block, size = [], 0
    yield b"".join(block)


def _lines(scope: CostScope, filters: CostFilters) -> Rows:
    """Usage by everything that is told apart, and what reservations left unused, in the same columns."""
    rows = narrowed(scope, filters, bys=TOLD, extra=", ".join(f"k.{name} AS {name}_" for name in ALSO))
    told = ", ".join(
        f'"{name}"' for name in ("day", *(by.value for by in TOLD), *(f"{name}_" for name in ALSO))
    )
    usage = filled(_USAGE, told=told, sums=SUMS, rows=rows.sql)
    idle = _unused(scope, filters)
    return (
        Rows(f"{usage} UNION ALL {idle.sql}", (*rows.params, *idle.params))
        if idle
        else Rows(usage, rows.params)
    )


_USAGE = "SELECT {told}, false AS unused, {sums} FROM ({rows}) AS r GROUP BY {told}"
_UNUSED = """
SELECT day, team, '', '', '', '', gpu_type, cluster, 'reserved', '', '', '', reservation, '', '', true,
       unused_ms, 0, 0, 0, 0, unused_cost, 0, 0
  FROM costs_reservationday WHERE {conditions}
"""


def _unused(scope: CostScope, filters: CostFilters) -> Rows | None:
    if not set(wanted(filters)) <= WHOLE_TEAMS:
        return None
    conditions, params = (
        ["day >= %s", "day < %s", "unused_ms > 0"],
        [filters.period.first, filters.period.after],
    )
    teams = sees_teams(scope, filters)
    chosen = {"team": teams, "gpu_type": filters.gpu_types or None, "cluster": filters.clusters or None}
    for name, values in chosen.items():
        if values is not None:
            conditions.append(f"{name} = ANY(%s)")
            params.append(list(values))  # type: ignore[arg-type]
    return Rows(filled(_UNUSED, conditions=" AND ".join(conditions)), tuple(params))


_COPY = """
COPY (WITH given AS ({given}), lines AS ({lines}) SELECT {cells} FROM lines, given ORDER BY {order})
TO STDOUT (FORMAT CSV, HEADER)
"""
_GIVEN = """
SELECT %s::jsonb AS teams, %s::jsonb AS projects, %s::jsonb AS persons, %s::text AS issuer, %s::text AS currency,
       %s::text AS card, %s::text AS method, %s::text AS through, %s::date[] AS restated, %s::text AS zone
"""


def _given(standing: Standing, names: Names, after: date) -> list[Any]:
    through = standing.complete_through
    return [
        *(json.dumps(dict(one), ensure_ascii=False) for one in (names.teams, names.projects, names.persons)),
        names.issuer, standing.currency, str(standing.rate_version), standing.shared_method,
        _iso(through) if through else "", _restated(after), settings.TIME_ZONE,
    ]  # fmt: skip


def _restated(after: date) -> list[date]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT DISTINCT day FROM costs_restatement WHERE day < %s", [after])
        return [row[0] for row in cursor.fetchall()]


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _safe(text: str) -> str:
    # = + - @ tab, line feed and carriage return start a formula somewhere.
    return f"CASE WHEN ascii({text}) IN (61, 43, 45, 64, 9, 10, 13) THEN '''' || ({text}) ELSE ({text}) END"


def _hours(measure: str) -> str:
    return f"round({measure} / 3600000.0, 6)"


def _moment(local: str) -> str:
    return f"""to_char(({local})::timestamp AT TIME ZONE zone AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')"""


_ORDER = 'day, team, unused, project, person, image, gpu_type, pricing_class, cluster, version, "grant"'
_RESTATED = "CASE WHEN day = ANY(restated) THEN 'true' ELSE 'false' END"
_IDLE = "CASE WHEN unused THEN NULL ELSE idle_cost END"
_TEAM = "coalesce(teams ->> team, team)"

SHOWBACK = {
    "day": "day",
    "kind": "CASE WHEN unused THEN 'unused_reservation' ELSE 'usage' END",
    "team": _safe("team"),
    "team_name": _safe(_TEAM),
    "project": _safe("project"),
    "project_name": _safe("coalesce(projects ->> project, project)"),
    "person": _safe("person"),
    "person_name": _safe("coalesce(persons ->> person, person)"),
    "image": _safe("CASE WHEN image_ <> '' THEN image_ ELSE image END"),
    "digest": _safe("version"),
    "gpu_type": _safe("gpu_type"),
    "pricing_class": _safe("pricing_class"),
    "cluster": _safe("cluster"),
    "request": _safe("request_"),
    "grant": _safe('"grant"'),
    "held_gpu_hours": _hours("held_ms"),
    "measured_gpu_hours": _hours("measured_ms"),
    "active_gpu_hours": _hours("active_ms"),
    "unpriced_gpu_hours": _hours("unpriced_ms"),
    "cost": "cost",
    "idle_cost": "idle_cost",
    "currency": "currency",
    "activity_metric": _safe("metric_"),
    "matched_by": "matched_by_",
    "rate_card_version": "card",
    "complete_through": "through",
    "restated": _RESTATED,
}
"""The columns of the showback file, in order: cost is direct cost (F7), or of a reservation nobody used (F6)."""

_TAGS = """jsonb_strip_nulls(jsonb_build_object(
    'project', nullif(project, ''), 'request', nullif(request_, ''),
    'image', nullif(CASE WHEN image_ <> '' THEN image_ ELSE image END, '')))::text"""
FOCUS = {
    "BilledCost": "cost",
    "BillingAccountId": _safe("issuer"),
    "BillingAccountName": _safe("issuer"),
    "BillingCurrency": "currency",
    "BillingPeriodEnd": _moment("date_trunc('month', day) + interval '1 month'"),
    "BillingPeriodStart": _moment("date_trunc('month', day)"),
    "ChargeCategory": "'Usage'",
    "ChargeClass": "NULL",
    "ChargeDescription": "CASE WHEN unused THEN 'Reserved GPU time that was not used' ELSE 'GPU time held' END",
    "ChargePeriodEnd": _moment("day + 1"),
    "ChargePeriodStart": _moment("day"),
    "ContractedCost": "cost",
    "EffectiveCost": "cost",
    "InvoiceIssuerName": _safe("issuer"),
    "ListCost": "cost",
    "PricingQuantity": _hours("held_ms"),
    "PricingUnit": f"'{UNIT}'",
    "ProviderName": _safe("issuer"),
    "PublisherName": _safe("issuer"),
    "ServiceCategory": "'AI and Machine Learning'",
    "ServiceName": "'GPU'",
    "CapacityReservationId": _safe("nullif(reservation_, '')"),
    "CapacityReservationStatus": "CASE WHEN reservation_ = '' THEN NULL WHEN unused THEN 'Unused' ELSE 'Used' END",
    "ConsumedQuantity": f"CASE WHEN unused THEN NULL ELSE {_hours('held_ms')} END",
    "ConsumedUnit": f"CASE WHEN unused THEN NULL ELSE '{UNIT}' END",
    "RegionId": _safe("cluster"),
    "ResourceId": _safe("cluster || '/' || gpu_type"),
    "ResourceName": _safe("gpu_type"),
    "ResourceType": "'GPU'",
    "SkuId": _safe("gpu_type || ':' || pricing_class"),
    "SkuMeter": "'GPU hours'",
    "SubAccountId": _safe("nullif(team, '')"),
    "SubAccountName": _safe(f"CASE WHEN team = '' THEN NULL ELSE {_TEAM} END"),
    "Tags": _TAGS,
    "x_ActiveGpuHours": f"CASE WHEN unused THEN NULL ELSE {_hours('active_ms')} END",
    "x_ActivityMetric": _safe("nullif(metric_, '')"),
    "x_DataCompleteThrough": "nullif(through, '')",
    "x_GpuType": _safe("gpu_type"),
    "x_HeldGpuHours": _hours("held_ms"),
    "x_IdleCost": _IDLE,
    "x_IdleMethod": "method",
    "x_ImageDigest": _safe("nullif(version, '')"),
    "x_RateCardVersion": "card",
    "x_RequestId": _safe("nullif(request_, '')"),
    "x_Restated": _RESTATED,
    "x_UserId": _safe("nullif(person, '')"),
}
"""The 21 mandatory columns of FOCUS 1.2 first, then those that apply, then our own, which start with x_."""
MANDATORY = tuple(FOCUS)[:21]


def columns_of(form: Form) -> Iterable[str]:
    """The header of a form."""
    return SHOWBACK if form == "showback" else FOCUS
