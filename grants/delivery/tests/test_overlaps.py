"""I4: overlapping grants are counted. The first to end takes away only what no other live grant gives."""

from datetime import timedelta

import pytest

from grants.catalogue.testing import make_image
from grants.connectors.errors import NotYet
from grants.delivery import targets
from grants.delivery.models import Delivery
from grants.delivery.services import plan_rows
from grants.delivery.tests.conftest import BY
from grants.lifecycle.access import live_access
from grants.lifecycle.models import Grant
from grants.lifecycle.services import end_image, revoke
from grants.lifecycle.testing import make_grant

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("planned")]


@pytest.fixture
def two(people, image, now, connector, work):
    """Build two grants for bob, set up; `(first, second)` by the roles and images given."""

    def build(
        first="viewer", second="viewer", first_images=(image,), second_images=(image,), second_members=None
    ):
        members = second_members or [people.bob]
        grants = (
            make_grant(members=[people.bob], images=first_images, role=first, status="provisioning"),
            make_grant(members=members, images=second_images, role=second, status="provisioning"),
        )
        for grant in grants:
            plan_rows(grant_id=grant.pk, now=now)
        work()
        connector.calls.clear()
        connector.entries.clear()
        return grants

    return build


def end(grant, now):
    revoke(grant=Grant.objects.get(pk=grant.pk), note="", by=BY, now=now)


def details(grant):
    return dict(Delivery.objects.filter(grant=grant).values_list("key", "detail"))


def test_access_goes_on_and_nothing_is_asked_when_another_grant_gives_all(two, people, now, work, connector):
    first, second = two()
    end(first, now)
    work()
    first.refresh_from_db()
    assert (first.status, connector.calls) == ("ended", [])
    kept = f"kept by grant:{second.pk}"
    assert details(first) == {people.bob.label: kept, "fraud/base": kept}
    assert [row.grant_id for row in live_access(person_id=people.bob.pk)] == [second.pk]


def test_access_ends_with_the_last_grant(two, people, now, work, connector):
    first, second = two()
    end(first, now)
    work()
    end(second, now)
    work()
    assert connector.asked("remove") == sorted(["fraud/base", people.bob.label])
    assert list(Grant.objects.values_list("status", flat=True)) == ["ended", "ended"]
    assert live_access(person_id=people.bob.pk) == []


def test_only_the_images_nobody_else_gives_are_taken(two, people, image, now, work, connector):
    other = make_image("fraud/other")
    first, _ = two(first_images=(image, other))
    end(first, now)
    work()
    entries = {entry.key: entry for entry in connector.entries}
    assert set(entries) == {people.bob.label, "fraud/other"}
    assert entries[people.bob.label].values("image") == ("fraud/other",)


def test_pushing_ends_and_pulling_goes_on(two, people, now, work, connector):
    first, second = two(first="developer")
    connector.faults[people.bob.label] = [NotYet("Tokens run.", retry_after=60) for _ in range(9)]
    end(first, now)
    for after in (1, 120, 240, 350):
        work(after)
    entry = next(e for e in connector.entries if e.key == people.bob.label)
    assert entry.values("action") == ("push",)
    row = Delivery.objects.get(grant=first, kind="member")
    assert (row.status, Grant.objects.get(pk=first.pk).status) == ("removed", "revoking")
    work(362)
    row.refresh_from_db()
    assert (row.status, row.detail) == ("proven", "Only pulling is left, by another grant.")
    assert Grant.objects.get(pk=first.pk).status == "ended"
    assert Grant.objects.get(pk=second.pk).status == "active"


def test_image_that_others_hold_is_proven_for_one_who_lost_it(two, people, now, work, connector):
    first, _ = two(second_members=[people.alice])
    end(first, now)
    work()
    entry = next(e for e in connector.entries if e.kind == "image")
    assert entry.values("subject") == (people.bob.label,)
    assert Grant.objects.get(pk=first.pk).status == "ended"


def test_image_that_others_hold_is_proven_for_the_projects_robot_too(
    two, people, image, now, work, connector
):
    targets.register_principals(lambda project_id: [f"robot:{project_id}"])
    first, second = two()
    type(people.project).objects.create(key="other", name="Other", team=people.team)
    Grant.objects.filter(pk=second.pk).update(project=type(people.project).objects.get(key="other"))
    end(first, now)
    work()
    entry = next(e for e in connector.entries if e.kind == "image")
    assert entry.values("subject") == (f"robot:{people.project.pk}",)


def test_blocked_image_is_taken_from_everybody(two, people, image, now, work, connector):
    other = make_image("fraud/other")
    two(first_images=(image, other), second_images=(image, other))
    type(image).objects.filter(pk=image.pk).update(blocked=True, blocked_reason="leak")
    image.refresh_from_db()
    end_image(image=image, by=BY, now=now)
    work()
    assert connector.asked("remove") == ["fraud/base", "fraud/base"]
    assert all(entry.values("subject") == () for entry in connector.entries)
    assert set(Delivery.objects.filter(key="fraud/base").values_list("status", flat=True)) == {"proven"}


def test_new_grant_during_the_removal_takes_over(two, people, image, now, work, connector):
    first, second = two()
    end(second, now)
    work()
    connector.faults[people.bob.label] = [NotYet("Tokens run.", retry_after=50)]
    end(first, now)
    work()
    third = make_grant(members=[people.bob], images=[image], status="active")
    work(60)
    assert details(first)[people.bob.label] == f"kept by grant:{third.pk}"
    assert Grant.objects.get(pk=first.pk).status == "ended"


def test_extended_second_grant_keeps_access_past_the_first_end(two, people, now, work):
    first, second = two()
    Grant.objects.filter(pk=second.pk).update(ends=first.ends + timedelta(days=1))
    end(first, now)
    work()
    assert len(live_access(person_id=people.bob.pk, at=first.ends)) == 1
