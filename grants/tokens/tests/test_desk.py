"""The hot path against the real database: decided from live grants, committed first, forgotten on change."""

import asyncio
from collections.abc import Callable
from dataclasses import fields
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.utils import timezone

from audit.ledger.actors import operator, system
from grants.catalogue.models import Registry
from grants.catalogue.testing import make_image
from grants.directory.testing import cast
from grants.lifecycle.access import live_access
from grants.lifecycle.testing import make_grant
from grants.tokens.desk import Answer, Asked, TokenDesk
from grants.tokens.keys import KeyStore
from grants.tokens.models import IssuedToken
from grants.tokens.scopes import parse_scopes
from grants.tokens.services import create_personal, create_robot, revoke_credential
from grants.tokens.signing import Signer
from grants.tokens.tests.desks import claims, elsewhere, until, with_desk

pytestmark = pytest.mark.django_db(transaction=True)
PULL = "repository:fraud/base:pull"


@pytest.fixture
def signer(tmp_path: Path) -> Signer:
    return Signer(KeyStore(tmp_path), issuer="purser")


@pytest.fixture
def scene() -> Any:
    found = cast()
    people = SimpleNamespace(**{field.name: getattr(found, field.name) for field in fields(found)})
    people.image = make_image("fraud/base")
    people.grant = make_grant(project=people.project, members=[people.bob], images=[people.image])
    people.credential, people.secret = create_personal(
        person=people.bob, hours=12, by=operator("test"), now=timezone.now()
    )
    return people


def asked(secret: str | None, *scopes: str, login: str | None = "bob") -> Asked:
    who = None if secret is None else login
    return Asked(
        "main-registry", parse_scopes(scopes or (PULL,)), who, secret, address="10.0.0.9", client="t"
    )


def ask(signer: Signer, *requests: Asked, caching: bool = True) -> list[Answer]:
    async def story(desk: TokenDesk) -> list[Answer]:
        return list(await asyncio.gather(*(desk.answer(request) for request in requests)))

    return with_desk(signer, story, caching=caching)


@pytest.mark.parametrize("caching", [True, False])
def test_a_member_gets_a_pull_token_and_the_row_says_so(signer: Signer, scene: Any, caching: bool) -> None:
    (answer,) = ask(signer, asked(scene.secret), caching=caching)
    row = IssuedToken.objects.get()
    body = claims(answer)
    assert body["access"] == [{"type": "repository", "name": "fraud/base", "actions": ["pull"]}]
    assert (body["iss"], body["aud"], body["sub"]) == ("purser", "main-registry", f"bob+{row.jti}")
    assert (body["exp"] <= body["iat"], answer.lifetime) == (True, 60)
    assert (row.outcome, row.principal, row.login) == ("issued", scene.bob.label, "bob")
    assert row.access == [{"repository": "fraud/base", "actions": ["pull"], "grant": scene.grant.pk}]
    assert (row.address, row.asked) == ("10.0.0.9", PULL)


def test_the_login_must_belong_to_the_secret(signer: Signer, scene: Any) -> None:
    answers = ask(
        signer,
        asked(scene.secret, login="alice"),
        asked(scene.secret + "x"),
        asked("", login="bob"),
        asked(scene.secret, login="BOB"),
    )
    assert [answer.refused for answer in answers] == ["bad_credentials"] * 3 + [""]
    refused = IssuedToken.objects.filter(outcome="refused")
    assert list(refused.values_list("reason", "principal", "expires").distinct()) == [
        ("bad_credentials", "", None)
    ]


def test_nobody_else_gets_the_image(signer: Signer, scene: Any) -> None:
    _, secret = create_personal(person=scene.charlie, hours=1, by=operator("test"), now=timezone.now())
    stranger, anonymous = ask(signer, asked(secret, login="charlie"), asked(None))
    assert (claims(stranger)["access"], claims(anonymous)["access"]) == ([], [])
    assert claims(anonymous)["sub"] == ""
    assert IssuedToken.objects.filter(outcome="issued", reason="nothing_allowed").count() == 2


def test_another_service_gives_nothing(signer: Signer, scene: Any) -> None:
    (answer,) = ask(signer, Asked("other", parse_scopes([PULL]), "bob", scene.secret))
    assert claims(answer)["access"] == []


def test_a_robot_uses_the_grants_of_its_project(signer: Signer, scene: Any) -> None:
    now = timezone.now()
    credential, secret = create_robot(project=scene.project, name="ci", days=30, by=system("test"), now=now)
    (answer,) = ask(signer, asked(secret, login=credential.login))
    assert claims(answer)["access"][0]["actions"] == ["pull"]
    assert IssuedToken.objects.get().principal == f"robot:{credential.pk}"


CHANGES: dict[str, Callable[[Any], object]] = {
    "grant revoked": lambda s: _set(
        s.grant, status="revoking", end_reason="revoked", revoking_since=timezone.now()
    ),
    "grant over": lambda s: _set(s.grant, ends=timezone.now()),
    "member taken out": lambda s: _set(
        s.grant.members.get(), removed_at=timezone.now(), removed_reason="member_left"
    ),
    "image taken out": lambda s: _set(
        s.grant.images.get(), removed_at=timezone.now(), removed_reason="image_blocked"
    ),
    "image blocked": lambda s: _set(s.image, blocked=True, blocked_reason="Bad"),
}
REFUSALS: dict[str, Callable[[Any], object]] = {
    "person disabled": lambda s: _set(s.bob, active=False, disabled_at=timezone.now()),
    "credential revoked": lambda s: revoke_credential(
        credential=s.credential, by=system("test"), now=timezone.now()
    ),
    "credential over": lambda s: _set(s.credential, expires_at=timezone.now()),
}


def _set(row: Any, **fields: object) -> None:
    type(row).objects.filter(pk=row.pk).update(**fields)


@pytest.mark.parametrize("change", [*CHANGES, *REFUSALS])
def test_a_change_is_felt_at_once_through_the_cache(signer: Signer, scene: Any, change: str) -> None:
    async def story(desk: TokenDesk) -> tuple[Answer, Answer]:
        before = await desk.answer(asked(scene.secret))
        generation = desk.cache.generation
        await elsewhere((CHANGES | REFUSALS)[change], scene)
        await until(lambda: desk.cache.generation > generation)
        return before, await desk.answer(asked(scene.secret))

    before, after = with_desk(signer, story)
    assert claims(before)["access"] != []
    assert after.refused if change in REFUSALS else claims(after)["access"] == []


@pytest.mark.parametrize("change", list(REFUSALS))
def test_a_stale_cache_cannot_outvote_the_row(signer: Signer, scene: Any, change: str) -> None:
    async def story(desk: TokenDesk) -> Answer:
        await desk.answer(asked(scene.secret))
        desk.cache.forget = lambda: None  # type: ignore[method-assign]
        await elsewhere(REFUSALS[change], scene)
        return await desk.answer(asked(scene.secret))

    assert with_desk(signer, story).refused == "ended"
    assert IssuedToken.objects.filter(outcome="refused", reason="ended", expires=None).count() == 1


def test_a_cached_right_ends_by_the_databases_clock(signer: Signer, scene: Any) -> None:
    async def story(desk: TokenDesk) -> Answer:
        await desk.answer(asked(scene.secret))
        for kept in desk.cache._holders.values():
            right = kept[1].rights["fraud/base"]["pull"]
            kept[1].rights["fraud/base"]["pull"] = type(right)(
                timezone.now() + timedelta(hours=1), right.grant
            )
        desk._ahead = timedelta(hours=-2)  # our clock is two hours slow; the database's is right
        desk.cache._holders = {k: (t, _ends(h, timezone.now() - timedelta(minutes=1)))
                               for k, (t, h) in desk.cache._holders.items()}  # fmt: skip
        return await desk.answer(asked(scene.secret))

    assert with_desk(signer, story).refused == "ended"


def _ends(holder: Any, moment: Any) -> Any:
    right = holder.rights["fraud/base"]["pull"]
    return type(holder)(holder.credential, holder.principal, holder.login,
                        {"fraud/base": {"pull": type(right)(moment, right.grant)}}, False)  # fmt: skip


def test_overlapping_grants_keep_access_until_the_last_ends(signer: Signer, scene: Any) -> None:
    other = make_grant(project=scene.project, members=[scene.bob], images=[scene.image], role="developer")
    CHANGES["grant revoked"](scene)
    (answer,) = ask(signer, asked(scene.secret, "repository:fraud/base:pull,push"))
    assert claims(answer)["access"][0]["actions"] == ["pull", "push"]
    assert answer.lifetime == 300
    assert IssuedToken.objects.get().access[0]["grant"] == other.pk


def test_without_a_listener_nothing_is_cached(signer: Signer, scene: Any) -> None:
    async def story(desk: TokenDesk) -> bool:
        await desk._listener.stop()
        await desk.answer(asked(scene.secret))
        return desk.cache.get(next(iter(desk.cache._holders), (b"", ""))) is None

    assert with_desk(signer, story) is True


def test_a_killed_listening_connection_turns_the_cache_off_and_comes_back(signer: Signer, scene: Any) -> None:
    def kill() -> None:
        owner = connection.cursor()
        owner.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT 1' OR query LIKE 'LISTEN%'"
        )

    async def story(desk: TokenDesk) -> list[bool]:
        await desk.answer(asked(scene.secret))
        generation = desk.cache.generation
        await elsewhere(kill)
        await until(lambda: desk.cache.generation > generation)
        off = desk.cache.listening
        await until(lambda: desk.cache.listening)
        return [off, desk.cache.listening]

    assert with_desk(signer, story)[1] is True


def test_nothing_is_given_when_the_row_cannot_be_written(signer: Signer, scene: Any) -> None:
    async def story(desk: TokenDesk) -> None:
        await desk.answer(asked(scene.secret))
        await desk._pool.close()
        await desk.answer(asked(scene.secret))

    with pytest.raises(psycopg.OperationalError):
        with_desk(signer, story)
    assert IssuedToken.objects.count() == 1


def test_the_hot_path_and_the_shared_rule_agree(signer: Signer, scene: Any) -> None:
    make_grant(project=scene.project, members=[scene.bob], images=[make_image("fraud/x")], status="scheduled")
    make_grant(project=scene.project, members=[scene.bob], images=[make_image("fraud/y")], role="admin")
    make_grant(project=scene.project, members=[scene.alice], images=[make_image("fraud/z")])

    async def story(desk: TokenDesk) -> set[tuple[str, str]]:
        holder = await desk._holder(asked(scene.secret))
        assert holder
        return {(repo, action) for repo, actions in holder.rights.items() for action in actions}

    rows = live_access(person_id=scene.bob.pk, registry_id=Registry.objects.get().pk)
    assert {row.repository for row in rows} == {"fraud/base", "fraud/y"}
    assert with_desk(signer, story) == {
        ("fraud/base", "pull"), ("fraud/y", "pull"), ("fraud/y", "push"), ("fraud/y", "delete"),
    }  # fmt: skip


def test_hostile_texts_are_written_and_refused(signer: Signer, scene: Any) -> None:
    nasty = Asked(
        "main-registry\x00",
        parse_scopes(["repository:a\x00b:pull"]),
        "bob\ud800\x00",
        "x\udfff",
        client="\x00",
    )
    (answer,) = ask(signer, nasty)
    assert answer.refused == "bad_credentials"
    assert IssuedToken.objects.get().login == "bob?"


def test_the_databases_clock_is_known_before_the_first_token(
    signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return datetime.now(tz) - timedelta(hours=2)

    async def story(desk: TokenDesk) -> timedelta:
        return desk._ahead

    monkeypatch.setattr("grants.tokens.desk.datetime", Slow)
    ahead = with_desk(signer, story, caching=False)
    assert abs(ahead - timedelta(hours=2)) < timedelta(minutes=1)


def test_secrets_and_tokens_are_not_spelled_in_logs() -> None:
    assert "pur_hidden" not in repr(asked("pur_hidden"))
    assert "eyJ.hidden" not in repr(Answer("eyJ.hidden", 60))
