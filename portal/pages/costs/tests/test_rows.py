"""Rows of tables written at once: escaped, marked, folded with their sum, and read once within one answer."""

from decimal import Decimal

import pytest
from django.http import QueryDict

from audit.costs.models import CostSettings
from audit.costs.once import reading_once
from audit.costs.settings import cost_settings
from audit.costs.types import REST, Sums
from audit.costs.types import Line as CostLine
from portal.pages.costs.own import MOST_LINES, folded
from portal.pages.costs.tables import Column, Line, table
from portal.pages.templatetags.figure_rows import figure_rows


class Asked:
    """A frame as far as `folded` looks at it."""

    def __init__(self, query: str = "") -> None:
        self.query = QueryDict(query)


def lines_of(count: int) -> list[CostLine]:
    return [
        CostLine(f"p{n}", Sums(held_ms=1, cost=Decimal(n)), days=(Decimal(1), Decimal(n)))
        for n in range(count)
    ]


def test_a_name_is_escaped_and_marked_where_it_is_chinese():
    lines = [Line('<b>"', {"cost": Decimal("1234.5")}, url="?a=1&b=2"), Line("反欺诈", {"cost": None})]
    made = table(key="k", title="T", first="N", columns=[Column("cost", "A & B")], lines=lines)
    assert figure_rows(made) == (
        '<tr><th scope="row"><a href="?a=1&amp;b=2">&lt;b&gt;&quot;</a></th>'
        '<td class="num" data-label="A &amp; B" data-v="1234.50">1,234.50</td></tr>'
        '<tr><th scope="row"><span lang="zh-Hans">反欺诈</span></th>'
        '<td class="num" data-label="A &amp; B">–</td></tr>'
    )


def test_lines_beyond_the_first_are_one_that_adds_up():
    lines = lines_of(MOST_LINES + 3)
    found = folded(lines, Asked())
    assert list(found[:-1]) == lines[:MOST_LINES]
    assert (found[-1].value, found[-1].sums.cost) == (REST, Decimal(50 + 51 + 52))
    assert found[-1].days == (Decimal(3), Decimal(50 + 51 + 52))


@pytest.mark.parametrize("query", ["sort=-by-project.idle", "csv=by-project"])
def test_a_sorted_table_and_a_file_have_every_line(query):
    lines = lines_of(MOST_LINES + 3)
    assert folded(lines, Asked(query)) == lines


@pytest.mark.django_db
def test_settings_are_read_once_within_an_answer_and_anew_after_it(django_assert_num_queries):
    with django_assert_num_queries(1), reading_once():
        assert cost_settings().currency == cost_settings().currency
    CostSettings.objects.update_or_create(pk=1, defaults={"currency": "CNY"})
    assert cost_settings().currency == "CNY"
