"""Unused access by the API: who reads it, and what is said of people and grants."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from audit.costs.models import Commitment
from grants.directory.testing import make_person
from grants.lifecycle.models import Grant
from grants.lifecycle.testing import make_grant
from portal.api.tests.conftest import problem

pytestmark = pytest.mark.django_db
NOW = timezone.now()


@pytest.fixture
def quiet(scene):
    since = NOW - timedelta(days=50)
    grant = make_grant(
        project=scene.project, members=[scene.people.bob], starts=since, ends=NOW + timedelta(days=9)
    )
    Grant.objects.filter(pk=grant.pk).update(status="active", origin="request:7")
    Commitment.objects.create(
        origin="request:7", team="anti-fraud", project="anti-fraud-v2", gpu_type="l40s", hours=9,
        amount=Decimal("154"), starts=NOW.date(), ends=NOW.date() + timedelta(days=9),
    )  # fmt: skip
    return grant


def test_a_lead_reads_people_and_grants_without_use(quiet, as_, scene):
    found = as_("alice").get("costs/unused/", team="anti-fraud").json()
    assert (found["team"], found["days"]) == ("anti-fraud", 30)
    assert [(one["person"]["id"], one["projects"], one["grants"]) for one in found["people"]] == [
        (scene.people.bob.pk, ["anti-fraud-v2"], [quiet.pk])
    ]
    (grant,) = found["grants"]
    assert (grant["id"], grant["project"], grant["people"], grant["promised"]) == (
        quiet.pk, "anti-fraud-v2", 1, "154.000000",
    )  # fmt: skip
    later = as_("alice").get("costs/unused/", team="anti-fraud", days=60).json()
    assert (later["people"], later["grants"]) == ([], [])


def test_budget_owners_read_it_members_do_not_and_strangers_find_nothing(quiet, as_):
    bea = as_(make_person("bea", roles=["budget"]))
    assert len(bea.get("costs/unused/", team="anti-fraud").json()["grants"]) == 1
    assert problem(as_("bob").get("costs/unused/", team="anti-fraud")) == (403, "not_a_lead")
    assert problem(as_("charlie").get("costs/unused/", team="anti-fraud")) == (404, "not_found")
    assert problem(bea.get("costs/unused/", team="nowhere")) == (404, "not_found")


def test_a_window_that_is_none_is_refused(quiet, as_):
    assert as_("alice").get("costs/unused/", team="anti-fraud", days=31).status_code == 400
    assert as_("alice").get("costs/unused/").status_code == 400
