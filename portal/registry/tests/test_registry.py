"""skopeo, Debian's docker-registry and our web process together: who pulls, pushes and deletes, and what is logged."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest
from django.conf import settings
from django.utils import timezone

from audit.pulls.models import Pull
from grants.catalogue.models import Registry
from grants.directory.actors import actor_for
from grants.lifecycle.services import revoke
from grants.lifecycle.testing import make_grant
from grants.tokens.decision import Access
from grants.tokens.keys import KeyStore
from grants.tokens.models import IssuedToken
from grants.tokens.probing import signer
from grants.tokens.selectors import gaps
from grants.tokens.services import create_robot
from grants.tokens.tests.registry_process import running_registry
from portal.registry.tests.asking import TESTER, basic, secret_of
from portal.registry.tests.serving import free_socket, running_web
from portal.sandbox.images import build_image, push_image

pytestmark = [pytest.mark.enable_loopback, pytest.mark.django_db(transaction=True)]
SECRET = "shared with the registry"
PULL = "repository:fraud/base:pull"
ACCEPT = "application/vnd.oci.image.manifest.v1+json"


@dataclass
class House:
    """The running registry and web process, and the people who use them."""

    registry: str
    web: str
    digest: str
    folder: Path
    scene: Any

    @property
    def image(self) -> str:
        return f"docker://{self.registry}/fraud/base:stable"

    def skopeo(self, *words: str) -> "subprocess.CompletedProcess[str]":
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "NO_PROXY": "*",
        }
        return subprocess.run(  # noqa: S603
            [shutil.which("skopeo") or pytest.skip("skopeo is not installed"), *words],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            env=environment,
        )

    def pull(self, login: str, secret: str) -> "subprocess.CompletedProcess[str]":
        target = f"dir:{self.folder}/{time.monotonic_ns()}"
        return self.skopeo(
            "copy", "--src-tls-verify=false", f"--src-creds={login}:{secret}", self.image, target
        )

    def push(self, login: str, secret: str, tag: str) -> "subprocess.CompletedProcess[str]":
        place = self.image.replace(":stable", f":{tag}")
        switches = ("--src-tls-verify=false", "--dest-tls-verify=false")
        creds = (f"--src-creds={login}:{secret}", f"--dest-creds={login}:{secret}")
        return self.skopeo("copy", *switches, *creds, self.image, place)

    def token(self, login: str, secret: str, scope: str = PULL) -> str:
        query = {"service": settings.REGISTRY["service"], "scope": scope}
        url = f"http://{self.web}/registry/token"
        answer = httpx.get(url, params=query, headers=basic(login, secret), trust_env=False, timeout=10)
        return str(answer.json().get("token", ""))

    def manifest(self, token: str) -> int:
        headers = {"Authorization": f"Bearer {token}", "Accept": ACCEPT}
        url = f"http://{self.registry}/v2/fraud/base/manifests/stable"
        return httpx.get(url, headers=headers, trust_env=False, timeout=10).status_code


@pytest.fixture
def house(scene: Any, keys: KeyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    monkeypatch.setitem(settings.REGISTRY, "notification_secret", SECRET)
    keys.ensure_ca(now=timezone.now())
    sock = free_socket()
    with running_web(sock) as web:
        endpoint = {
            "name": "purser", "url": f"http://{web}/webhooks/registry/main/", "timeout": "2s", "threshold": 3,
            "backoff": "200ms", "headers": {"Authorization": [f"Bearer {SECRET}"]},
        }  # fmt: skip
        realm = f"http://{web}/registry/token"
        with running_registry(
            tmp_path, keys.ca_path, realm=realm, notifications={"endpoints": [endpoint]}
        ) as registry:
            address = {"host": registry, "api_url": f"http://{registry}"}
            Registry.objects.filter(pk=scene.registry.pk).update(**address)
            layers = [{"/model": b"weights"}]
            image = build_image(layers, created=timezone.now(), labels={"team": "fraud"})
            digest = push_image(f"http://{registry}", "fraud/base", ["stable"], image, _push_token)
            yield House(registry, web, digest, tmp_path, scene)


def _push_token(scopes: list[str]) -> str:
    name, actions = scopes[0].removeprefix("repository:").rsplit(":", 1)
    now = int(time.time())
    return signer().sign(
        subject="~purser:test", audience=settings.REGISTRY["service"], jti="push",
        access=[Access(name, tuple(actions.split(",")), None)], expiry=now + 60, now=now,
    )  # fmt: skip


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def test_login_and_pull_with_a_personal_token(house: House) -> None:
    secret, authfile = house.scene.secret, house.folder / "auth.json"
    place = ("--tls-verify=false", f"--authfile={authfile}")
    signed_in = house.skopeo("login", *place, "-u", "bob", "-p", secret, house.registry)
    assert signed_in.returncode == 0, signed_in.stderr
    wrong = house.skopeo("login", *place, "-u", "bob", "-p", "wrong", house.registry)
    assert wrong.returncode != 0
    copied = house.skopeo(
        "copy", "--src-tls-verify=false", f"--authfile={authfile}", house.image, f"dir:{house.folder}/copy"
    )
    assert copied.returncode == 0, copied.stderr
    seen = house.skopeo("inspect", *place, house.image)
    assert json.loads(seen.stdout)["Digest"] == house.digest


def test_strangers_and_nobody_do_not_pull(house: House) -> None:
    stranger = house.pull("charlie", secret_of(house.scene.charlie))
    nobody = house.skopeo("copy", "--src-tls-verify=false", house.image, f"dir:{house.folder}/nobody")
    assert (stranger.returncode != 0, nobody.returncode != 0) == (True, True)
    assert "unauthorized" in stranger.stderr.lower() + nobody.stderr.lower()


def test_viewers_pull_developers_push_administrators_of_the_image_delete(house: House) -> None:
    bob = ("bob", house.scene.secret)
    assert house.push(*bob, "v1").returncode != 0
    _give(house, "developer", "push")
    pushed = house.push(*bob, "v2")
    assert pushed.returncode == 0, pushed.stderr
    place = house.image.replace(":stable", ":v2")
    delete = ("delete", "--tls-verify=false", f"--creds={bob[0]}:{bob[1]}", place)
    assert house.skopeo(*delete).returncode != 0
    _give(house, "admin", "delete")
    deleted = house.skopeo(*delete)
    assert deleted.returncode == 0, deleted.stderr
    assert house.pull(*bob).returncode != 0


def _give(house: House, role: str, action: str) -> None:
    """A grant of bob's with this role, felt by the token service: a cache hears of it a moment later."""
    scene, asked = house.scene, f"repository:fraud/base:{action}"
    make_grant(project=scene.project, members=[scene.bob], images=[scene.image], role=role)
    until(lambda: _opens(house.token("bob", scene.secret, asked)))


def test_a_projects_robot_pulls(house: House) -> None:
    project = house.scene.project
    robot, secret = create_robot(project=project, name="ci", days=1, by=TESTER, now=timezone.now())
    assert house.pull(robot.login, secret).returncode == 0
    until(lambda: Pull.objects.filter(counted=True).exists())
    pull = Pull.objects.get(counted=True)
    assert (pull.person, pull.project, pull.grant) == (
        f"robot:{robot.pk}",
        project.key,
        house.scene.grant.label,
    )


def test_each_pull_is_reported_once_and_tied_to_person_and_grant(house: House) -> None:
    for _ in range(2):
        assert house.pull("bob", house.scene.secret).returncode == 0
    until(lambda: Pull.objects.filter(counted=True).count() == 2)
    rows = Pull.objects.filter(counted=True).values_list(
        "person", "person_name", "grant", "project", "digest"
    )
    bob, grant = house.scene.bob, house.scene.grant
    assert set(rows) == {(bob.label, bob.name, grant.label, grant.project.key, house.digest)}
    tokens = set(
        IssuedToken.objects.filter(outcome="issued").exclude(access=[]).values_list("jti", flat=True)
    )
    assert set(Pull.objects.filter(counted=True).values_list("token", flat=True)) == tokens
    later = timezone.now() + timezone.timedelta(minutes=5)
    assert gaps(since=timezone.now() - timezone.timedelta(hours=1), now=later).found == ()


def test_a_report_sent_again_changes_nothing(house: House) -> None:
    assert house.pull("bob", house.scene.secret).returncode == 0
    until(lambda: Pull.objects.filter(counted=True).exists())
    pull = Pull.objects.get(counted=True)
    event = {
        "id": pull.event_id, "timestamp": pull.at.isoformat(), "action": "pull", "actor": {"name": pull.actor},
        "target": {"mediaType": pull.media_type, "digest": pull.digest, "repository": pull.repository},
        "request": {"method": "GET"},
    }  # fmt: skip
    url = f"http://{house.web}/webhooks/registry/main/"
    headers = {"Authorization": f"Bearer {SECRET}"}
    again = httpx.post(url, json={"events": [event] * 3}, headers=headers, trust_env=False)
    forged = httpx.post(url, json={"events": [event | {"id": "forged"}]}, trust_env=False)
    assert (again.status_code, again.json(), forged.status_code) == (202, {"new": 0}, 401)
    assert Pull.objects.filter(event_id__in=[pull.event_id, "forged"]).count() == 1


def test_after_a_revoke_new_tokens_open_nothing_and_old_ones_end_within_a_minute(house: House) -> None:
    token = house.token("bob", house.scene.secret)
    assert house.manifest(token) == 200
    revoke(grant=house.scene.grant, note="", by=actor_for(house.scene.root), now=timezone.now())
    revoked_at = time.time()
    until(lambda: not _opens(house.token("bob", house.scene.secret)), seconds=5)
    end = jwt.decode(token, options={"verify_signature": False})["exp"] + 60
    assert end - revoked_at <= 60
    assert house.pull("bob", house.scene.secret).returncode != 0


def _opens(token: str) -> bool:
    return bool(jwt.decode(token, options={"verify_signature": False})["access"])


def test_the_leaf_is_renewed_without_a_restart(house: House, keys: KeyStore) -> None:
    old = house.token("bob", house.scene.secret)
    keys._new_leaf(now=timezone.now())
    signer()._looked = 0.0
    new = house.token("bob", house.scene.secret)
    leaves = {jwt.get_unverified_header(token)["x5c"][0] for token in (old, new)}
    assert (len(leaves), house.manifest(old), house.manifest(new)) == (2, 200, 200)
