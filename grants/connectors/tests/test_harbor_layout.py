"""What grants become at a Harbor, and what is said when it is more than was asked for."""

from dataclasses import replace
from datetime import timedelta

import pytest

from grants.connectors.base import Place
from grants.connectors.harbor_layout import HarborLayout
from grants.connectors.harbor_names import holder_of, project_of
from grants.connectors.tests.contract import ALICE, BOB, NOW, TARGET, Case, holding
from portal.sandbox.faults import Schedule

KNOWN = {"lib": ["lib/a", "lib/b", "lib/c", "lib/d", "lib/e"], "ml": ["ml/a"]}
ASKED = replace(
    holding(Case(None, None, Schedule(), ("lib/a", "ml/a"), bool, print, list)), holders=(ALICE, BOB)
)


def layout(**options):
    return HarborLayout(TARGET, repositories=lambda project: KNOWN.get(project, []), **options)


def test_a_grant_shows_once_for_each_person_each_image_and_its_workloads():
    assert layout().places(ASKED) == [
        Place("image", "lib/a"), Place("image", "ml/a"), Place("member", "person:1"), Place("member", "person:2"),
        Place("robot", "anti-fraud-v2"),
    ]  # fmt: skip
    assert layout(webhooks=False, workloads=False).places(ASKED) == [
        Place("member", "person:1"), Place("member", "person:2"),
    ]  # fmt: skip


def test_each_cluster_has_a_robot_of_its_own_for_the_project_s_namespace():
    grant, homeless = replace(ASKED, namespace="fraud"), replace(ASKED, namespace="")
    robots = [Place("robot", f"anti-fraud-v2{cluster}") for cluster in ("", ".gpu", ".gpu-eu")]
    here = layout(clusters=["gpu", "gpu-eu"])
    assert [place for place in here.places(grant) if place.kind == "robot"] == robots
    assert [place for place in here.places(homeless) if place.kind == "robot"] == robots[:1]
    assert here.entry(robots[1], [grant]).values("pull") == ("lib", "ml")
    assert (layout(clusters=["gpu-eu"]).entry(robots[1], [grant]), here.entry(robots[1], [homeless])) == (
        None,
        None,
    )
    assert holder_of("robot$purser-project-anti-fraud-v2.gpu", prefix="purser", robot_prefix="robot$") == (
        "robot", "anti-fraud-v2.gpu",
    )  # fmt: skip


def test_two_grants_are_one_robot_with_both_rights_until_the_later_end():
    more = replace(ASKED, grant=2, role="developer", images=("ml/a",), ends=ASKED.ends + timedelta(days=5))
    entry = layout().entry(Place("member", "person:1"), [ASKED, more])
    assert entry.attributes == (
        ("pull", "lib"), ("pull", "ml"), ("push", "ml"), ("ends", "2027-02-05T09:00:00Z"),
    )  # fmt: skip
    assert layout().entry(Place("member", "person:1"), []) is None


def test_an_end_within_a_second_is_rounded_up_never_down():
    late = replace(ASKED, ends=NOW + timedelta(microseconds=1))
    assert layout().entry(Place("member", "person:1"), [late]).first("ends") == "2026-11-02T09:00:01Z"


def test_what_is_opened_beside_is_warned_of_and_refused_where_that_is_wished_for():
    sentence = "Harbor gives the whole project lib: 4 other images (lib/b, lib/c, lib/d, ...)."
    assert layout().warnings(ASKED) == [sentence]
    assert layout().problems(ASKED) == []
    assert layout(whole_projects="refuse").problems(ASKED) == [sentence]
    whole = replace(ASKED, images=(*KNOWN["lib"], "ml/a"))
    assert layout(whole_projects="refuse").problems(whole) == []


def test_one_other_image_is_said_in_the_singular():
    asked = replace(ASKED, images=tuple(KNOWN["lib"][:4]))
    assert layout().warnings(asked) == ["Harbor gives the whole project lib: 1 other image (lib/e)."]


@pytest.mark.parametrize(
    ("fields", "words"),
    [({"images": ("torch",)}, "torch does not name a Harbor project"),
     ({"project": "Anti--Fraud"}, "does not accept a robot named after the project Anti--Fraud")],
)  # fmt: skip
def test_names_harbor_does_not_accept_are_problems(fields, words):
    assert any(words in problem for problem in layout().problems(replace(ASKED, **fields)))


def test_images_of_one_harbor_project_are_worked_one_after_the_other():
    locks = [layout().lock(Place("image", name)) for name in ("lib/a", "lib/b", "ml/a")]
    assert locks == ["project:lib", "project:lib", "project:ml"]
    assert layout().lock(Place("member", "person:1")) != layout().lock(Place("member", "person:2"))


def test_a_group_of_the_identity_provider_comes_with_the_least_role_that_fits():
    groups = layout(groups="ml-{team}-{role}")
    entry = groups.entry(Place("image", "lib/a"), [ASKED, replace(ASKED, role="admin")])
    assert entry.values("group") == ("ml-anti-fraud-admin:4", "ml-anti-fraud-viewer:5")
    with pytest.raises(ValueError, match="groups need webhooks"):
        layout(groups="x", webhooks=False)


@pytest.mark.parametrize(
    ("operator", "who"),
    [("robot$purser-person-12", ("member", "person:12")), ("robot$purser-project-x-1", ("robot", "x-1")),
     ("robot$purser-person-", None), ("robot$purser-person-1a", None), ("purser-person-12", None),
     ("robot$lib+purser-person-12", None), ("", None), ("robot$purser-project-", None)],
)  # fmt: skip
def test_only_the_full_name_of_a_robot_of_ours_stands_for_somebody(operator, who):
    assert holder_of(operator, prefix="purser", robot_prefix="robot$") == who


@pytest.mark.parametrize(
    ("repository", "project"), [("a/b/c", "a"), ("a", ""), ("/b", ""), ("a/", ""), ("A/b", "")]
)
def test_the_project_is_what_stands_before_the_first_slash(repository, project):
    assert project_of(repository) == project
