"""The health of sources of GPU usage: failing, late, and what nobody brings, which is missing and never zero."""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.costs.models import ClusterClaim, Source
from grants.directory.testing import cast
from portal.pages.health.costs import usage
from portal.pages.testing import as_person

pytestmark = pytest.mark.django_db
NOW = timezone.now()
URL = {"url": "http://opencost.test:9003"}


def make(key="opencost", **fields):
    given = {"kind": "opencost", "name": "OpenCost", "options": URL, "next_attempt_at": NOW, **fields}
    source = Source.objects.create(key=key, **given)
    ClusterClaim.objects.create(cluster=key, facts="usage", source=source)
    return source


def test_costs_without_a_source_are_missing_and_not_zero():
    assert usage(NOW) == ("not_set_up", "No source of GPU usage is connected; costs are missing")


def test_source_in_time_works_and_says_what_nobody_brings():
    make(complete_through=NOW - timedelta(hours=3))
    assert usage(NOW) == ("working", "Missing: how active they are, which GPUs there are.")


def test_source_that_was_never_read_and_one_that_is_behind_need_attention():
    make(complete_through=NOW - timedelta(days=2))
    make("other", name="Other", complete_through=None)
    state, reason = usage(NOW)
    assert state == "slow"
    assert "OpenCost is complete up to 2\xa0days ago." in reason
    assert "Other has never been read." in reason


def test_google_is_three_days_behind_by_nature():
    options = {"table": "p.d.t", "look_back_days": 3}
    make(kind="google", options=options, complete_through=NOW - timedelta(days=4), every_seconds=21600)
    assert usage(NOW)[0] == "working"
    Source.objects.update(complete_through=NOW - timedelta(days=6))
    assert usage(NOW)[0] == "slow"


def test_error_of_a_failing_source_is_not_for_everybody(client):
    error = "OpenCost answered 403: it refused our credentials or their permissions."
    make(attempts=3, error=error, succeeded_at=NOW - timedelta(hours=5), complete_through=NOW)
    assert usage(NOW)[:1] == ("failing",)
    assert "OpenCost cannot be read since 5\xa0hours." in usage(NOW)[1]
    answer = client.get("/healthz")
    assert error not in answer.text
    assert answer.json()["parts"]["usage"]["status"] == "failing"


def test_page_says_what_breaks_without_usage():
    answer = as_person(cast().root).get("/health/")
    assert "budgets and forecasts are too low" in answer.text
    assert 'id="usage-sources"' in answer.text
