"""A cluster's pull secret covers Harbor by a robot of its own, as soon as Harbor has it."""

import base64
import json

import httpx
import pytest
from django.utils import timezone

from grants.catalogue.models import Cluster, Image, Registry
from grants.connectors.tests.harbor_world import world
from grants.connectors.tests.kubernetes_cases import CORE, NAMESPACE, bench
from grants.delivery import targets as delivery_targets
from grants.delivery.models import Delivery
from grants.delivery.services import plan_rows
from grants.delivery.worker import work_due
from grants.directory.testing import cast
from grants.lifecycle.testing import make_grant
from portal import targets
from portal.harbor_logins import harbor_logins, harbor_ready
from portal.sandbox.harbor.seeding import IMAGES

pytestmark = [pytest.mark.enable_loopback, pytest.mark.django_db(transaction=True)]
HOST = "harbor.example.com"


@pytest.fixture
def scene(monkeypatch):
    """Harbor and two clusters as their rows name them, and a grant of an image of Harbor's to a project there."""
    delivery = (dict(delivery_targets._factories), dict(delivery_targets._layouts))
    with world(timeout=5.0) as made, bench() as there:
        monkeypatch.setenv("HARBOR_PASSWORD", made.harbor.secret)
        registry = Registry.objects.create(
            key="harbor", name="Harbor", kind="harbor", host=HOST, service="harbor", api_url=made.address,
            options={"username": "admin", "password": "env:HARBOR_PASSWORD"},
        )  # fmt: skip
        Cluster.objects.create(key="gpu", name="GPU", options={"server": there.url})
        Cluster.objects.create(
            key="own", name="Keyless", active=True, options={"keyless": True, "server": there.url}
        )
        targets.register()
        image = Image.objects.create(registry=registry, repository=IMAGES[0])
        project = cast().project
        project.namespace = NAMESPACE
        project.save()
        yield made, there, make_grant(project=project, images=[image], members=[], status="provisioning")
    delivery_targets._factories, delivery_targets._layouts = delivery


def work(target):
    now = timezone.now()
    Delivery.objects.filter(target=target).update(next_attempt_at=now)
    work_due(now=now, target=target)


def auths(there):
    data = there.object(f"{CORE}/secrets/purser-pull")["data"][".dockerconfigjson"]
    return json.loads(base64.b64decode(data))["auths"]


def test_the_secret_is_covered_once_harbor_has_the_robot_and_pulls_by_it(scene):
    made, there, grant = scene
    plan_rows(grant_id=grant.pk, now=timezone.now())
    robots = (
        Delivery.objects.filter(target="harbor", kind="robot").order_by("key").values_list("key", flat=True)
    )
    assert list(robots) == [NAMESPACE, f"{NAMESPACE}.gpu"]
    work("gpu")
    assert HOST not in auths(there)
    assert not harbor_ready("gpu", NAMESPACE, NAMESPACE, frozenset({HOST}))
    work("harbor")
    assert harbor_ready("gpu", NAMESPACE, NAMESPACE, frozenset({HOST}))
    work("gpu")
    login = auths(there)[HOST]
    assert login["username"] == f"robot$purser-project-{NAMESPACE}.gpu"
    asked = {"service": "harbor-registry", "scope": f"repository:{IMAGES[0]}:pull"}
    signed = (login["username"], login["password"])
    answer = httpx.get(f"{made.address}/service/token", params=asked, auth=signed)
    assert answer.status_code == 200
    secret = there.object(f"{CORE}/secrets/purser-pull")
    assert secret["metadata"]["annotations"]["purser.dev/hosts"] == HOST


def test_a_project_without_an_image_there_asks_no_harbor(scene):
    made, _there, _grant = scene
    before = len(made.harbor.schedule.calls)
    assert harbor_logins("gpu", "another") == ((), frozenset())
    assert len(made.harbor.schedule.calls) == before


def test_a_harbor_that_is_silent_is_missing_and_holds_nothing_up(scene):
    _made, _there, _grant = scene
    Registry.objects.update(api_url="http://127.0.0.1:9")
    assert harbor_logins("gpu", NAMESPACE) == ((), frozenset({HOST}))
    assert not harbor_ready("gpu", NAMESPACE, NAMESPACE, frozenset({HOST}))
    assert harbor_ready("gpu", NAMESPACE, NAMESPACE, frozenset({"elsewhere.example"}))
