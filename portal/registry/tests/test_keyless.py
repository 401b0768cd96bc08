"""Service-account tokens over HTTP, as a container runtime sends what the kubelet's provider gave it."""

from typing import Any

import pytest
from django.conf import settings

from grants.directory.models import Project
from grants.tokens.models import IssuedToken
from grants.tokens.testing import FakeCluster, make_cluster
from portal.registry.asgi import WRONG_MOST
from portal.registry.tests.asking import PULL, Ask, access, ask_once, basic, with_service

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def fake(scene: Any) -> FakeCluster:
    fake = FakeCluster("RS256")
    Project.objects.filter(pk=scene.project.pk).update(namespace="fraud")
    make_cluster(fake, jwks=fake.jwks)
    return fake


@pytest.mark.parametrize("way", ["basic", "form"])
def test_both_ways_of_asking_take_it(fake: FakeCluster, way: str) -> None:
    query = {"service": settings.REGISTRY["service"], "scope": PULL}
    if way == "basic":
        answer = ask_once(params=query, headers=basic("serviceaccount", fake.token()))
    else:
        form = {"grant_type": "password", "username": "serviceaccount", "password": fake.token()} | query
        answer = ask_once(method="POST", data=form)
    assert (answer.status_code, access(answer)) == (200, [("fraud/base", ["pull"])])


def test_a_token_for_somebody_else_is_refused_without_a_word_of_why(fake: FakeCluster) -> None:
    token = fake.token(aud=["vault"])
    answer = ask_once(params={"scope": PULL}, headers=basic("serviceaccount", token))
    assert answer.status_code == 401
    assert "audience" not in answer.text
    assert token not in answer.text


def test_a_cluster_behind_one_address_is_not_locked_out(fake: FakeCluster) -> None:
    async def story(ask: Ask) -> int:
        for _ in range(WRONG_MOST + 1):
            await ask(headers=basic("serviceaccount", fake.token(aud=["vault"])))
        return (await ask(headers=basic("serviceaccount", fake.token()))).status_code

    assert with_service(story) == 200
    assert IssuedToken.objects.filter(outcome="refused").count() == WRONG_MOST + 1
