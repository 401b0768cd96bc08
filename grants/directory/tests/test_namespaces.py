"""A namespace is one open project's alone: whoever works in it may use what the project was granted."""

from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from audit.ledger.actors import operator
from audit.ledger.models import Event
from grants.directory import signals
from grants.directory.errors import DirectoryError
from grants.directory.models import Project
from grants.directory.projects import change_project
from grants.directory.services import import_directory
from grants.directory.testing import make_project, make_team
from grants.directory.types import ProjectChanges

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
BY = operator("root")
HEADER = "project_key,team,namespace,state\n"


@pytest.fixture
def first():
    return make_project("first", team=make_team("risk"), namespace="fraud")


@pytest.fixture
def told():
    heard = []

    def hear(project_id, **_kwargs):
        heard.append(project_id)

    signals.project_changed.connect(hear)
    yield heard
    signals.project_changed.disconnect(hear)


def load(text):
    return import_directory(data=(HEADER + text).encode(), filename="x.csv", by=BY, now=NOW, apply=True)


def codes(report):
    return [(fault.line, fault.column, fault.code) for fault in report.faults]


def change(project, **changes):
    return change_project(project=project, changes=ProjectChanges(**changes), by=BY, now=NOW)


def test_database_refuses_a_second_open_project(first):
    with pytest.raises(IntegrityError), transaction.atomic():
        make_project("second", namespace="fraud")
    make_project("closed", namespace="fraud", state="closed")


@pytest.mark.parametrize(
    ("lines", "faulty"),
    [("second,risk,fraud,\n", [2]), ("second,risk,other,\nthird,risk,other,\n", [2, 3])],
    ids=["there", "in the file"],
)
def test_file_names_every_line_that_takes_one(first, lines, faulty):
    assert codes(load(lines)) == [(line, "namespace", "namespace_taken") for line in faulty]
    assert Project.objects.count() == 1


def test_file_may_move_one_and_use_that_of_a_closed_project(first):
    assert codes(load("first,risk,other,\nsecond,risk,fraud,\n")) == []
    assert codes(load("second,risk,fraud,closed\nthird,risk,fraud,\n")) == []


@pytest.mark.parametrize(
    "lines",
    [
        "first,,credit,\nsecond,,fraud,\n",
        "second,,fraud,\nfirst,,credit,\n",
        "second,,fraud,\nthird,risk,credit,\nfirst,,other,\n",
        "second,,fraud,\nfirst,,,closed\n",
    ],
    ids=["swapped", "swapped back to front", "handed on", "taken over before the line that closes"],
)
def test_file_may_hand_namespaces_on_in_any_order(first, told, lines):
    second = make_project("second", namespace="credit")
    assert codes(load(lines)) == []
    assert Project.objects.get(pk=second.pk).namespace == "fraud"
    assert Project.objects.exclude(pk=second.pk).filter(namespace="fraud", state="open").count() == 0
    event = Event.objects.filter(kind="grants.project.changed", project="second").get()
    assert event.detail["changed"]["namespace"] == ["credit", "fraud"]
    assert second.pk in told
    kept = Project.objects.get(pk=first.pk)
    assert (kept.state, kept.namespace) in {("open", "credit"), ("open", "other"), ("closed", "fraud")}


def test_a_file_with_a_fault_leaves_every_namespace_where_it_was(first):
    second = make_project("second", namespace="credit")
    assert codes(load("second,,fraud,\nfirst,,credit,\nthird,risk,credit,\n")) != []
    assert [Project.objects.get(pk=one.pk).namespace for one in (first, second)] == ["fraud", "credit"]


def test_page_says_whose_it_is(first):
    second = make_project("second")
    with pytest.raises(DirectoryError) as caught:
        change(second, namespace="fraud")
    assert caught.value.detail == {
        "fields": {"namespace": "This namespace belongs to the open project first"}
    }


def test_project_cannot_be_opened_again_into_a_namespace_that_was_taken(first):
    closed = make_project("closed", namespace="fraud", state="closed")
    with pytest.raises(DirectoryError):
        change(closed, state="open")


def test_targets_hear_of_what_concerns_them(first, told):
    change(first, gpu_quota=4)
    change(first, name="Other")
    load("first,risk,elsewhere,\n")
    assert told == [first.pk, first.pk]
