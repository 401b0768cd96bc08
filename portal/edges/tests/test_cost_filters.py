"""Addresses to filters of costs and back."""

from datetime import date

import pytest
from django.http import QueryDict

from audit.costs.types import CostFilters, Period
from portal.edges.cost_filters import NOBODY, Preset, narrowed, preset_period, read_filters, write_filters

TODAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("preset", "first", "after"),
    [
        (Preset.THIS_MONTH, date(2026, 11, 1), date(2026, 12, 1)),
        (Preset.LAST_MONTH, date(2026, 10, 1), date(2026, 11, 1)),
        (Preset.QUARTER, date(2026, 10, 1), date(2027, 1, 1)),
    ],
)
def test_a_preset_is_whole_months(preset, first, after):
    assert preset_period(preset, TODAY) == Period(first, after)
    assert read_filters(QueryDict(f"period={preset}"), today=TODAY).filters.period == Period(first, after)


def test_last_month_of_january_is_december():
    assert preset_period(Preset.LAST_MONTH, date(2027, 1, 31)) == Period(date(2026, 12, 1), date(2027, 1, 1))


def test_the_empty_address_is_this_month_of_everything():
    asked = read_filters(QueryDict(""), today=TODAY)
    assert (asked.preset, asked.faults) == (Preset.THIS_MONTH, ())
    assert asked.filters == CostFilters(Period(date(2026, 11, 1), date(2026, 12, 1)))


def test_dates_are_a_custom_period_whose_last_day_is_inside():
    asked = read_filters(QueryDict("from=2026-11-03&to=2026-11-03"), today=TODAY)
    assert asked.filters.period == Period(date(2026, 11, 3), date(2026, 11, 4))
    assert asked.preset == Preset.CUSTOM


ROUND = CostFilters(
    period=Period(date(2026, 9, 7), date(2026, 9, 14)),
    teams=("anti-fraud", ""),
    projects=("反欺诈",),
    persons=("person:12", "someone else"),
    images=("main.test/fraud/base",),
    versions=("sha256:ab",),
    gpu_types=("l40s", "h100"),
    clusters=("east & west",),
    pricing_classes=("spot",),
)


def test_what_is_written_is_read_back():
    query = write_filters(ROUND)
    again = read_filters(QueryDict(query.urlencode()), today=TODAY)
    assert (again.filters, again.faults) == (ROUND, ())


@pytest.mark.parametrize("preset", [Preset.THIS_MONTH, Preset.LAST_MONTH, Preset.QUARTER])
def test_a_preset_is_written_by_its_name(preset):
    filters = CostFilters(preset_period(preset, TODAY), gpu_types=("l40s",))
    again = read_filters(QueryDict(write_filters(filters, preset).urlencode()), today=TODAY)
    assert (again.preset, again.filters) == (preset, filters)


def test_an_empty_choice_of_a_form_narrows_nothing():
    assert read_filters(QueryDict("project=&gpu=&project="), today=TODAY).filters.projects == ()


def test_not_attributed_has_a_sign_of_its_own():
    asked = read_filters(QueryDict(f"project={NOBODY}"), today=TODAY)
    assert asked.filters.projects == ("",)


def test_every_fault_is_named_at_once():
    query = QueryDict("period=custom&from=20.11.2026&class=free&person=person:1&image=" + "x" * 301)
    faults = read_filters(query, today=TODAY, persons=False).faults
    assert {(fault.field, fault.code) for fault in faults} == {
        ("from", "date"), ("to", "missing"), ("class", "unknown"), ("person", "names"), ("image", "value")
    }  # fmt: skip


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("period=yesterday", "period"),
        ("from=2026-11-20&to=2026-11-19", "order"),
        ("from=2020-01-01&to=2026-01-01", "years"),
        ("from=2026-02-30&to=2026-03-01", "date"),
        ("from=0001-01-01&to=2026-03-01", "date"),
        ("period=custom", "missing"),
        ("&".join(f"project=p{n}" for n in range(51)), "many"),
    ],
)
def test_what_cannot_be_read_is_a_fault(query, code):
    asked = read_filters(QueryDict(query), today=TODAY)
    assert code in {fault.code for fault in asked.faults}
    assert asked.filters.period.days >= 1


def test_a_drill_down_narrows_one_name():
    assert narrowed(ROUND, "gpu", "h100").gpu_types == ("h100",)
    assert narrowed(ROUND, "gpu", "h100").projects == ROUND.projects
