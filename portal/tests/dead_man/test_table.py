"""docs/dead-man.md says what the tests hold, no more and no less."""

import re
from pathlib import Path

from portal.tests.dead_man.table import ROWS, table, written

ROOT = Path(__file__).resolve().parents[3]
TEST = re.compile(r"^(?:async )?def (test_\w+)\(", re.MULTILINE)


def names(paths):
    return {name for path in paths for name in TEST.findall(path.read_text("utf-8"))}


def test_the_page_has_exactly_the_rows_that_are_known():
    assert written() == table()


def test_every_row_is_held_by_tests_that_exist_or_says_that_it_was_not_tried():
    every = names(path for app in ("grants", "portal") for path in (ROOT / app).rglob("test_*.py"))
    assert [name for row in ROWS for name in row.tests if name not in every] == []
    assert [row.access for row in ROWS if not row.tests and not row.against.startswith("not tried")] == []


def test_every_test_of_an_end_has_its_row():
    tried = names(path for path in Path(__file__).parent.glob("test_*.py") if path != Path(__file__))
    assert tried - {name for row in ROWS for name in row.tests} == {
        "test_distribution_page_says_that_tokens_end_with_the_access"
    }


def test_each_row_stands_once():
    assert len({(row.target, row.access) for row in ROWS}) == len(ROWS)
