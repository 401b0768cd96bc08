"""API tokens: shown once, scoped, ending, dead with their person; and what the API makes of them."""

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import path
from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from audit.ledger.actors import operator
from audit.ledger.errors import PurserError
from audit.ledger.models import Event
from grants.directory.actors import actor_for
from grants.directory.models import Person
from grants.directory.people import disable_person, enable_person
from grants.directory.standing import standing_of
from grants.directory.testing import Cast, cast
from grants.lifecycle.clock import database_time
from portal.accounts.models import ApiToken
from portal.accounts.testing import sign_in
from portal.accounts.tokens import authenticate_bearer, create_token, revoke_token, tokens_visible_to

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


class Mirror(APIView):
    """Says who calls."""

    def get(self, request: Request) -> Response:
        viewer = request.viewer
        return Response(
            {"person": viewer.person.user_name, "admin": viewer.is_administrator, "user": str(request.user)}
        )

    post = get


urlpatterns = [path("mirror/", Mirror.as_view())]


@pytest.fixture
def people(settings: object) -> Cast:
    settings.ROOT_URLCONF = __name__  # type: ignore[attr-defined]
    return cast()


def token_of(person: Person, *scopes: str, now: datetime = NOW, days: int = 30) -> tuple[ApiToken, str]:
    return create_token(
        person=person, name="script", scopes=scopes or ("read",), days=days, by=actor_for(person), now=now
    )


def call(secret: str, method: str = "get", client: Client | None = None) -> tuple[int, dict[str, object]]:
    header = {"Authorization": f"Bearer {secret}"} if secret else {}
    response = getattr(client or Client(enforce_csrf_checks=True), method)("/mirror/", headers=header)
    return response.status_code, response.json()


def test_secret_is_random_and_only_its_digest_is_kept(people: Cast) -> None:
    token, secret = token_of(people.alice)
    other = token_of(people.alice)[1]

    assert (len(secret), secret[:4], secret != other) == (47, "pur_", True)
    kept = {name: str(value) for name, value in vars(ApiToken.objects.get(pk=token.pk)).items()}
    assert not [name for name, value in kept.items() if secret[10:] in value]
    event = Event.objects.filter(kind="portal.token.created").order_by("sequence").first()
    assert event is not None
    assert secret not in str(event.detail)
    assert (event.subject, event.person) == (f"token:{token.pk}", people.alice.label)


@pytest.mark.parametrize(
    ("scopes", "days", "name", "code"),
    [
        ((), 30, "x", "bad_scopes"),
        (("read", "root"), 30, "x", "bad_scopes"),
        (("read",), 366, "x", "bad_days"),
        (("read",), 0, "x", "bad_days"),
        (("read",), 30, " ", "bad_name"),
        (("admin",), 30, "x", "scope_not_held"),
    ],
)
def test_tokens_that_cannot_be_made(
    people: Cast, scopes: tuple[str, ...], days: int, name: str, code: str
) -> None:
    with pytest.raises(PurserError) as refusal:
        create_token(
            person=people.alice, name=name, scopes=scopes, days=days, by=actor_for(people.alice), now=NOW
        )

    assert refusal.value.code == code
    assert ApiToken.objects.count() == Event.objects.count() == 0


def test_nobody_makes_a_token_for_somebody_else(people: Cast) -> None:
    with pytest.raises(PurserError) as refusal:
        create_token(person=people.mia, name="x", scopes=["read"], days=1, by=actor_for(people.root), now=NOW)
    assert (refusal.value.code, refusal.value.status) == ("not_yours", 403)


def test_token_stands_for_its_person_until_it_ends(people: Cast) -> None:
    token, secret = token_of(people.alice, days=1)

    assert authenticate_bearer(secret, NOW) == token
    assert authenticate_bearer(secret, NOW + timedelta(days=1)) is None
    assert authenticate_bearer(secret[:-1] + ("a" if secret[-1] != "a" else "b"), NOW) is None
    assert authenticate_bearer("pur_" + "é" * 43, NOW) is None


@pytest.mark.parametrize("hours", [-48, 48])
def test_the_databases_clock_ends_a_token_however_wrong_our_own_is(
    people: Cast, monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    now = database_time()
    _, lives = create_token(
        person=people.alice, name="a", scopes=["read"], days=1, by=actor_for(people.alice), now=now
    )
    _, over = create_token(
        person=people.alice,
        name="b",
        scopes=["read"],
        days=1,
        by=actor_for(people.alice),
        now=now - timedelta(days=1),
    )
    monkeypatch.setattr("django.utils.timezone.now", lambda: now + timedelta(hours=hours))

    answers = [
        Client().get("/mirror/", headers={"Authorization": f"Bearer {secret}"}).status_code
        for secret in (lives, over)
    ]
    assert answers == [200, 401]


def test_revoked_token_is_refused_and_recorded_once(people: Cast) -> None:
    token, secret = token_of(people.alice)
    for _ in range(2):
        revoke_token(token=token, by=actor_for(people.alice), now=NOW)

    assert authenticate_bearer(secret, NOW) is None
    assert Event.objects.filter(kind="portal.token.revoked").count() == 1


def test_use_is_noted_at_most_once_a_minute(people: Cast) -> None:
    token, secret = token_of(people.alice)
    seen = []
    for seconds in (0, 59, 60):
        authenticate_bearer(secret, NOW + timedelta(seconds=seconds))
        token.refresh_from_db()
        seen.append(token.last_used_at)

    assert seen == [NOW, NOW, NOW + timedelta(seconds=60)]


def test_token_of_disabled_person_stays_dead_after_enabling(people: Cast) -> None:
    _, secret = token_of(people.bob)
    root = actor_for(people.root)

    disable_person(person=people.bob, reason="left", by=root, now=NOW)
    assert authenticate_bearer(secret, NOW) is None
    enable_person(person=people.bob, by=root, now=NOW)
    assert authenticate_bearer(secret, NOW) is None
    assert Event.objects.get(kind="portal.token.revoked").actor == root.label


def test_only_own_tokens_are_listed_except_to_administrators(people: Cast) -> None:
    mine, theirs = token_of(people.alice)[0], token_of(people.bob)[0]

    assert list(tokens_visible_to(standing_of(people.alice))) == [mine]
    assert set(tokens_visible_to(standing_of(people.root))) == {mine, theirs}


def test_api_knows_the_caller_by_token(people: Cast) -> None:
    now = timezone.now()

    assert call(token_of(people.alice, "read", now=now)[1]) == (
        200,
        {"person": "alice", "admin": False, "user": people.alice.label},
    )
    status, answer = call("pur_" + "a" * 43)
    assert (status, answer["code"]) == (401, "bad_token")
    assert answer["detail"] == "The token is unknown, ended or revoked."
    assert call("")[0] == 401


def test_token_scopes_bound_what_it_may_do(people: Cast) -> None:
    now = timezone.now()
    read, write = token_of(people.root, "read", now=now)[1], token_of(people.root, "write", now=now)[1]
    admin = token_of(people.root, "admin", now=now)[1]

    status, answer = call(read, "post")
    assert (status, answer["code"]) == (403, "scope_too_small")
    assert answer["detail"] == "This token may only read."
    assert [call(secret, "post")[1].get("admin") for secret in (write, admin)] == [False, True]
    assert call(write)[0] == 200


def test_disabled_person_is_refused_by_the_api_at_once(people: Cast) -> None:
    _, secret = token_of(people.bob, now=timezone.now())
    assert call(secret)[0] == 200

    disable_person(person=people.bob, reason="", by=operator("x"), now=NOW)

    assert call(secret)[0] == 401


def test_session_needs_its_csrf_token_to_change(people: Cast) -> None:
    client = sign_in(Client(enforce_csrf_checks=True), people.alice)

    assert call("", "get", client)[1]["person"] == "alice"
    assert call("", "post", client)[0] == 403


def test_command_prints_the_secret_once(people: Cast) -> None:
    out = StringIO()
    call_command("create_token", "ALICE@example.com", "--scopes", "read,write", "--days", "7", stdout=out)

    token = authenticate_bearer(out.getvalue().strip(), timezone.now())
    assert token is not None
    assert (token.person, token.scopes) == (people.alice, ["read", "write"])
    with pytest.raises(CommandError, match="Nobody"):
        call_command("create_token", "nobody@example.com")
    with pytest.raises(CommandError, match="1 to 365"):
        call_command("create_token", "alice@example.com", "--days", "999")
