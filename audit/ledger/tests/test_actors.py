import pytest

from audit.ledger.actors import SYSTEM, Actor, operator, system
from audit.ledger.errors import AuditUnavailable, PurserError


def test_label_joins_kind_and_id() -> None:
    assert Actor(kind="robot", id="ci-3", name="CI of Fraud").label == "robot:ci-3"


def test_helpers_name_system_and_operator() -> None:
    assert (SYSTEM.label, system("expiry").label, operator("root").label) == (
        "system:purser",
        "system:expiry",
        "operator:root",
    )


@pytest.mark.parametrize(("kind", "number"), [("ghost", "1"), ("person", "")])
def test_actor_without_kind_or_id_is_refused(kind: str, number: str) -> None:
    with pytest.raises(ValueError, match="actor"):
        Actor(kind=kind, id=number, name="x")  # type: ignore[arg-type]


def test_error_carries_code_message_detail_and_status() -> None:
    error = PurserError("taken", "This is taken.", {"by": "bob"})
    assert (error.code, error.message, str(error), error.detail, error.status) == (
        "taken",
        "This is taken.",
        "This is taken.",
        {"by": "bob"},
        422,
    )
    assert AuditUnavailable.status == 503
