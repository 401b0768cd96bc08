import pytest

from grants.lifecycle.diagram import grant_diagram
from grants.lifecycle.rules import actions_of
from grants.lifecycle.states import FINAL, LIVE, MOVES, GrantStatus, No, Role, Who, refusal_code

# Who may make a move; everybody else is refused as not_allowed, wherever the grant stands.
MAY = {
    "start": "clock",
    "activate": "delivery",
    "extend": "approver administrator operator",
    "expire": "clock",
    "give_back": "lead administrator operator",
    "revoke": "security administrator operator",
    "end_project": "tracker",
    "lose_last_member": "directory",
    "lose_last_image": "catalogue",
    "finish": "delivery",
    "give_up": "delivery",
}
ENDING = "revoking revoking revoking ending over over"
# What those who may get, in the order scheduled, provisioning, active, revoking, ended, failed.
GOES = {
    "start": "provisioning already already ending over over",
    "activate": "not_started active already ending over over",
    "extend": "stays stays stays ending over over",
    "expire": ENDING,
    "give_back": ENDING,
    "revoke": ENDING,
    "end_project": ENDING,
    "lose_last_member": ENDING,
    "lose_last_image": ENDING,
    "finish": "not_started not_started not_started ended over over",
    "give_up": "not_started not_started not_started failed over over",
}
ORDER = ("scheduled", "provisioning", "active", "revoking", "ended", "failed")
MATRIX = [(move, status, who) for move in MAY for status in ORDER for who in Who]


def outcome(move, status, roles):
    code = refusal_code(move, status=status, roles=roles)
    return code.value if code else (MOVES[move].target or "stays")


def expected(move, status, who):
    if who not in MAY[move].split():
        return "not_allowed"
    return GOES[move].split()[ORDER.index(status)]


def test_the_expectations_cover_every_move_and_status():
    assert set(MAY) == set(GOES) == set(MOVES)
    assert set(ORDER) == set(GrantStatus)
    assert len(MATRIX) == 11 * 6 * 13


@pytest.mark.parametrize("move", MAY)
def test_move_from_every_status_by_every_role(move):
    found = {(s, w): outcome(move, s, {w}) for m, s, w in MATRIX if m == move}
    assert found == {(s, w): expected(move, s, w) for m, s, w in MATRIX if m == move}


@pytest.mark.parametrize("own", [Who.MEMBER, Who.LEAD])
@pytest.mark.parametrize("power", [Who.ADMINISTRATOR, Who.APPROVER])
def test_extend_is_refused_to_those_it_would_serve(own, power):
    assert refusal_code("extend", status="active", roles={own, power}) is No.OWN_ACCESS


def test_every_ending_move_has_a_reason_and_no_other_has():
    ending = {name for name, move in MOVES.items() if move.target == GrantStatus.REVOKING}
    assert {name for name, move in MOVES.items() if move.reason} == ending


def test_nothing_leaves_a_final_status_and_nothing_leads_back_to_access():
    assert not [name for name, move in MOVES.items() if move.sources & set(FINAL)]
    back = [m for m in MOVES.values() if GrantStatus.REVOKING in m.sources and m.target in LIVE]
    assert back == []


@pytest.mark.parametrize(
    ("role", "actions"),
    [("viewer", {"pull"}), ("developer", {"pull", "push"}), ("admin", {"pull", "push", "delete"})],
)
def test_actions_of_each_role(role, actions):
    assert actions_of(role) == actions


def test_actions_of_an_unknown_role_raises():
    with pytest.raises(ValueError, match="owner"):
        actions_of("owner")


def test_diagram_draws_every_move_from_every_source():
    arrows = [line for line in grant_diagram().splitlines() if ": " in line and "[*]" not in line]
    assert len(arrows) == sum(len(move.sources) for move in MOVES.values())
    assert "    active --> active: extend (administrator, approver, operator, not lead or member)" in arrows
    assert set(Role) == {"viewer", "developer", "admin"}
