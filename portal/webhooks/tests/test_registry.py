"""A registry's notifications: nobody without the secret is heard, and no report keeps the others waiting."""

import json

import pytest

from audit.pulls.models import Pull
from grants.catalogue.testing import make_registry

pytestmark = pytest.mark.django_db
EVENT = {
    "id": "e1",
    "timestamp": "2026-11-20T10:00:00Z",
    "action": "pull",
    "target": {"repository": "ai/torch"},
}


@pytest.fixture(autouse=True)
def _secret(settings):
    settings.REGISTRY = {**settings.REGISTRY, "notification_secret": "s3cret"}


@pytest.fixture
def post(client):
    def call(body, bearer="s3cret", target=None):
        path = f"/webhooks/registry/{target or make_registry().key}/"
        headers = {"Authorization": f"Bearer {bearer}"}
        return client.post(path, body, content_type="application/json", headers=headers)

    return call


def test_a_report_is_kept_whatever_its_client_calls_itself(post):
    answer = post(json.dumps({"events": [EVENT | {"request": {"useragent": "x" * 5000}}]}))
    assert (answer.status_code, answer.json()) == (202, {"new": 1})
    assert Pull.objects.get().user_agent == "x" * 300


@pytest.mark.parametrize("body", ["", "{}", '{"events": [{}]}'])
def test_a_body_nobody_can_read_is_taken_so_that_it_is_not_sent_for_ever(post, body):
    answer = post(body)
    assert (answer.status_code, answer.json()["new"], Pull.objects.count()) == (202, 0, 0)


@pytest.mark.parametrize("bearer", ["", "wrong", "s3cre", "s3cret2", "\xff"])
def test_nobody_without_the_secret_is_heard(post, bearer):
    assert post(json.dumps({"events": [EVENT]}), bearer=bearer).status_code == 401
    assert Pull.objects.count() == 0


def test_a_registry_nobody_knows_is_not_found(post):
    assert post(json.dumps({"events": [EVENT]}), target="elsewhere").status_code == 404
