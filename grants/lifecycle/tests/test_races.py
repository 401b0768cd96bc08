"""The journey runs a thousand of these: PURSER_RACES=1000."""

import os

import pytest

from grants.lifecycle.tests.races import races

NUMBER = int(os.environ.get("PURSER_RACES", "60"))


@pytest.mark.django_db(transaction=True)
def test_expire_extend_revoke_have_one_winner_and_one_event():
    tally = races(NUMBER)
    assert tally.faults == []
    assert tally.wins.total() == NUMBER
    assert len(tally.wins) >= 2, "the races were no races: one always came first"
