"""Keyless pulls against the real database: whose project, how soon a change is felt, what a silent cluster costs."""

import asyncio
import json
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.utils import timezone

from grants.catalogue.models import Cluster
from grants.catalogue.testing import make_image
from grants.connectors.errors import Transient
from grants.connectors.tests.serving_keys import serving_keys
from grants.directory.models import Project
from grants.directory.testing import cast, make_project, make_team
from grants.lifecycle.testing import make_grant
from grants.tokens.desk import Answer, Asked, TokenDesk
from grants.tokens.keys import KeyStore
from grants.tokens.models import ClusterKeys, IssuedToken
from grants.tokens.scopes import parse_scopes
from grants.tokens.selectors import owners_of
from grants.tokens.signing import Signer
from grants.tokens.testing import FakeCluster, make_cluster
from grants.tokens.tests.desks import claims, elsewhere, until, with_desk

pytestmark = pytest.mark.django_db(transaction=True)
PULL = "repository:fraud/base:pull"


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer(KeyStore(tmp_path), issuer="purser")


@pytest.fixture
def scene() -> Any:
    found, fake = cast(), FakeCluster()
    other = make_project("credit-v1", team=make_team("credit"))
    Project.objects.filter(pk=found.project.pk).update(namespace="fraud")
    Project.objects.filter(pk=other.pk).update(namespace="credit")
    image, theirs = make_image("fraud/base"), make_image("credit/base")
    return SimpleNamespace(
        fake=fake,
        cluster=make_cluster(fake, jwks=fake.jwks),
        project=found.project,
        other=other,
        image=image,
        grant=make_grant(project=found.project, members=[found.bob], images=[image], role="developer"),
        theirs=make_grant(project=other, members=[], images=[theirs]),
    )


def asked(token: str, *scopes: str, login: str = "serviceaccount") -> Asked:
    return Asked("main-registry", parse_scopes(scopes or (PULL,)), login, token, address="10.0.0.9")


def ask(signer: Signer, *requests: Asked, caching: bool = True) -> list[Answer]:
    async def story(desk: TokenDesk) -> list[Answer]:
        return [await desk.answer(request) for request in requests]

    return with_desk(signer, story, caching=caching)


def opened(answer: Answer) -> list[tuple[str, list[str]]]:
    return [(each["name"], each["actions"]) for each in claims(answer)["access"]]


@pytest.mark.parametrize("caching", [True, False])
def test_a_workload_pulls_what_its_project_was_given(signer: Signer, scene: Any, caching: bool) -> None:
    token = scene.fake.token()
    first, again = ask(signer, asked(token), asked(token), caching=caching)
    assert opened(first) == opened(again) == [("fraud/base", ["pull"])]
    row = IssuedToken.objects.earliest("pk")
    assert (row.outcome, row.principal) == ("issued", "workload:main/fraud/trainer")
    assert (row.login, row.credential_id) == ("system:serviceaccount:fraud:trainer", None)
    assert row.access == [{"repository": "fraud/base", "actions": ["pull"], "grant": scene.grant.pk}]
    assert claims(first)["sub"] == f"serviceaccount+{row.jti}"


def test_its_pulls_are_told_with_project_and_grant(signer: Signer, scene: Any) -> None:
    (answer,) = ask(signer, asked(scene.fake.token()))
    pair = (claims(answer)["sub"], "fraud/base")
    owner = owners_of([pair])[pair]
    assert (owner.principal, owner.project, owner.team, owner.grant) == (
        "workload:main/fraud/trainer",
        scene.project.key,
        scene.project.team.key,
        scene.grant.pk,
    )


def test_the_longest_names_find_their_place(signer: Signer, scene: Any) -> None:
    namespace, account = "n" * 63, "a" * 253
    Project.objects.filter(pk=scene.project.pk).update(namespace=namespace)
    (answer,) = ask(signer, asked(scene.fake.token(namespace, account)))
    assert opened(answer) == [("fraud/base", ["pull"])]
    assert IssuedToken.objects.get().principal == f"workload:main/{namespace}/{account}"


def test_one_team_s_workload_gets_nothing_of_another_s(signer: Signer, scene: Any) -> None:
    theirs = "repository:credit/base:pull"
    ours, mixed, back = ask(
        signer,
        asked(scene.fake.token(), theirs),
        asked(scene.fake.token(), PULL, theirs),
        asked(scene.fake.token("credit"), PULL, theirs),
    )
    assert (opened(ours), opened(mixed)) == ([], [("fraud/base", ["pull"])])
    assert opened(back) == [("credit/base", ["pull"])]


def test_it_never_pushes_unless_the_cluster_may_and_never_deletes(signer: Signer, scene: Any) -> None:
    everything = asked(scene.fake.token(), "repository:fraud/base:pull,push,delete")
    (before,) = ask(signer, everything)
    Cluster.objects.update(options={"jwks": scene.fake.jwks, "keyless_push": True})
    (after,) = ask(signer, everything)
    assert (opened(before), opened(after)) == ([("fraud/base", ["pull"])], [("fraud/base", ["pull", "push"])])


@pytest.mark.parametrize("namespace", ["nobody", "default", "kube-system"])
def test_a_namespace_of_no_project_gets_nothing(signer: Signer, scene: Any, namespace: str) -> None:
    (answer,) = ask(signer, asked(scene.fake.token(namespace)))
    assert opened(answer) == []
    assert IssuedToken.objects.get().reason == "nothing_allowed"


def test_nobody_lists_the_catalogue_with_it(signer: Signer, scene: Any) -> None:
    (answer,) = ask(signer, asked(scene.fake.token(), "registry:catalog:*"))
    assert claims(answer)["access"] == []


def test_another_user_name_makes_it_no_credential(signer: Signer, scene: Any) -> None:
    token = scene.fake.token()
    answers = ask(signer, asked(token), asked(token, login="bob"), asked(token, login=""))
    assert [answer.refused for answer in answers] == ["", "bad_credentials", "bad_credentials"]


def test_a_refusal_says_why_in_its_row_and_names_nobody(signer: Signer, scene: Any) -> None:
    (answer,) = ask(signer, asked(scene.fake.token(aud=["vault"])))
    row = IssuedToken.objects.get()
    assert (answer.refused, row.outcome, row.reason) == ("wrong_audience", "refused", "wrong_audience")
    assert (row.principal, row.login, row.access) == ("", "serviceaccount", [])


def test_no_right_outlives_the_token_that_shows_it(signer: Signer, scene: Any) -> None:
    async def story(desk: TokenDesk) -> tuple[Answer, Answer]:
        token = scene.fake.token(exp=int(time.time()) + 20)
        first = await desk.answer(asked(token))
        desk._ahead += timedelta(seconds=30)
        return first, await desk.answer(asked(token))

    first, later = with_desk(signer, story)
    assert claims(first)["exp"] + 60 <= time.time() + 21
    assert later.refused == "token_expired"


def _set(row: Any, **fields: object) -> None:
    type(row).objects.filter(pk=row.pk).update(**fields)


def _close(scene: Any) -> None:
    _set(scene.project, state="closed")
    _set(scene.grant, status="revoking", end_reason="project_done", revoking_since=timezone.now())


def _give_away(scene: Any) -> None:
    _set(scene.project, state="closed")
    _set(scene.other, namespace="fraud")


CHANGES: dict[str, Callable[[Any], object]] = {
    "grant revoked": lambda s: _set(
        s.grant, status="revoking", end_reason="revoked", revoking_since=timezone.now()
    ),
    "image blocked": lambda s: _set(s.image, blocked=True, blocked_reason="Bad"),
    "project closed": _close,
    "closed project's namespace given away": _give_away,
    "project moved to another namespace": lambda s: _set(s.project, namespace="elsewhere"),
}
REFUSALS: dict[str, Callable[[Any], object]] = {
    "cluster disabled": lambda s: _set(s.cluster, active=False),
    "audience changed": lambda s: _set(s.cluster, audience="other"),
    "issuer changed": lambda s: _set(s.cluster, issuer="https://other.example"),
    "issuer taken out": lambda s: _set(s.cluster, issuer=""),
    "key taken back": lambda s: _set(s.cluster, options={"jwks": FakeCluster(kid="k2").jwks}),
}


@pytest.mark.parametrize("change", [*CHANGES, *REFUSALS])
def test_a_change_is_felt_at_once_through_the_cache(signer: Signer, scene: Any, change: str) -> None:
    async def story(desk: TokenDesk) -> tuple[Answer, Answer]:
        token = scene.fake.token()
        before = await desk.answer(asked(token))
        generation = desk.cache.generation
        await elsewhere((CHANGES | REFUSALS)[change], scene)
        await until(lambda: desk.cache.generation > generation)
        return before, await desk.answer(asked(token))

    before, after = with_desk(signer, story)
    assert opened(before) == [("fraud/base", ["pull"])]
    assert bool(after.refused) if change in REFUSALS else opened(after) == []


@pytest.mark.parametrize(
    "change", ["project closed", "project moved to another namespace", "cluster disabled"]
)
def test_a_stale_cache_cannot_outvote_the_rows(signer: Signer, scene: Any, change: str) -> None:
    async def story(desk: TokenDesk) -> Answer:
        token = scene.fake.token()
        await desk.answer(asked(token))
        desk.cache.forget = lambda: None  # type: ignore[method-assign]
        await elsewhere((CHANGES | REFUSALS)[change], scene)
        return await desk.answer(asked(token))

    assert with_desk(signer, story).refused == "ended"
    assert IssuedToken.objects.filter(outcome="refused", reason="ended").count() == 1


def test_workloads_of_a_closed_project_go_on_while_its_access_does(signer: Signer, scene: Any) -> None:
    _set(scene.project, state="closed")
    kept, cached = ask(signer, asked(scene.fake.token()), asked(scene.fake.token()))
    assert opened(kept) == opened(cached) == [("fraud/base", ["pull"])]
    _set(scene.grant, ends=timezone.now() - timedelta(seconds=1))
    assert opened(ask(signer, asked(scene.fake.token()))[0]) == []


def test_a_namespace_of_two_closed_projects_is_nobody_s_while_both_have_access(
    signer: Signer, scene: Any
) -> None:
    _set(scene.project, state="closed")
    _set(scene.other, state="closed", namespace="fraud")
    both = "repository:credit/base:pull"
    assert opened(ask(signer, asked(scene.fake.token(), PULL, both))[0]) == []
    _set(scene.theirs, ends=timezone.now() - timedelta(seconds=1))
    assert opened(ask(signer, asked(scene.fake.token(), PULL, both))[0]) == [("fraud/base", ["pull"])]


# Keys that are read from the cluster.


def reading(cluster: Cluster, **options: Any) -> None:
    Cluster.objects.filter(pk=cluster.pk).update(options=options)


@pytest.mark.enable_loopback
def test_keys_are_read_from_the_cluster_once_and_kept(signer: Signer, scene: Any) -> None:
    answers = {"/keys": (200, {}, json.dumps(scene.fake.jwks).encode())}
    with serving_keys(answers) as (address, paths):
        reading(scene.cluster, jwks_url=f"{address}/keys")
        found = ask(signer, *(asked(scene.fake.token(account=f"a{n}")) for n in range(5)))
    assert [opened(answer) for answer in found] == [[("fraud/base", ["pull"])]] * 5
    assert paths == ["/keys"]
    kept = ClusterKeys.objects.get()
    assert (kept.error, len(kept.document["keys"])) == ("", 1)
    # The cluster is gone now, and this is another process.
    assert opened(ask(signer, asked(scene.fake.token()))[0]) == [("fraud/base", ["pull"])]


@pytest.mark.enable_loopback
def test_a_new_key_is_read_at_most_once_a_minute(signer: Signer, scene: Any) -> None:
    answers = {"/keys": (200, {}, json.dumps(scene.fake.jwks).encode())}
    with serving_keys(answers) as (address, paths):
        reading(scene.cluster, jwks_url=f"{address}/keys")
        ask(signer, asked(scene.fake.token()))
        scene.fake.new_key("k2")
        answers["/keys"] = (200, {}, json.dumps(scene.fake.jwks).encode())
        early = ask(signer, *(asked(scene.fake.token()) for _ in range(5)))
        assert ([answer.refused for answer in early], len(paths)) == (["unknown_key"] * 5, 1)
        ClusterKeys.objects.update(tried_at=timezone.now() - timedelta(seconds=61))
        late = ask(signer, *(asked(scene.fake.token()) for _ in range(5)))
        assert ([answer.refused for answer in late], len(paths)) == ([""] * 5, 2)


@pytest.mark.enable_loopback
def test_old_keys_are_read_again_beside_a_request(signer: Signer, scene: Any) -> None:
    async def story(desk: TokenDesk) -> str:
        old = asked(scene.fake.token())
        assert opened(await desk.answer(old)) == [("fraud/base", ["pull"])]
        async with asyncio.timeout(5):
            while not (answer := await desk.answer(old)).refused:
                await asyncio.sleep(0.02)
        return answer.refused

    with serving_keys({"/keys": (200, {}, json.dumps(FakeCluster(kid="k2").jwks).encode())}) as (address, _):
        url, past = f"{address}/keys", timezone.now() - timedelta(minutes=11)
        reading(scene.cluster, jwks_url=url)
        ClusterKeys.objects.create(
            cluster=scene.cluster, source=f"{scene.fake.issuer} {url}", document=scene.fake.jwks,
            tried_at=past, read_at=past,
        )  # fmt: skip
        assert with_desk(signer, story) == "unknown_key"


def test_keys_of_another_source_are_nobody_s(signer: Signer, scene: Any, monkeypatch: Any) -> None:
    async def down(**_where: str) -> Any:
        raise Transient("The cluster could not be reached.")

    monkeypatch.setattr("grants.tokens.keyring.KeyRing.__init__.__kwdefaults__", {"read": down})
    reading(scene.cluster, jwks_url="https://old.example/keys")
    ClusterKeys.objects.create(
        cluster=scene.cluster, source="https://evil.example https://old.example/keys",
        document=scene.fake.jwks, tried_at=timezone.now() - timedelta(hours=1), read_at=timezone.now(),
    )  # fmt: skip
    assert ask(signer, asked(scene.fake.token()))[0].refused == "unknown_key"
    kept = ClusterKeys.objects.get()
    assert (kept.document, kept.error) == ({}, "The cluster could not be reached.")


def test_a_cluster_that_hangs_holds_nobody_up(signer: Signer, scene: Any, monkeypatch: Any) -> None:
    """A token with a key that nobody knows waits for its cluster; all others are answered meanwhile."""

    released: list[asyncio.Event] = []

    async def hang(**_where: str) -> Any:
        released.append(asyncio.Event())
        await released[0].wait()
        raise Transient("The cluster answers too slowly.")

    async def story(desk: TokenDesk) -> tuple[str, list[str], bool]:
        slow = asyncio.create_task(desk.answer(asked(hanging.token())))
        await until(lambda: bool(released))
        quick = [(await desk.answer(asked(scene.fake.token(account=f"a{n}")))).refused for n in range(20)]
        waiting = not slow.done()
        released[0].set()
        return (await slow).refused, quick, waiting

    monkeypatch.setattr("grants.tokens.keyring.KeyRing.__init__.__kwdefaults__", {"read": hang})
    monkeypatch.setattr("grants.tokens.keyring.PATIENCE", 60.0)
    hanging = FakeCluster(issuer="https://hanging.example")
    make_cluster(hanging, key="hanging")
    assert with_desk(signer, story) == ("unknown_key", [""] * 20, True)


def test_waiting_for_a_cluster_ends(signer: Signer, scene: Any, monkeypatch: Any) -> None:
    async def hang(**_where: str) -> Any:
        await asyncio.sleep(3600)

    monkeypatch.setattr("grants.tokens.keyring.KeyRing.__init__.__kwdefaults__", {"read": hang})
    monkeypatch.setattr("grants.tokens.keyring.PATIENCE", 0.05)
    reading(scene.cluster, jwks_url="https://hanging.example/keys")
    assert ask(signer, asked(scene.fake.token()))[0].refused == "unknown_key"
