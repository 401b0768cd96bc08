"""A file is kept for whoever brought it, for an hour."""

from datetime import UTC, datetime, timedelta

import pytest

from audit.costs.errors import CostNotFound
from audit.costs.holding import drop_file, held_file, hold_file
from audit.costs.models import HeldFile, Source
from audit.ledger.actors import Actor

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
ROOT, ADA = Actor("person", "7", "Root"), Actor("person", "6", "Ada")


@pytest.fixture
def source():
    return Source.objects.create(key="bills", kind="csv", name="Bills")


def hold(source, now=NOW):
    return hold_file(data=b"a,b\n", name="may.csv", source=source, file_format="csv", by=ROOT, now=now)


def test_held_file_is_read_back_byte_for_byte(source):
    kept = held_file(key=hold(source).key, source=source, by=ROOT, now=NOW + timedelta(minutes=59))
    assert (bytes(kept.data), kept.name, kept.format) == (b"a,b\n", "may.csv", "csv")
    assert kept.digest == "5be08c9684a1d25efcee09318204824278b08bbfb4aef973ffefd0b9d7478313"


@pytest.mark.parametrize("who", [ADA, Actor("operator", "7", "Root")])
def test_held_file_is_nobody_elses(source, who):
    key = hold(source).key
    with pytest.raises(CostNotFound) as refused:
        held_file(key=key, source=source, by=who, now=NOW)
    assert refused.value.code == "file_gone"
    drop_file(key=key, by=who)
    assert HeldFile.objects.count() == 1


def test_held_file_is_of_the_source_it_was_shown_for(source):
    other = Source.objects.create(key="other", kind="csv", name="Other")
    with pytest.raises(CostNotFound):
        held_file(key=hold(source).key, source=other, by=ROOT, now=NOW)


def test_held_file_is_gone_after_an_hour(source):
    old = hold(source)
    with pytest.raises(CostNotFound):
        held_file(key=old.key, source=source, by=ROOT, now=NOW + timedelta(minutes=61))
    new = hold(source, now=NOW + timedelta(minutes=61))
    assert list(HeldFile.objects.values_list("key", flat=True)) == [new.key]


def test_dropped_file_is_gone(source):
    kept = hold(source)
    drop_file(key=kept.key, by=ROOT)
    assert HeldFile.objects.count() == 0
