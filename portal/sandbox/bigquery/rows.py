"""Google's billing rows of made-up use, and how BigQuery's REST API writes rows.

Shapes: Google Cloud Billing, "Structure of Detailed data export"; BigQuery REST, `TableSchema` and `TableRow`.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from portal.sandbox.metering import Kind, Meter, gpu_hours

Json = dict[str, Any]
PRICE = Decimal("0.90")
EXPORTED_AFTER = timedelta(hours=30)
"""How long after the end of an hour its rows stand in the export."""


def rows_of(meter: Meter, start: datetime, end: datetime) -> Iterator[Json]:
    """The rows about one hour: what was held by namespace, then what nobody held."""
    for one in meter.usage(start, end):
        labels = {"k8s-namespace": one.namespace, "k8s-workload-name": one.workload}
        labels |= {f"k8s-label/{name}": value for name, value in one.labels.items()}
        kind = (one.cluster, one.gpu_type, one.pricing_class)
        yield _row((one.start, one.end), kind, gpu_hours(one), labels, one.node)
    for kind, hours in meter.spare(start, end).items():
        if hours:
            yield _row((start, end), kind, hours, {"k8s-namespace": "kube:unallocated"}, "spare")


def _row(
    span: tuple[datetime, datetime], kind: Kind, hours: Decimal, labels: dict[str, str], node: str
) -> Json:
    (start, end), (cluster, gpu_type, bought) = span, kind
    cost = hours * PRICE
    named = {"goog-k8s-cluster-name": cluster, "goog-k8s-cluster-location": "europe-west4", **labels}
    return {
        "sku": {"id": f"{gpu_type}-{bought}"[:14], "description": _described(gpu_type, bought)},
        "usage_start_time": start, "usage_end_time": end,
        "project": {"id": "ml-platform"},
        "labels": [{"key": key, "value": value} for key, value in named.items() if value],
        "system_labels": [{"key": "compute.googleapis.com/machine_spec", "value": "g2-standard-48"}],
        "resource": {"name": f"projects/123/instances/{node}"},
        "cost": float(cost), "currency": "USD",
        "usage": {"amount": float(hours * 3600), "unit": "seconds", "amount_in_pricing_units": float(hours),
                  "pricing_unit": "hour"},
        "credits": [{"name": "Sustained use", "amount": float(-cost / 10), "type": "SUSTAINED_USAGE_DISCOUNT"}],
        "invoice": {"month": f"{start:%Y%m}"},
        "cost_type": "regular",
        "export_time": end + EXPORTED_AFTER,
    }  # fmt: skip


def _described(gpu_type: str, bought: str) -> str:
    spot = "attached to Spot Preemptible VMs " if bought == "spot" else ""
    reserved = "Reserved " if bought == "reserved" else ""
    return f"{reserved}Nvidia {gpu_type} GPU {spot}running in Netherlands"


def _record(name: str, *fields: Json, repeated: bool = False) -> Json:
    return {
        "name": name,
        "type": "RECORD",
        "mode": "REPEATED" if repeated else "NULLABLE",
        "fields": list(fields),
    }


def _field(name: str, kind: str = "STRING") -> Json:
    return {"name": name, "type": kind, "mode": "NULLABLE"}


_PAIR = (_field("key"), _field("value"))
ROW_FIELDS = (
    _record("sku", _field("id"), _field("description")),
    _field("usage_start_time", "TIMESTAMP"),
    _field("usage_end_time", "TIMESTAMP"),
    _record("project", _field("id")),
    _record("labels", *_PAIR, repeated=True),
    _record("system_labels", *_PAIR, repeated=True),
    _record("resource", _field("name")),
    _field("cost", "FLOAT"),
    _field("currency"),
    _record(
        "usage", _field("amount", "FLOAT"), _field("unit"), _field("amount_in_pricing_units", "FLOAT"),
        _field("pricing_unit"),
    ),
    _record("credits", _field("name"), _field("amount", "FLOAT"), _field("type"), repeated=True),
    _record("invoice", _field("month")),
    _field("cost_type"),
    _field("export_time", "TIMESTAMP"),
)  # fmt: skip
DAY_FIELDS = (_field("day", "DATE"), _field("exported", "TIMESTAMP"))


def cells(row: Json, fields: tuple[Json, ...]) -> Json:
    """A row as `{"f": [{"v": …}, …]}`."""
    return {"f": [{"v": _cell(row.get(one["name"]), one)} for one in fields]}


def _cell(value: Any, field: Json) -> Any:
    if value is None:
        return None
    if field["mode"] == "REPEATED":
        single = {**field, "mode": "NULLABLE"}
        return [{"v": _cell(one, single)} for one in value]
    if field["type"] == "RECORD":
        return cells(value, tuple(field["fields"]))
    if field["type"] == "TIMESTAMP":
        return str(int((value - datetime(1970, 1, 1, tzinfo=UTC)) / timedelta(microseconds=1)))
    return str(value)
