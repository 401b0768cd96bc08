from datetime import timedelta

import pytest

from grants.catalogue.testing import make_image, make_registry
from grants.directory.testing import make_project
from grants.lifecycle.access import live_access, merged
from grants.lifecycle.models import GrantImage, GrantMember
from grants.lifecycle.testing import make_grant


def repositories(person):
    return [row.repository for row in live_access(person_id=person.pk)]


@pytest.mark.parametrize(
    ("status", "allowed"),
    [
        ("scheduled", False),
        ("provisioning", True),
        ("active", True),
        ("revoking", False),
        ("ended", False),
        ("failed", False),
    ],
)
def test_access_by_status(people, image, now, day, status, allowed):
    make_grant(members=[people.bob], images=[image], status=status, starts=now - day)
    assert bool(repositories(people.bob)) is allowed


def test_access_only_inside_the_window_by_the_databases_clock(people, image, now, day):
    over = make_grant(members=[people.bob], images=[image], starts=now - 2 * day, ends=now - day)
    make_grant(members=[people.bob], images=[image], starts=now + day)
    assert repositories(people.bob) == []
    at = over.ends - timedelta(microseconds=1)
    assert [row.grant_id for row in live_access(person_id=people.bob.pk, at=at)] == [over.pk]
    assert live_access(person_id=people.bob.pk, at=over.ends) == []


def test_access_stops_with_line_person_or_image(people, now):
    images = [make_image(f"fraud/{n}") for n in range(3)]
    make_grant(members=[people.bob, people.alice], images=images)
    GrantImage.objects.filter(image=images[0]).update(removed_at=now)
    type(images[1]).objects.filter(pk=images[1].pk).update(blocked=True, blocked_reason="leak")
    assert repositories(people.bob) == ["fraud/2"]
    GrantMember.objects.filter(person=people.bob).update(removed_at=now)
    type(people.alice).objects.filter(pk=people.alice.pk).update(active=False, disabled_at=now)
    assert (repositories(people.bob), repositories(people.alice)) == ([], [])


def test_stranger_has_no_access(people, image):
    make_grant(members=[people.bob], images=[image])
    assert repositories(people.charlie) == []


def test_access_is_narrowed_by_repository_and_registry(people):
    here, there = make_image("fraud/a"), make_image("fraud/a", registry=make_registry("second"))
    make_grant(members=[people.bob], images=[here, there, make_image("fraud/b")])
    rows = live_access(person_id=people.bob.pk, repositories=["fraud/a"], registry_id=there.registry_id)
    assert [row.image_id for row in rows] == [there.pk]
    assert live_access(person_id=people.bob.pk, repositories=[]) == []


def test_overlapping_grants_are_counted_per_action(people, image, now, day):
    developer = make_grant(members=[people.bob], images=[image], role="developer", ends=now + 10 * day)
    viewer = make_grant(members=[people.bob], images=[image], role="viewer", ends=now + 20 * day)
    access = merged(live_access(person_id=people.bob.pk))[image.pk]
    assert access.actions == {"pull", "push"}
    assert access.ends == {"pull": viewer.ends, "push": developer.ends}
    assert access.grants == {"pull": viewer.pk, "push": developer.pk}


def test_project_robots_hold_what_the_project_holds(people, image):
    grant = make_grant(project=people.project, members=[people.bob], images=[image], role="developer")
    other = make_project("other")
    assert [row.grant_id for row in live_access(project_id=people.project.pk)] == [grant.pk]
    assert live_access(project_id=other.pk) == []


def test_access_asks_one_query_for_many_grants(people, django_assert_num_queries):
    for number in range(3):
        make_grant(members=[people.bob], images=[make_image(f"fraud/{number}")])
    with django_assert_num_queries(1):
        assert len(live_access(person_id=people.bob.pk)) == 3


def test_access_of_nobody_in_particular_is_an_error(people):
    with pytest.raises(ValueError, match="person or a project"):
        live_access()
