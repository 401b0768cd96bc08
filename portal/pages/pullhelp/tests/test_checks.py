"""The checks in order: the first "no" has one thing to do, and what depends on it is not claimed."""

from datetime import timedelta

import pytest
from django.utils import timezone

from approvals.requests.testing import make_scene
from grants.catalogue.models import Image
from grants.directory.actors import actor_for
from grants.lifecycle.testing import make_grant
from grants.tokens.services import create_personal, revoke_credential
from portal.pages.pullhelp import probe
from portal.pages.testing import as_person, queries_of

pytestmark = pytest.mark.django_db

GOOD = "main.registry.test/fraud/base:stable"


@pytest.fixture
def scene():
    return make_scene()


def ask(scene, person="bob", text=GOOD):
    return as_person(getattr(scene.people, person)).post("/pull-help/", {"text": text}).context["answers"]


def marks(answers):
    return "".join(answer.mark for answer in answers)


def give(scene, **fields):
    return make_grant(project=scene.project, members=[scene.people.bob], images=[scene.image], **fields)


@pytest.fixture
def registry_says(monkeypatch):
    def use(answer):
        monkeypatch.setattr(probe, "_probes", [answer])

    return use


def test_everything_in_order_is_all_yes_but_the_network(scene, registry_says):
    give(scene)
    now = timezone.now()
    create_personal(person=scene.people.bob, hours=12, by=actor_for(scene.people.bob), now=now)
    registry_says(lambda image, tag: (image, tag) == (scene.image, scene.image.tags.get().version.digest))
    assert marks(ask(scene)) == "✓✓✓✓✓✓✓✓–"


@pytest.mark.parametrize(
    ("text", "expected", "words"),
    [
        ("it does not work", "✗––––––✗–", "Paste the whole reference"),
        ("other.example.com/fraud/base:stable", "✓✗–––––✗–", "other.example.com is not one of ours"),
        ("main.registry.test/fraud/bsae:stable", "✓✓✗––––✗–", "There is no image fraud/bsae"),
        ("main.registry.test/fraud/base:latset", "✓✓✓✗–––✗–", "fraud/base has no latset"),
        (GOOD, "✓✓✓✓✗––✗–", "Your team leads can: Alice"),
    ],
)
def test_first_no_stops_what_depends_on_it_and_names_one_thing_to_do(scene, text, expected, words):
    answers = ask(scene, text=text)
    assert marks(answers) == expected
    first = next(answer for answer in answers if answer.ok is False)
    assert words in first.text
    assert first.url
    assert first.action


def test_blocked_image_says_why(scene):
    Image.objects.filter(pk=scene.image.pk).update(blocked=True, blocked_reason="A leaked key")
    assert "A leaked key" in ask(scene)[2].text


def test_stranger_learns_nothing_about_images(scene):
    real, made_up = ask(scene, "charlie"), ask(scene, "charlie", "main.registry.test/no/such:thing")
    assert (
        real[2].text
        == made_up[2].text
        == ("You belong to no team yet, so the catalogue is closed to you. Ask the platform team.")
    )


def test_lead_is_told_to_ask_themselves(scene):
    assert ask(scene, "alice")[4].action == "Request access"


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"status": "scheduled"}, "It begins on"),
        ({"status": "ended", "end_reason": "project_done"}, "The project is done."),
        ({"status": "revoking", "end_reason": "returned"}, "Returned by the team."),
    ],
)
def test_access_not_in_force_says_why(scene, fields, words):
    give(scene, **fields)
    answers = ask(scene)
    assert marks(answers) == "✓✓✓✓✓✗–✗–"
    assert words in answers[5].text


def test_part_taken_out_of_a_live_grant_says_why(scene):
    grant = give(scene)
    grant.members.update(removed_at=timezone.now(), removed_reason="member_left")
    assert ask(scene)[5].text == "Your part of it ended: The member left."


def test_registry_that_disagrees_or_cannot_be_asked(scene, registry_says):
    give(scene)
    registry_says(lambda image, tag: False)
    assert marks(ask(scene)) == "✓✓✓✓✓✓✗✗–"

    def broken(image, tag):
        raise OSError("connection refused")

    registry_says(broken)
    answers = ask(scene)
    assert (marks(answers), answers[6].text) == ("✓✓✓✓✓✓–✗–", "The registry could not be asked just now.")


def test_token_answers_by_its_age(scene):
    bob, now = scene.people.bob, timezone.now()
    assert ask(scene)[7].text == "You have never made one."
    create_personal(person=bob, hours=1, by=actor_for(bob), now=now - timedelta(hours=3))
    assert ask(scene)[7].text == "Your newest ended 2\xa0hours ago."
    newest, _ = create_personal(person=bob, hours=12, by=actor_for(bob), now=now)
    assert ask(scene)[7].ok
    revoke_credential(credential=newest, by=actor_for(bob), now=now)
    assert ask(scene)[7].text == "Your newest was revoked."


def test_symptom_in_the_error_text_is_explained(scene):
    text = f'Get "https://main.registry.test/v2/": http: server gave HTTP response to HTTPS client {GOOD}'
    assert "speaks HTTPS to a registry that speaks plain HTTP" in ask(scene, text=text)[8].text


def test_reference_in_the_address_is_checked_at_once_and_can_be_handed_on(scene):
    answer = as_person(scene.people.bob).get("/pull-help/", {"reference": GOOD})
    assert "✓ The registry is known: main.registry.test" in answer.context["handout"]


def test_empty_text_is_asked_for(scene):
    answer = as_person(scene.people.bob).post("/pull-help/", {"text": " "})
    assert (answer.status_code, answer.text.count("Enter an image or paste the error text")) == (422, 2)


def test_statements_stay_within_their_budget(scene):
    give(scene)
    assert queries_of(as_person(scene.people.bob), f"/pull-help/?reference={GOOD}") <= 20
