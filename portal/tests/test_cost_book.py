"""The book that GPU use is attributed by: directory and grants as text."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from grants.catalogue.testing import make_image
from grants.directory.actors import actor_for
from grants.directory.models import EmailAddress
from grants.directory.testing import cast, make_project
from grants.lifecycle.services import issue
from grants.lifecycle.types import IssueImage
from portal.cost_book import book, organisation

pytestmark = pytest.mark.django_db(transaction=True)


def test_people_are_known_by_user_name_address_and_label():
    people = cast()
    EmailAddress.objects.create(person=people.bob, address="robert@example.com", verified=True)
    EmailAddress.objects.create(person=people.bob, address="unproven@example.com", verified=False)
    known = book().people
    assert known["bob"] == known["robert@example.com"] == known[people.bob.label] == people.bob.label
    assert "unproven@example.com" not in known


def test_a_namespace_used_again_belongs_to_the_open_project():
    people = cast()
    make_project("old", team=people.team, namespace="fraud", state="closed")
    make_project("new", team=people.team, namespace="fraud")
    make_project("older", team=people.team, namespace="fraud", state="closed")
    found = book()
    assert found.namespaces["", "fraud"] == "new"
    assert found.projects["old"] == people.team.key


def test_a_grant_tells_its_images_members_and_time():
    people, now = cast(), timezone.now()
    image = make_image("ai/train")
    digest = "sha256:" + "a" * 64
    grant = issue(
        project=people.project, role="viewer", starts=now, ends=now + timedelta(days=9), members=[people.bob],
        images=[IssueImage(image, "stable", digest)], origin="request:42", environment="research",
        by=actor_for(people.mia), now=now,
    )  # fmt: skip
    facts = book().grants[grant.label]
    assert facts.project == people.project.key
    assert facts.request == "request:42"
    assert facts.repositories == {f"{image.registry.host}/ai/train"}
    assert facts.digests == {digest}
    assert facts.members == {people.bob.label}
    assert facts.live(now + timedelta(days=1))
    assert not facts.live(datetime(2020, 1, 1, tzinfo=UTC))


def test_the_book_costs_the_same_however_much_there_is(django_assert_num_queries):
    cast()
    with django_assert_num_queries(8):
        book()
    make_project("second")
    with django_assert_num_queries(8):
        book()


def test_teams_are_told_with_their_cost_centre_and_quota():
    people = cast()
    people.team.cost_centre = "CC-1"
    people.team.save()
    make_project("more", team=people.team, gpu_quota=3)
    make_project("gone", team=people.team, gpu_quota=100, state="closed")
    found = organisation()
    assert found.cost_centres[people.team.key] == "CC-1"
    assert found.quotas[people.team.key] == people.project.gpu_quota + 3
