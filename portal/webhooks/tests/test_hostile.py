"""A storm of good, doubled, reordered, forged and cut webhooks ends where Jira stands."""

import os

import pytest

from grants.tracker import tasks
from portal.tests.journeys.webhooks import hostile_webhooks

pytestmark = [pytest.mark.enable_loopback, pytest.mark.django_db(transaction=True)]
COUNT = int(os.environ.get("PURSER_HOSTILE_WEBHOOKS", "300"))
"""The journey posts 10,000."""


@pytest.mark.parametrize("flavour", ["cloud", "datacenter"])
def test_a_storm_ends_where_jira_stands(flavour, monkeypatch, record_property, settings):
    settings.BRAKE = {
        **settings.BRAKE,
        "floor": 1000,
    }  # so many endings at once would otherwise wait for a person
    monkeypatch.setattr(tasks, "_publish", lambda: None)
    report = hostile_webhooks(COUNT, seed=20261120, flavour=flavour)
    for kind, count in report.posted.items():
        record_property(kind, count)
    assert report.forged_accepted == 0
    assert report.wrong_answers == {}
    assert report.duplicate_effects == []
    assert report.disagreeing == []
    assert report.ended == 12
    assert report.stored == report.posted["genuine"]
    assert {"genuine", "duplicate", "unknown", "malformed"} <= set(report.posted)
    assert sum(kind.startswith("forged") for kind in report.posted) == 5
