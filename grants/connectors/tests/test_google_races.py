"""Two writers on one policy: ours through the connector, a foreign one in between. Nobody loses anything."""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grants.connectors.base import Change, Place
from grants.connectors.errors import Conflict
from grants.connectors.google import GoogleConnector
from grants.connectors.google_layout import GoogleLayout
from grants.connectors.google_policy import Policies
from grants.connectors.tests.contract import Case, holding
from grants.connectors.tests.google_case import FRAUD, IMAGES, OPTIONS, Google, case_of, google, seeded_state

pytestmark = pytest.mark.enable_loopback
LAYOUT = GoogleLayout(OPTIONS)
READER = "roles/artifactregistry.reader"
OURS = [{"images": IMAGES[:1]}, {"images": IMAGES[:2]}, {"images": IMAGES, "role": "developer"}]
Facts = set[tuple[str, str, str]]


@pytest.fixture(scope="module")
def there() -> Iterator[Google]:
    # No answer is lost here: on a busy machine a call took longer than the usual 0.3 s, and failed for no race at all.
    with google(timeout=30.0) as running:
        yield running


def facts(bindings: list[dict[str, Any]]) -> Facts:
    return {(b["role"], b.get("condition", {}).get("title", ""), m) for b in bindings for m in b["members"]}


def foreign_write(there: Google, model: Facts, number: int) -> None:
    """One change of the foreign writer's own things: a member more, a condition more, one of its members less."""
    bindings = copy.deepcopy(there.policy_of(FRAUD))
    member, title = f"user:f{number}@else.com", f"until {number}"
    if number % 3 == 0:
        bindings.append(
            {"role": READER, "members": [member], "condition": {"title": title, "expression": "true"}}
        )
        model.add((READER, title, member))
    elif number % 3 == 1:
        bindings.append({"role": READER, "members": [member, "deleted:user:x@e.com?uid=1"]})
        model.update({(READER, "", member), (READER, "", "deleted:user:x@e.com?uid=1")})
    else:
        gone = sorted(model)[0]
        for binding in bindings:
            if (binding["role"], binding.get("condition", {}).get("title", "")) == gone[:2]:
                binding["members"] = [one for one in binding["members"] if one != gone[2]]
        bindings = [binding for binding in bindings if binding["members"]]
        model.discard(gone)
    there.state.write_policy(FRAUD, bindings)


def until_done(work: Callable[[], object]) -> None:
    for _ in range(10):
        try:
            work()
        except Conflict:
            continue
        return
    raise AssertionError("the other writer was always faster")


Step = tuple[int, bool, list[int]]
STEPS = st.lists(
    st.tuples(st.integers(0, 2), st.booleans(), st.lists(st.integers(0, 30), max_size=3)),
    min_size=1,
    max_size=6,
)


@given(steps=STEPS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_interleaving_loses_a_foreign_binding_or_ours(there: Google, steps: list[Step]) -> None:
    there.app.state = seeded_state()
    case = case_of(there)
    model, live = facts(there.others(FRAUD)), {}
    for which, wanted, between in steps:
        live = {**live, which: wanted}
        work_with_a_rival(there, case, [n for n, on in live.items() if on], model, between)
    assert facts(there.others(FRAUD)) == model
    groups = {LAYOUT.group(holding(case, **OURS[n])) for n, on in live.items() if on}
    bound = {
        m.removeprefix("group:") for _, _, m in facts(there.policy_of(FRAUD)) if m.startswith("group:purser-")
    }
    assert bound - {"purser-fake@example.com"} == groups


def work_with_a_rival(there: Google, case: Case, live: list[int], model: Facts, between: list[int]) -> None:
    """Bring both images of the repository there, with the rival writing just before our writes."""
    connector, rivals = there.connector(), list(between)
    rival_before_each_write(connector, lambda: rivals and foreign_write(there, model, rivals.pop()))
    holdings = [holding(case, **OURS[n]) for n in live]
    for image in IMAGES[:2]:
        place = Place("image", image)
        entry = LAYOUT.entry(place, holdings)
        if entry is None:
            until_done(lambda place=place: connector.remove(Change("remove", LAYOUT.empty(place))))
        else:
            until_done(lambda entry=entry: connector.apply(Change("apply", entry)))


def rival_before_each_write(connector: GoogleConnector, rival: Callable[[], object]) -> None:
    policies: Any = connector._bindings._policies
    assert isinstance(policies, Policies)
    real = policies._write

    def write(resource: str, policy: Any) -> None:
        if resource == FRAUD:
            rival()
        real(resource, policy)

    policies._write = write


def test_a_writer_who_is_always_faster_is_a_conflict(there: Google) -> None:
    there.app.state = seeded_state()
    connector, case = there.connector(), case_of(there)
    rival_before_each_write(connector, lambda: foreign_write(there, set(), 1))
    entry = LAYOUT.entry(Place("image", IMAGES[0]), [holding(case)])
    assert entry is not None
    with pytest.raises(Conflict):
        connector.apply(Change("apply", entry))
