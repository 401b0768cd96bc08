"""Asking sources on a schedule: claims, fences, cursors, pauses, and what is stored of a run that breaks off."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from audit.costs import pulling
from audit.costs.errors import CostError
from audit.costs.models import Load, Slice, Source, Usage
from audit.costs.pulling import claim, pause_after, pull, pull_due
from audit.costs.records import Facts, Fault, Reading, UsageRecord
from audit.costs.signals import source_failing
from audit.costs.sources.errors import Permanent, Refused, Transient
from audit.costs.sources.steps import Step
from audit.ledger.models import Event

pytestmark = pytest.mark.django_db(transaction=True)

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
URL = {"url": "http://opencost.test:9003"}


class Puller:
    """Asks nothing: it has what it says."""

    def __init__(self, *said):
        self.said, self.cursors, self.closed = said, [], 0

    def steps(self, *, cursor, now):
        self.cursors.append(cursor)
        for one in self.said:
            if isinstance(one, Exception):
                raise one
            yield one

    def close(self):
        self.closed += 1


def step(hour, *, gpus="1", cluster="gpu-eu", through=None, notes=()):
    start = NOW.replace(hour=hour)
    record = UsageRecord(start, start + HOUR, cluster, "l40s", Decimal(gpus), namespace="anti-fraud")
    reading = Reading(start, start + HOUR, frozenset({Facts.USAGE}), (record,), notes=notes)
    return Step((reading,), start + HOUR, through)


@pytest.fixture
def source():
    return Source.objects.create(
        key="opencost", kind="opencost", name="OpenCost", options=URL, next_attempt_at=NOW, every_seconds=3600
    )


@pytest.fixture
def says(monkeypatch):
    def give(*said):
        made = Puller(*said)
        monkeypatch.setattr(pulling, "puller_of", lambda kind, options, secret: made)
        return made

    return give


def test_due_source_is_asked_stored_and_due_again_after_its_interval(source, says):
    made = says(step(8), step(9, through=NOW.replace(hour=10)))
    assert pull_due(now=NOW) == 1
    source.refresh_from_db()
    assert (source.cursor, source.complete_through) == (NOW.replace(hour=10), NOW.replace(hour=10))
    assert (source.attempts, source.error, source.succeeded_at) == (0, "", NOW)
    assert source.next_attempt_at == NOW + HOUR
    assert Slice.objects.filter(source=source).count() == 2
    assert made.closed == 1
    assert pull_due(now=NOW) == 0


def test_next_run_begins_where_the_last_one_ended(source, says):
    says(step(8))
    pull_due(now=NOW)
    made = says(step(9))
    pull_due(now=NOW + HOUR)
    assert made.cursors == [NOW.replace(hour=9)]


def test_same_answer_again_stores_nothing_and_is_no_event(source, says):
    says(step(8))
    pull_due(now=NOW)
    events, loads = Event.objects.count(), Load.objects.count()
    pull_due(now=NOW + HOUR)
    assert (Event.objects.count(), Load.objects.count()) == (events, loads)


def test_late_data_replaces_what_was_said_before(source, says):
    says(step(8))
    pull_due(now=NOW)
    says(step(8, gpus="3"))
    pull_due(now=NOW + HOUR)
    assert [row.gpus for row in Usage.objects.all()] == [Decimal(3)]


def test_run_that_breaks_off_keeps_what_it_had_and_pauses(source, says):
    says(step(8), Transient("OpenCost answered 503: it cannot answer now.", retry_after=600))
    assert pull_due(now=NOW) == 1
    source.refresh_from_db()
    assert source.cursor == NOW.replace(hour=9)
    assert (source.attempts, source.failed_at) == (1, NOW)
    assert source.error == "OpenCost answered 503: it cannot answer now."
    assert source.next_attempt_at == NOW + timedelta(minutes=10)
    assert Usage.objects.count() == 1


def test_success_clears_the_error(source, says):
    says(Transient("down"))
    pull_due(now=NOW)
    says(step(8))
    pull_due(now=NOW + timedelta(minutes=1))
    source.refresh_from_db()
    assert (source.attempts, source.error, source.failed_at) == (0, "", None)


def test_pauses_double_up_to_six_hours_and_refusals_wait_an_hour():
    error = Transient("down")
    minutes = [pause_after(n, error) // timedelta(minutes=1) for n in (1, 2, 3, 8, 9, 30)]
    assert minutes == [1, 2, 4, 128, 256, 360]
    assert pause_after(1, Refused("no")) == HOUR
    assert pause_after(1, Transient("down", retry_after=7200)) == 2 * HOUR


@pytest.fixture
def told():
    heard = []

    def receive(**kwargs):
        heard.append((kwargs["name"], kwargs["error"]))

    source_failing.connect(receive)
    yield heard
    source_failing.disconnect(receive)


def test_outage_is_told_once_and_recorded(source, says, told):
    says(Transient("down"))
    for n in range(5):
        Source.objects.update(next_attempt_at=NOW)
        assert pull_due(now=NOW + n * timedelta(seconds=1)) == 1
    assert told == [("OpenCost", "down")]
    assert Event.objects.filter(kind="audit.cost-source.failed", subject="source:opencost").count() == 1


def test_refusal_is_told_at_once(source, says, told):
    says(Refused("OpenCost answered 401."))
    pull_due(now=NOW)
    assert told == [("OpenCost", "OpenCost answered 401.")]


def test_reading_with_faults_is_not_stored_and_shown(source, says):
    fault = Fault(0, "gpus", "negative", "GPUs may not be negative")
    reading = Reading(NOW - HOUR, NOW, frozenset({Facts.USAGE}), faults=(fault,))
    says(Step((reading,), NOW))
    pull_due(now=NOW)
    source.refresh_from_db()
    assert "GPUs may not be negative" in source.error
    assert (source.cursor, Slice.objects.count()) == (None, 0)


def test_cluster_that_another_source_speaks_for_is_refused(source, says):
    says(step(8))
    pull_due(now=NOW)
    other = Source.objects.create(
        key="other", kind="opencost", name="Other", options=URL, next_attempt_at=NOW
    )
    pull_due(now=NOW)
    other.refresh_from_db()
    assert other.attempts >= pulling.FAILING_AFTER
    assert other.error


def test_poisoned_answer_does_not_stop_the_other_sources(source, says):
    Source.objects.create(key="b", kind="opencost", name="B", options=URL, next_attempt_at=NOW)
    says(ZeroDivisionError("secret"))
    assert pull_due(now=NOW) == 2
    source.refresh_from_db()
    assert source.error == "Storing or asking broke off (ZeroDivisionError)."


def test_claimed_source_is_nobody_elses_until_its_lease_is_over(source):
    assert claim(now=NOW).pk == source.pk
    assert claim(now=NOW + timedelta(minutes=14)) is None
    again = claim(now=NOW + timedelta(minutes=16))
    assert again.fence == 2


def test_worker_that_lost_its_source_stores_nothing(source, says):
    says(step(8))
    lost = claim(now=NOW)
    claim(now=NOW + timedelta(minutes=16))
    assert pull(lost, now=NOW) is False
    source.refresh_from_db()
    assert (source.cursor, source.error, Slice.objects.count()) == (None, "", 0)


def test_disabled_source_and_one_that_files_are_brought_to_are_not_asked(source):
    Source.objects.update(enabled=False)
    Source.objects.create(key="files", kind="csv", name="Files")
    assert pull_due(now=NOW) == 0


def test_options_that_cannot_be_read_are_shown(source):
    Source.objects.update(options={**URL, "look_back_hours": 0})
    pull_due(now=NOW)
    source.refresh_from_db()
    assert "options.look_back_hours" in source.error


def test_secret_that_is_not_there_is_shown_by_its_reference(source, monkeypatch):
    def secret(reference):
        raise (
            Permanent(f"The secret that {reference} refers to is not there.")
            if reference
            else CostError("x", "x")
        )

    monkeypatch.setattr(pulling, "secret", secret)
    Source.objects.update(options={**URL, "token": "env:GONE"})
    pull_due(now=NOW)
    source.refresh_from_db()
    assert source.error == "The secret that env:GONE refers to is not there."
