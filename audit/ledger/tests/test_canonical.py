import pytest


def test_x(db):
    from audit.ledger.models import Event

    assert Event.objects.count() == 0
