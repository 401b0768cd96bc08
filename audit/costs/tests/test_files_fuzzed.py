"""Files that were damaged anywhere: read, or refused with faults; never anything else."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.costs.errors import CostError
from audit.costs.records import UsageRecord
from audit.costs.sources.days import by_day
from audit.costs.sources.files import read_file
from audit.costs.sources.values import hours_between

SAMPLES = {path.name: path.read_bytes() for path in (Path(__file__).parent / "samples").iterdir()}
FIRST = datetime(2026, 3, 1, tzinfo=UTC)


def outcome(data, name):
    try:
        return read_file(data, name=name)
    except CostError as error:
        return error.code, error.detail["places"]


@pytest.mark.parametrize("name", sorted(SAMPLES))
@settings(max_examples=60, deadline=None)
@given(
    cuts=st.lists(
        st.tuples(st.floats(0, 1), st.binary(max_size=6), st.integers(0, 12)), min_size=1, max_size=4
    )
)
def test_damaged_file_is_read_or_refused(name, cuts):
    data = SAMPLES[name]
    for share, put, drop in cuts:
        at = int(share * len(data))
        data = data[:at] + put + data[at + drop :]
    found = outcome(data, name)
    assert found == outcome(data, name)
    check(found)


def check(found):
    """Readings, or the code of a file with faults and at least one of them."""
    assert found
    if isinstance(found, tuple):
        code, faults = found
        assert code == "bad_file"
        assert faults


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
)


def places(document, path=()):
    yield path
    if isinstance(document, dict | list):
        for key, value in document.items() if isinstance(document, dict) else enumerate(document):
            yield from places(value, (*path, key))


DOCUMENTS = {
    "opencost.json": json.loads(SAMPLES["opencost.json"]),
    "dcgm.json": json.loads(SAMPLES["dcgm.json"]),
    "google.jsonl": json.loads(SAMPLES["google.jsonl"].splitlines()[0]),
}
PLACES = {name: [path for path in places(document) if path] for name, document in DOCUMENTS.items()}


@pytest.mark.parametrize("name", sorted(DOCUMENTS))
@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_document_with_anything_in_any_place_is_read_or_refused(name, data):
    path, value = data.draw(st.sampled_from(PLACES[name])), data.draw(JSON)
    document = json.loads(json.dumps(DOCUMENTS[name]))
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    check(outcome(json.dumps(document).encode(), name))


@settings(max_examples=100, deadline=None)
@given(
    start=st.integers(0, 10_000), minutes=st.integers(1, 10_000),
    gpus=st.decimals("0.000001", 100, places=6),
)  # fmt: skip
def test_record_cut_at_midnights_holds_as_much_as_before(start, minutes, gpus):
    begins = FIRST + timedelta(minutes=start)
    record = UsageRecord(begins, begins + timedelta(minutes=minutes), "lab", "l40s", gpus)
    days = by_day([record])
    parts = [one for day in days for one in day.records]
    assert sum((hours_between(one.start, one.end) for one in parts), Decimal(0)).quantize(
        Decimal("0.000001")
    ) == hours_between(record.start, record.end).quantize(Decimal("0.000001"))
    assert all(day.start <= one.start < one.end <= day.end for day in days for one in day.records)
    assert {one.gpus for one in parts} == {gpus}
