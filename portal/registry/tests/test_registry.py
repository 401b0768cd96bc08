"""skopeo, Debian's docker-registry and our web process together: who pulls, pushes and deletes, and what is logged."""

import json
import time

import httpx
import jwt
import pytest
from django.utils import timezone

from audit.pulls.models import Pull
from grants.directory.actors import actor_for
from grants.lifecycle.services import revoke
from grants.lifecycle.testing import make_grant
from grants.tokens.keys import KeyStore
from grants.tokens.models import IssuedToken
from grants.tokens.probing import signer
from grants.tokens.selectors import gaps
from grants.tokens.services import create_robot
from portal.registry.tests.asking import TESTER, secret_of
from portal.registry.tests.houses import SECRET, House, until

pytestmark = [pytest.mark.enable_loopback, pytest.mark.django_db(transaction=True)]


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
