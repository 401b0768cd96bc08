"""Whose use it was: label, namespace, grant, nobody; the newest fitting grant; persons by any name."""

from datetime import UTC, datetime, timedelta

import pytest

from audit.costs.attribution import (
    Attribution,
    Attributor,
    Book,
    GrantFacts,
    Subject,
    grant_label,
    repository_of,
    told,
)

NOON = datetime(2026, 11, 10, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
TORCH = "registry.example.com/ai/torch"
FRAUD = GrantFacts(
    "fraud-v2", "request:42", frozenset({TORCH}), frozenset({"sha256:aa"}), frozenset({"person:1"})
)
BOOK = Book(
    projects={"fraud-v2": "anti-fraud", "loans": "credit"},
    namespaces={("", "fraud"): "fraud-v2", ("c2", "fraud"): "loans"},
    grants={"grant:7": FRAUD},
    people={"alice": "person:1", "alice@example.com": "person:1"},
    teams=frozenset({"platform"}),
)


def who(
    book: Book = BOOK,
    *,
    labels: dict[str, str] | None = None,
    namespace: str = "",
    cluster: str = "c1",
    image: str = "",
    digest: str = "",
    at: datetime = NOON,
) -> Attribution:
    subject = Subject(cluster, namespace, repository_of(image), digest, told(labels or {}))
    return Attributor(book).of(subject, at)


def test_a_label_goes_before_the_namespace():
    assert who(labels={"purser.io/project": "loans"}, namespace="fraud") == Attribution(
        "credit", "loans", matched_by="label"
    )


@pytest.mark.parametrize(
    "key",
    ["purser.io/project", "purser_io_project", "label_purser_io_project", "k8s-label/purser.io/project"],
)
def test_a_label_is_known_however_its_name_was_mangled(key: str):
    assert who(labels={key: "loans", "app": "x"}).project == "loans"


def test_a_label_of_a_project_that_is_unknown_says_nothing():
    assert who(labels={"purser.io/project": "loan"}, namespace="fraud").matched_by == "namespace"


def test_a_label_of_a_team_alone_names_no_project():
    assert who(labels={"purser.io/team": "platform"}) == Attribution("platform", matched_by="label")


def test_the_team_is_that_of_the_labelled_project():
    labels = {"purser.io/team": "platform", "purser.io/project": "loans"}
    assert who(labels=labels).team == "credit"


def test_a_namespace_of_one_cluster_goes_before_that_of_every_cluster():
    assert who(namespace="fraud", cluster="c2").project == "loans"
    assert who(namespace="fraud", cluster="c1").project == "fraud-v2"


def test_a_grant_of_the_image_tells_whose_it_is_where_nothing_else_does():
    assert who(image=f"{TORCH}:stable@sha256:bb") == Attribution(
        "anti-fraud", "fraud-v2", request="request:42", grant="grant:7", matched_by="grant"
    )


def test_grants_of_two_projects_tell_nothing():
    book = Book(
        projects=BOOK.projects,
        grants={**BOOK.grants, "grant:8": GrantFacts("loans", digests=frozenset({"sha256:aa"}))},
    )
    assert who(book, digest="sha256:aa") == Attribution()


def test_a_person_decides_between_grants_of_two_projects():
    other = GrantFacts("loans", repositories=frozenset({TORCH}))
    book = Book(projects=BOOK.projects, grants={**BOOK.grants, "grant:8": other}, people=BOOK.people)
    found = who(book, image=TORCH, labels={"purser.io/person": "Alice"})
    assert (found.project, found.person, found.grant) == ("fraud-v2", "person:1", "grant:7")


def test_a_grant_counts_while_it_runs_only():
    grant = GrantFacts("loans", digests=frozenset({"sha256:cc"}), starts=NOON, ends=NOON + HOUR)
    book = Book(projects=BOOK.projects, grants={"grant:9": grant})
    rules = [who(book, digest="sha256:cc", at=NOON + step * HOUR / 2).matched_by for step in (-1, 0, 1, 2)]
    assert rules == ["none", "grant", "grant", "none"]


def test_moments_are_when_an_answer_may_change():
    grant = GrantFacts("loans", digests=frozenset({"sha256:cc"}), starts=NOON, ends=NOON + HOUR)
    attributor = Attributor(Book(projects=BOOK.projects, grants={"grant:9": grant}))
    assert attributor.moments(Subject("c1", "", "", "sha256:cc")) == (NOON, NOON + HOUR)
    assert attributor.moments(Subject("c1", "", "", "sha256:dd")) == ()


def test_the_grant_of_a_labelled_project_is_named_too():
    found = who(labels={"purser.io/project": "fraud-v2"}, digest="sha256:aa")
    assert (found.matched_by, found.grant, found.request) == ("label", "grant:7", "request:42")


def test_a_grant_of_another_project_is_not_named():
    assert who(labels={"purser.io/project": "loans", "purser.io/grant": "7"}, digest="sha256:aa").grant == ""


def test_the_grant_label_alone_tells_the_project():
    assert who(labels={"purser.io/grant": "grant-7"}).project == "fraud-v2"


def test_a_person_nobody_knows_keeps_the_name_of_the_label():
    assert who(labels={"purser.io/person": "zoe"}).person == "zoe"


@pytest.mark.parametrize(
    ("value", "label"),
    [("7", "grant:7"), ("grant-7", "grant:7"), ("Grant_7", "grant:7"), ("x", ""), ("", "")],
)
def test_a_grant_is_named_in_any_way_a_label_can(value: str, label: str):
    assert grant_label(value) == label


@pytest.mark.parametrize(
    ("image", "repository"),
    [
        ("host:5000/a/b:1", "host:5000/a/b"),
        ("host/a@sha256:0", "host/a"),
        ("host:5000/a", "host:5000/a"),
        ("", ""),
    ],
)
def test_the_repository_is_the_image_without_tag_and_digest(image: str, repository: str):
    assert repository_of(image) == repository
