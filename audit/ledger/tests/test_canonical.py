import json
from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from audit.ledger.canonical import canonical, check_dimension, clean_name
from audit.ledger.errors import LedgerError
from audit.ledger.offline import DIMENSIONS, EPOCH, MICROSECOND, entry_hash

TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=20)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
LINES = st.text(st.characters(exclude_categories=["Cs"], min_codepoint=32), max_size=30)


@given(VALUES)
def test_canonical_text_survives_a_round_trip(value: Any) -> None:
    assert canonical(json.loads(canonical(value))) == canonical(value)
    assert json.loads(canonical(value)) == value


def test_canonical_sorts_keys_and_keeps_other_scripts() -> None:
    assert canonical({"b": [1, None, True], "a": "李"}) == '{"a":"李","b":[1,null,true]}'


@pytest.mark.parametrize(
    "value",
    [
        1.5,
        2**63,
        -(2**63) - 1,
        b"x",
        {1: "x"},
        {"a": {"b": {1.0}}},
        "\x00",
        "\ud800",
        {"\x00": 1},
        [object()],
    ],
)
def test_what_would_not_survive_is_refused(value: Any) -> None:
    with pytest.raises(LedgerError) as refused:
        canonical({"key": value})
    assert refused.value.code == "bad_detail"


@pytest.mark.parametrize("text", ["two\nlines", "tab\t", "x" * 601, "\x00", "\ud800", 7])
def test_dimension_is_one_short_line(text: Any) -> None:
    with pytest.raises(LedgerError):
        check_dimension(text, "subject")


def test_a_name_is_cleaned_not_refused() -> None:
    assert clean_name("Eve\nroot\x00" + "x" * 700) == ("Eve root " + "x" * 700)[:600]


@given(texts=st.lists(LINES, min_size=8, max_size=8), detail=st.dictionaries(TEXT, VALUES, max_size=3))
@pytest.mark.django_db
def test_database_and_verifier_hash_the_same_bytes(texts: list[str], detail: dict[str, Any]) -> None:
    at = datetime(2026, 3, 4, 5, 6, 7, 891011, tzinfo=UTC)
    written = canonical(detail)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT sha256(ledger_entry(%s, 7, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::json))",
            [b"p" * 32, at, *texts, written],
        )
        (computed,) = cursor.fetchone()
    assert len(DIMENSIONS) == len(texts)
    body = "\n".join([*texts, written]).encode()
    assert bytes(computed) == entry_hash(b"p" * 32, 7, (at - EPOCH) // MICROSECOND, body)
