import pytest

from grants.connectors.errors import Conflict, NotFound, NotYet, Permanent, Refused, Transient, UnknownOutcome
from grants.delivery.pauses import kind_of, pause_after
from grants.delivery.plan import Plan, plan

A, B, C = ("main", "member", "person:1"), ("main", "member", "person:2"), ("main", "image", "fraud/base")


def test_plan_creates_what_is_missing_and_drops_what_is_not_wanted():
    assert plan({A, C}, {A: "verified", B: "wanted"}) == Plan(create=frozenset({C}), drop=frozenset({B}))


@pytest.mark.parametrize("status", ["unwanted", "removed", "proven"])
def test_plan_leaves_what_is_on_its_way_out(status):
    assert plan(set(), {A: status}) == Plan(frozenset(), frozenset())


@pytest.mark.parametrize("status", ["unwanted", "removed", "proven"])
def test_plan_takes_back_what_went_away_and_is_wanted_again(status):
    assert plan({A}, {A: status}) == Plan(frozenset(), frozenset(), again=frozenset({A}))


def test_plan_of_a_step_already_made_is_empty():
    assert plan({A, B}, {A: "applied", B: "wanted"}) == Plan(frozenset(), frozenset())


@pytest.mark.parametrize(
    ("error", "failures", "seconds"),
    [
        (Transient("x"), 1, 1),
        (Transient("x"), 4, 8),
        (Transient("x"), 10_000, 300),
        (Transient("x", retry_after=90), 1, 90),
        (Conflict("x"), 2, 2),
        (UnknownOutcome("x"), 1, 1),
        (NotFound("x"), 1, 1),
        (Permanent("x"), 1, 60),
        (Refused("x"), 10_000, 3600),
        (KeyError("x"), 1, 60),
    ],
)
def test_pause_by_kind_and_failures(error, failures, seconds):
    assert pause_after(error, failures).total_seconds() == seconds


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (NotYet("x"), "transient"),
        (Refused("x"), "permanent"),
        (UnknownOutcome("x"), "unknown_outcome"),
        (NotFound("x"), "not_found"),
        (KeyError("x"), "unexpected"),
    ],
)
def test_kind_of_error(error, kind):
    assert kind_of(error) == kind
