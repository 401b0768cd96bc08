"""The whole matrix of states, moves and roles, written out."""

import pytest

from approvals.requests.diagram import lane_diagram, request_diagram
from approvals.requests.models import LANE_STATUSES, REQUEST_STATUSES, VERDICTS
from approvals.requests.states import (
    FINAL,
    LANE_MOVES,
    REQUEST_MOVES,
    IllegalMove,
    LaneStatus,
    RequestStatus,
    Verdict,
    move,
    move_lane,
)

REQUEST_MATRIX = {
    ("draft", "edit"): "draft",
    ("draft", "submit"): "pending",
    ("draft", "withdraw"): "withdrawn",
    ("pending", "revise"): "pending",
    ("pending", "approve_last"): "approved",
    ("pending", "deny"): "denied",
    ("pending", "withdraw"): "withdrawn",
    ("pending", "lapse"): "lapsed",
}
LANE_MATRIX = {
    ("waiting", "approve"): "approved",
    ("waiting", "deny"): "denied",
    ("waiting", "ask"): "asked",
    ("waiting", "reopen"): "waiting",
    ("asked", "approve"): "approved",
    ("asked", "deny"): "denied",
    ("asked", "ask"): "asked",
    ("asked", "answer"): "waiting",
    ("asked", "reopen"): "waiting",
    ("approved", "reopen"): "waiting",
}


@pytest.mark.parametrize("verb", [*REQUEST_MOVES, "vanish"])
@pytest.mark.parametrize("status", RequestStatus)
def test_request_moves(status: RequestStatus, verb: str) -> None:
    expected = REQUEST_MATRIX.get((status.value, verb))
    if expected:
        assert move(status.value, verb) is RequestStatus(expected)
        return
    with pytest.raises(IllegalMove) as refused:
        move(status, verb)
    assert (refused.value.code, refused.value.status, refused.value.verb) == ("illegal_move", status, verb)


@pytest.mark.parametrize("verb", [*LANE_MOVES, "vanish"])
@pytest.mark.parametrize("status", LaneStatus)
def test_lane_moves(status: LaneStatus, verb: str) -> None:
    expected = LANE_MATRIX.get((status.value, verb))
    if expected:
        assert move_lane(status.value, verb) is LaneStatus(expected)
        return
    with pytest.raises(IllegalMove):
        move_lane(status, verb)


def test_final_statuses_have_no_way_out() -> None:
    assert set(RequestStatus) - {"draft", "pending"} == FINAL
    assert not [verb for verb, table in REQUEST_MOVES.items() if table.sources & FINAL]


def test_each_verdict_is_a_move_of_a_lane() -> None:
    assert {verdict.value for verdict in Verdict} <= LANE_MOVES.keys()


def test_each_move_records_its_own_kind() -> None:
    kinds = [table.kind for table in (*REQUEST_MOVES.values(), *LANE_MOVES.values())]

    assert len(set(kinds)) == len(kinds) == 12
    assert all(kind.startswith("approvals.") and kind.count(".") == 2 for kind in kinds)


def test_the_database_knows_the_same_words() -> None:
    assert [value for value, _ in REQUEST_STATUSES] == [status.value for status in RequestStatus]
    assert [value for value, _ in LANE_STATUSES] == [status.value for status in LaneStatus]
    assert [value for value, _ in VERDICTS] == [verdict.value for verdict in Verdict]


def test_request_diagram_is_drawn_from_the_table() -> None:
    lines = request_diagram().splitlines()

    assert lines[:3] == [
        "stateDiagram-v2",
        "    [*] --> draft",
        "    draft --> draft: edit (lead, requester)",
    ]
    assert "    pending --> lapsed: lapse (system)" in lines
    assert "    approved --> [*]" in lines
    assert len(lines) == 2 + len(REQUEST_MATRIX) + 4
    assert len(lane_diagram().splitlines()) == 2 + len(LANE_MATRIX)
