"""Who may decide in a lane, and by when."""

from datetime import timedelta

import pytest
from django.utils import timezone

from approvals.routing.services import due_at, eligible, holders, unstaffed
from grants.directory.testing import cast, make_person


@pytest.mark.django_db
def test_eligible_are_the_active_approvers_less_those_excluded():
    people = cast()
    max_ = make_person("max", roles=["approver:mlops"])
    make_person("dora", roles=["approver:mlops"], active=False)
    assert eligible("mlops", set()) == [max_, people.mia]
    assert eligible("mlops", {max_.pk, people.alice.pk}) == [people.mia]
    assert eligible("security", set()) == [people.sam]
    assert eligible("budget", set()) == []


@pytest.mark.django_db
def test_holders_of_all_lanes_cost_one_query(django_assert_num_queries):
    people = cast()
    with django_assert_num_queries(1):
        assert holders(["mlops", "security"]) == {"mlops": [people.mia], "security": [people.sam]}


@pytest.mark.django_db
def test_a_lane_whose_only_approver_is_excluded_is_unstaffed():
    people = cast()
    pools = holders(["mlops", "security"])
    assert unstaffed(pools, set()) == ()
    assert unstaffed(pools, {people.sam.pk}) == ("security",)


@pytest.mark.parametrize("hours", [8, 24])
def test_an_answer_is_due_after_the_target_hours(settings, hours):
    settings.POLICY = settings.POLICY | {"target_hours": hours}
    now = timezone.now()
    assert due_at(now) == now + timedelta(hours=hours)
