"""From the grant to the row in the pull log: a robot made at a Harbor that runs, a real pull, its webhook, once."""

import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

import httpx
import pytest
from django.core.wsgi import get_wsgi_application
from django.db import connections

from audit.pulls.models import Pull
from grants.catalogue.models import Image, Registry
from grants.connectors.base import Change, Holder, Holding, Place
from grants.connectors.tests.harbor_world import SECRET, world
from grants.directory.testing import make_person
from grants.lifecycle.testing import make_grant
from portal.sandbox.harbor.seeding import IMAGES

pytestmark = [pytest.mark.enable_loopback, pytest.mark.django_db(transaction=True)]


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        return


def _serve(server):
    server.serve_forever()
    connections.close_all()


@pytest.fixture
def purser():
    server = make_server("127.0.0.1", 0, get_wsgi_application(), handler_class=_Quiet)
    thread = threading.Thread(target=_serve, args=[server], daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join(timeout=10)
    server.server_close()


@pytest.fixture(params=["Default", "CloudEvents"])
def scene(request, purser, monkeypatch, settings):
    settings.ALLOWED_HOSTS = ["127.0.0.1"]
    settings.SECURE_SSL_REDIRECT = False
    monkeypatch.setenv("HARBOR_WEBHOOK_SECRET", SECRET)
    registry = Registry.objects.create(
        key="target", name="Harbor", kind="harbor", host="harbor.example.com", service="harbor",
        api_url="https://harbor.example.com", options={"webhook_secret": "env:HARBOR_WEBHOOK_SECRET"},
    )  # fmt: skip
    image = Image.objects.create(registry=registry, repository=IMAGES[0])
    with world(
        webhook=f"{purser}/webhooks/harbor/target/", payload_format=request.param, timeout=10.0
    ) as made:
        grant = make_grant(members=[make_person("bob")], images=[image], starts=made.now())
        yield made, grant


def deliver(made, grant):
    """What delivery does for one person and one image."""
    label = grant.members.get().person.label
    held = Holding(
        grant=grant.pk, project=grant.project.key, team=grant.project.team.key, role="viewer",
        holders=(Holder(label, "bob@example.com"),), images=(IMAGES[0],), ends=grant.ends,
    )  # fmt: skip
    for place in made.layout.places(held):
        outcome = made.connector.apply(Change("apply", made.layout.entry(place, [held])))
        assert outcome.proven
    return made.layout.entry(Place("member", label), [held])


def pull(made, credential, reference):
    scope = f"repository:{IMAGES[0]}:pull"
    login = (credential.username, credential.secret)
    with httpx.Client(base_url=made.address, timeout=10.0) as client:
        token = client.get(
            "/service/token", params={"service": "harbor-registry", "scope": scope}, auth=login
        )
        headers = {"Authorization": f"Bearer {token.json()['token']}"}
        path = f"/v2/{IMAGES[0]}/manifests/{reference}"
        assert client.head(path, headers=headers).status_code == 200
        return client.get(path, headers=headers).headers["Docker-Content-Digest"]


def test_a_pull_with_ones_own_robot_is_in_the_log_once_with_its_grant(scene):
    made, grant = scene
    entry = deliver(made, grant)
    digest = pull(made, made.connector.credential(entry), "latest")
    made.harbor.sender.drain()
    assert made.harbor.sender.given_up == 0
    row = Pull.objects.get()
    assert (row.person, row.grant, row.counted) == (entry.key, grant.label, True)
    assert (row.repository, row.digest, row.tag) == (IMAGES[0], digest, "latest")
