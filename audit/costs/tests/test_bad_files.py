"""Malformed files: each is refused whole, with every fault named by line, field and code."""

import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.utils.translation import override

from audit.costs.errors import CostError
from audit.costs.sources import files, limits, text
from audit.costs.sources import parquet as packed
from audit.costs.sources.files import read_file

SAMPLES = Path(__file__).parent / "samples"
HEAD = "start,end,cluster,gpu_type,gpus"
GOOD = "2026-03-02T08:00:00Z,2026-03-02T09:00:00Z,lab,l40s,1"
FOCUS_HEAD = (
    "BilledCost,BillingCurrency,ChargeCategory,ChargeDescription,ChargePeriodStart,ChargePeriodEnd,EffectiveCost,"
    "PricingQuantity,PricingUnit,ServiceName,Tags"
)


def plain(*rows, head=HEAD):
    return "\n".join([head, *rows]).encode()


def focus(*cells):
    named = dict(zip(FOCUS_HEAD.split(","), cells, strict=True))
    return f"{FOCUS_HEAD}\n{','.join(named.values())}\n".encode()


def opencost(change):
    document = json.loads((SAMPLES / "opencost.json").read_text())
    change(document["data"])
    return json.dumps(document).encode()


def half_hours(steps):
    steps.pop()
    for one in steps[0].values():
        one["window"]["end"] = "2026-03-02T09:30:00Z"


def trainer(steps):
    return next(one for name, one in steps[0].items() if name.endswith("/trainer"))


def google(**changes):
    row = json.loads((SAMPLES / "google.jsonl").read_text().splitlines()[0])
    return json.dumps({**row, **changes}).encode()


def parquet(**columns):
    into = io.BytesIO()
    pq.write_table(pa.table(columns), into)
    return into.getvalue()


def series(**metric):
    values = [[1772438400, "0.5"]]
    return {"metric": {"__name__": "DCGM_FI_DEV_GPU_UTIL", "UUID": "GPU-1", **metric}, "values": values}


def matrix(*result, kind="matrix", status="success"):
    return json.dumps({"status": status, "data": {"resultType": kind, "result": list(result)}}).encode()


def refused(data, name="file", **kwargs):
    with pytest.raises(CostError) as caught:
        read_file(data, name=name, **kwargs)
    assert caught.value.code == "bad_file"
    detail = caught.value.detail
    assert len(detail["faults"]) == len(detail["places"]) == min(detail["count"], 200)
    return [(one["line"], one["field"], one["code"]) for one in detail["places"]]


MALFORMED = {
    "empty": (b" \n", [(0, "", "empty")]),
    "a workbook": (b"PK\x03\x04 xl/workbook", [(0, "", "workbook")]),
    "no text": (b"\x00\xff\xfe\x81\x8d", [(0, "", "not_text")]),
    "no format": (b"name,age\nalice,3\n", [(0, "", "unknown_format")]),
    "a sentence": (b"hello", [(0, "", "unknown_format")]),
    "cut JSON": (b'{"code": 200, "data": [', [(0, "", "not_json")]),
    "deep JSON": (b'{"data": ' + b"[" * 60 + b"]" * 60 + b"}", [(0, "", "too_deep")]),
    "very deep JSON": (b"[" * 100_000, [(0, "", "too_deep")]),
    "other JSON": (b'{"usage": []}', [(0, "", "unknown_format")]),
    "cut Parquet": (b"PAR1\x00\x00\x00PAR1", [(0, "", "not_parquet")]),
    "open quote": (plain(GOOD, '2026-03-02T08:00:00Z,"x'), [(3, "", "bad_quotes")]),
    "only a header": (plain(), [(0, "", "no_rows")]),
    "column missing": (plain("1,2", head="cluster,gpus"), [
        (1, name, "missing_column") for name in ("start", "end", "gpu_type")]),
    "column twice": (plain(GOOD + ",1", head=HEAD + ",gpus"), [(1, "gpus", "double_column")]),
    "column unknown": (plain(GOOD + ",1", head=HEAD + ",price"), [(1, "price", "bad_choice")]),
    "short row": (plain(GOOD, "2026-03-02T08:00:00Z,lab"), [(3, "", "cells")]),
    "everything in a row": (
        plain("monday,2026-03-02 09:00,,l40s,many"),
        [(2, "start", "bad_time"), (2, "end", "no_zone"), (2, "gpus", "bad_number"), (2, "cluster", "missing")],
    ),
    "end before start": (plain("2026-03-02T09:00:00Z,2026-03-02T08:00:00Z,lab,l40s,1"), [(2, "end", "bad_order")]),
    "a year": (plain("2025-03-02T09:00:00Z,2026-03-02T08:00:00Z,lab,l40s,1"), [(2, "end", "too_long")]),
    "no GPUs": (plain(GOOD[:-1] + "0"), [(2, "gpus", "not_positive")]),
    "minus a GPU": (plain(GOOD[:-1] + "-1"), [(2, "gpus", "not_positive")]),
    "too many GPUs": (plain(GOOD[:-1] + "1e9"), [(2, "gpus", "too_large")]),
    "not a number": (plain(GOOD[:-1] + "NaN"), [(2, "gpus", "bad_number")]),
    "an exponent": (plain(GOOD[:-1] + "1e999999999"), [(2, "gpus", "bad_number")]),
    "far time": (plain(GOOD.replace("2026", "1969")), [(2, "start", "far_time"), (2, "end", "far_time")]),
    "long name": (plain(GOOD.replace("lab", "x" * 81)), [(2, "cluster", "long_text")]),
    "bad activity": (
        plain(GOOD + ",1.5,2,{", head=HEAD + ",activity,active_hours,labels"),
        [(2, "labels", "bad_pairs"), (2, "activity", "not_share"), (2, "active_hours", "longer_than_held")],
    ),
    "half a measure": (plain(GOOD + ",0.5", head=HEAD + ",activity"), [(2, "active_hours", "missing")]),
    "class": (plain(GOOD + ",cheap", head=HEAD + ",pricing_class"), [(2, "pricing_class", "bad_choice")]),
    "FOCUS without columns": (b"BilledCost,ChargePeriodStart\n1,2\n", [
        (1, name, "missing_column") for name in
        ("BillingCurrency", "ChargeCategory", "ChargeDescription", "ChargePeriodEnd", "EffectiveCost",
         "PricingQuantity", "PricingUnit", "ServiceName")]),
    "FOCUS row": (
        focus("x", "EURO", "Usage", "H100 GPU", "2026-03-02T08:00:00Z", "2026-03-02T08:00:00Z", "1", "1", "Months",
              "EC2", "[1]"),
        [(2, "BilledCost", "bad_number"), (2, "Tags", "bad_pairs"), (2, "BillingCurrency", "bad_currency"),
         (2, "ConsumedUnit", "bad_unit"), (2, "ChargePeriodEnd", "bad_order")],
    ),
    "FOCUS without GPUs": (
        focus("1", "USD", "Usage", "S3", "2026-03-02T08:00:00Z", "2026-03-02T09:00:00Z", "1", "1", "Hours", "S3", ""),
        [(0, "", "no_gpus")],
    ),
    "OpenCost error": (b'{"code": 500, "data": [], "message": "no"}', [(0, "code", "failed_answer")]),
    "OpenCost without steps": (b'{"code": 200, "data": []}', [(0, "data", "no_rows")]),
    "OpenCost negative": (opencost(lambda steps: trainer(steps).update(gpuHours=-4)), "gpuHours negative"),
    "OpenCost without hours": (
        opencost(lambda steps: trainer(steps).update(gpuHours=None, gpuCount=None)), "gpuHours unknown_hours"
    ),
    "OpenCost text": (opencost(lambda steps: trainer(steps).update(gpuHours="four")), "gpuHours bad_number"),
    "OpenCost twice": (opencost(lambda steps: steps.append(steps[0])), "window double_step"),
    "OpenCost half hours": (
        opencost(half_hours),
        "window not_hours",
    ),
    "Google without SKU": (google(sku=None) + b"\n" + google(), [(1, "sku.description", "missing")]),
    "Google line": (google() + b"\n{nonsense\n[1]\n", [(2, "", "not_json"), (3, "", "bad_shape")]),
    "Google row": (
        google(usage_start_time="soon", cost="free", currency="", usage={"amount": 1, "unit": "byte"}),
        [(1, "usage_start_time", "bad_time"), (1, "cost", "bad_number"), (1, "currency", "bad_currency")],
    ),
    "Google unit": (google(usage={"amount": 1, "unit": "byte"}), [(1, "usage.unit", "bad_unit")]),
    "Google currencies": (google() + b"\n" + google(currency="EUR"), [(0, "currency", "other_currency")]),
    "Google without GPUs": (google(sku={"id": "1", "description": "Disk"}), [(0, "", "no_gpus")]),
    "Google below zero": (google(usage={"amount": -3600, "unit": "seconds"}), [(0, "usage.amount", "negative")]),
    "Parquet without columns": (parquet(cost=[1.0]), [
        (0, name, "missing_column") for name in ("currency", "sku", "usage_end_time", "usage_start_time")]),
    "Prometheus error": (matrix(status="error"), [(0, "status", "failed_answer")]),
    "Prometheus vector": (matrix(kind="vector"), [(0, "data.resultType", "bad_shape")]),
    "Prometheus series": (
        matrix(series(__name__="up"), series(UUID=""), series(__name__=""), {"metric": 1}),
        [(4, "", "bad_shape"), (1, "__name__", "other_metric"), (2, "UUID", "no_gpu_name"),
         (3, "__name__", "no_metric")],
    ),
    "Prometheus value": (
        matrix({**series(), "values": [[1772438400, "250"], 7]}),
        [(1, "values", "bad_value"), (1, "values", "not_share")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", MALFORMED)
def test_malformed_file_is_refused_with_all_its_faults(name):
    data, expected = MALFORMED[name]
    found = refused(data)
    if isinstance(expected, str):
        found = [f"{field.rpartition('.')[2]} {code}" for _line, field, code in found]
        expected = [expected] * len(found)
    assert found == expected
    assert found


def test_the_first_two_hundred_faults_are_listed_and_all_are_counted():
    with pytest.raises(CostError) as caught:
        read_file(plain(*[GOOD[:-1] + "x"] * 301), name="use.csv")
    assert (len(caught.value.detail["faults"]), caught.value.detail["count"]) == (200, 301)
    with override("en"):
        assert caught.value.detail["faults"][0] == "Line 2, gpus: This is not a number: x."


def test_file_larger_than_the_limit_is_not_even_looked_at(monkeypatch):
    monkeypatch.setattr(files, "MOST_BYTES", 10)
    assert refused(plain(GOOD)) == [(0, "", "too_big")]


@pytest.mark.parametrize("data", [plain(*[GOOD] * 6), b"\n".join([google()] * 6)])
def test_rows_beyond_the_limit_are_refused(monkeypatch, data):
    monkeypatch.setattr(text, "MOST_ROWS", 5)
    monkeypatch.setattr(limits, "MOST_ROWS", 5)
    assert refused(data) == [(0, "", "too_many_rows")]


def test_parquet_that_would_unpack_to_gigabytes_is_refused_before_it_is_unpacked(monkeypatch):
    bomb = parquet(sku=["x" * 1000] * 400_000, usage_start_time=[1] * 400_000)
    assert len(bomb) < 100_000
    monkeypatch.setattr(limits, "MOST_ROWS", 300_000)
    assert refused(bomb) == [(0, "", "too_many_rows")]


def test_parquet_with_a_part_that_is_too_large_is_refused(monkeypatch):
    monkeypatch.setattr(packed, "MOST_UNPACKED", 1000)
    assert refused((SAMPLES / "google.parquet").read_bytes()) == [(0, "", "too_big")]


def test_parquet_rows_are_unpacked_a_few_at_a_time_when_words_are_long(monkeypatch):
    monkeypatch.setattr(packed, "MOST_UNPACKED", 10_000)
    whole = read_file((SAMPLES / "google.parquet").read_bytes(), name="bill.parquet")
    assert whole == read_file((SAMPLES / "google.jsonl").read_bytes(), name="bill.jsonl")


@pytest.mark.parametrize(
    ("name", "asked"), [("opencost.json", "dcgm"), ("plain.csv", "opencost"), ("google.parquet", "csv")]
)
def test_file_of_another_format_than_named_is_refused(name, asked):
    with pytest.raises(CostError):
        read_file((SAMPLES / name).read_bytes(), name=name, format=asked)


def test_format_nobody_knows_is_refused():
    with pytest.raises(CostError) as caught:
        read_file(b"x", name="x", format="excel")
    assert caught.value.code == "unknown_format"
