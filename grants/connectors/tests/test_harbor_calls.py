"""Outside calls at a Harbor: linear in people plus images, and few enough to say how many."""

from collections import Counter
from datetime import timedelta

import pytest

from grants.connectors.base import Change, Holder, Scope
from grants.connectors.errors import NotYet
from grants.connectors.tests.contract import NOW, TARGET, Case, about, holding
from grants.connectors.tests.harbor_world import world
from portal.sandbox.faults import Schedule
from portal.sandbox.harbor.artifacts import add_image
from portal.sandbox.images import build_image

pytestmark = pytest.mark.enable_loopback
PROJECTS = 5


def scene(made, people, images):
    image = build_image([{"README": b"x"}], created=NOW)
    names = [f"ml-{n % PROJECTS}/image-{n}" for n in range(images)]
    for name in names:
        add_image(made.harbor.state, name, ["1.0"], image)
    crowd = tuple(Holder(f"person:{n}", f"p{n}@example.com") for n in range(1, people + 1))
    case = Case(made.connector, made.layout, Schedule(), names, bool, print, list)
    wanted = holding(case, holders=crowd, images=tuple(names), ends=NOW + timedelta(days=90))
    return [(place, made.layout.entry(place, about(place, [wanted]))) for place in made.layout.places(wanted)]


def counted(made, work):
    made.harbor.schedule.calls.clear()
    work()
    return Counter(method for method, _ in made.harbor.schedule.calls)


def end(made, entry):
    try:
        made.connector.remove(Change("remove", entry))
    except NotYet:
        return


@pytest.mark.parametrize(
    ("people", "images"), [(8, 5), (40, 20), pytest.param(500, 50, marks=pytest.mark.journey)]
)
def test_calls_are_linear_in_people_plus_images(people, images, record_property):
    with world(timeout=30.0) as made:
        entries = [entry for _, entry in scene(made, people, images)]
        robots, places = people + 1, people + 1 + images
        first = counted(made, lambda: [made.connector.apply(Change("apply", entry)) for entry in entries])
        again = counted(made, lambda: [made.connector.apply(Change("apply", entry)) for entry in entries])
        seen = counted(made, lambda: made.connector.observe(Scope(TARGET)))
        off = counted(made, lambda: [end(made, entry) for entry in entries])
        made.wait(32 * 60)
        gone = counted(made, lambda: [end(made, entry) for entry in entries])
    for name, calls in (("grant", first), ("again", again), ("observe", seen), ("off", off), ("gone", gone)):
        record_property(f"{people}x{images}.{name}", sum(calls.values()))
    assert first["POST"] == robots + min(images, PROJECTS)
    assert first["PUT"] == images - min(images, PROJECTS)
    assert first["GET"] == 2 * robots + 4 * images
    assert again == {"GET": 2 * places}
    assert sum(seen.values()) <= robots // 100 + 2 + (PROJECTS + 2) + 1
    assert off["PUT"] + off["DELETE"] == places
    assert gone["DELETE"] == robots
