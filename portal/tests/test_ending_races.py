"""Many people leaving and a project ending at once lock the same grants in one order: neither waits in a circle."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection
from django.utils import timezone

from audit.ledger.actors import operator
from audit.ledger.models import Event
from grants.catalogue.testing import make_image
from grants.directory.models import Person, Project
from grants.directory.services import import_directory
from grants.directory.signals import person_disabled
from grants.directory.testing import make_person, make_project
from grants.directory.types import ProjectChanges
from grants.lifecycle.models import Grant
from grants.lifecycle.testing import make_grant
from portal.edges.closing import save_project

ROUNDS, CROWD = 6, 24
BY = operator("root")


@pytest.fixture(autouse=True)
def no_brake(settings):
    settings.BRAKE = {"share": 100, "floor": 0, "window_minutes": 10}


def race(number: int) -> list[str]:
    """A file of leavers against the end of their project, which begins when the first has left; what went wrong."""
    project, image = make_project(f"race-{number}"), make_image(f"race/{number}")
    crowd = [make_person(f"race{number}-{place}") for place in range(CROWD)]
    for person in reversed(crowd):
        make_grant(project=project, members=[person], images=[image])
    barrier = Barrier(2)

    def first_left(person_id: int, **_signal: object) -> None:
        if person_id == crowd[0].pk:
            barrier.wait(10)

    person_disabled.connect(first_left, dispatch_uid="test.race")
    with ThreadPoolExecutor(2) as pool:
        lanes = [pool.submit(_run, act) for act in (lambda: _leave(crowd), lambda: _close(project, barrier))]
        faults = [fault for lane in lanes if (fault := lane.result())]
    person_disabled.disconnect(dispatch_uid="test.race")
    return faults


def _leave(crowd: list[Person]) -> None:
    lines = "".join(f"{person.user_name}@example.com,no\n" for person in crowd)
    data = f"email,active\n{lines}".encode()
    assert import_directory(data=data, filename="race.csv", by=BY, now=timezone.now()).disabled == CROWD


def _close(project: Project, barrier: Barrier) -> None:
    connection.ensure_connection()
    barrier.wait(10)
    save_project(project=project, changes=ProjectChanges(state="closed"), by=BY, now=timezone.now())


def _run(act: Callable[[], None]) -> str:
    try:
        act()
    except Exception as error:
        return repr(error)
    finally:
        connection.close()
    return ""


@pytest.mark.django_db(transaction=True)
def test_a_file_of_leavers_and_the_end_of_their_project_never_deadlock():
    assert [fault for number in range(ROUNDS) for fault in race(number)] == []
    assert set(Grant.objects.values_list("status", flat=True)) == {"revoking"}
    ended = Event.objects.filter(kind__in=["grants.grant.emptied", "grants.grant.project-done"])
    assert ended.count() == ROUNDS * CROWD
