"""Adding people never loses what was repaired, and never half a list."""

from datetime import timedelta

import pytest

from approvals.requests import services
from approvals.requests.errors import DraftFault, StaleRequest
from approvals.requests.testing import make_draft, make_request
from approvals.requests.types import DraftChanges
from audit.ledger.models import Event
from grants.directory.actors import actor_for


def add(request, scene, now, **changes):
    by = actor_for(scene.people.alice)
    return services.add_people(
        request=request, changes=DraftChanges(**changes), revision=request.revision, by=by, now=now
    )


def states(request):
    return list(request.members.values_list("position", "raw", "state", "left_out"))


def test_added_people_come_after_those_there_and_repetition_is_found(scene, now):
    draft = make_draft(scene)
    by = actor_for(scene.people.alice)
    draft = services.repair_line(request=draft, position=1, action="remove", by=by, now=now)
    draft = add(draft, scene, now, people_text="charlie; Bob@example.com\nbob")
    assert states(draft) == [
        (1, "bob", "found", True),
        (2, "charlie", "found", False),
        (3, "Bob@example.com", "found", False),
        (4, "bob", "repeated", True),
    ]
    assert Event.objects.order_by("sequence").last().kind == "approvals.request.edited"


def test_a_list_that_becomes_too_long_changes_nothing(scene, now):
    draft = make_draft(scene)
    with pytest.raises(DraftFault) as caught:
        add(draft, scene, now, people_lines=[f"p{n}" for n in range(500)])
    assert caught.value.detail["fields"] == {"people_text": "You can add up to 500 people. This list has 501"}
    assert states(draft) == [(1, "bob", "found", False)]


def test_a_stale_addition_keeps_what_was_typed(scene, now):
    draft = make_draft(scene)
    draft.revision -= 1
    with pytest.raises(StaleRequest) as caught:
        add(draft, scene, now, people_text="charlie")
    assert caught.value.changes == DraftChanges(people_text="charlie")


def test_a_sent_request_takes_a_new_number_of_days(scene, now):
    request, by = make_request(scene, now=now), actor_for(scene.people.alice)
    edited = services.edit(
        request=request, changes=DraftChanges(days=60), revision=request.revision, by=by, now=now
    )
    assert (edited.days, edited.ends - now) == (60, timedelta(days=60))
