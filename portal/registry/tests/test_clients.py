"""The command line, Docker's helper and the kubelet's plugin against the real registry, with skopeo as the client."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from audit.pulls.models import Pull
from grants.directory.actors import actor_for
from grants.directory.models import Project
from grants.lifecycle.services import revoke
from grants.tokens.models import Credential, IssuedToken
from grants.tokens.testing import FakeCluster, make_cluster
from portal.accounts import devices
from portal.accounts.models import ApiToken
from portal.registry.tests.houses import House, until

pytestmark = [pytest.mark.enable_loopback, pytest.mark.django_db(transaction=True)]
LAUNCHER = '#!/bin/sh\nPYTHONPATH={root} exec {python} -m portal.cli.purser.docker_credential "$@"\n'
CODE = re.compile(r"enter the code ([A-Z]{4}-[A-Z]{4})")


@pytest.fixture
def variables(house: House) -> dict[str, str]:
    """The environment of a person's shell: a configuration of its own, the helper on the path."""
    programs = house.folder / "bin"
    programs.mkdir()
    helper = programs / "docker-credential-purser"
    helper.write_text(LAUNCHER.format(root=settings.BASE_DIR, python=sys.executable))
    helper.chmod(0o755)
    docker = house.folder / "docker.json"
    docker.write_text(json.dumps({"credHelpers": {house.registry: "purser"}}))
    return {
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(house.folder),
        "XDG_CONFIG_HOME": str(house.folder / "config"),
        "REGISTRY_AUTH_FILE": str(docker),
        "PYTHONPATH": str(settings.BASE_DIR),
        "NO_PROXY": "*",
    }


@pytest.fixture
def signed_in(house: House, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Bob signs in: the terminal shows a code, his browser allows it. What the terminal printed."""
    monkeypatch.setattr(devices, "INTERVAL", 1)
    command = [sys.executable, "-m", "portal.cli.purser", "login", "--server", f"http://{house.web}"]
    process = subprocess.Popen(  # noqa: S603 - our own arguments
        [*command, "--no-browser"], env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stderr is not None
    code = CODE.search(process.stderr.readline())
    assert code is not None
    found, bob = devices.waiting_device(code[1]), house.scene.bob
    assert found is not None
    devices.decide_device(device=found, allow=True, person=bob, by=actor_for(bob))
    said, complaints = process.communicate(timeout=30)
    assert process.returncode == 0, complaints
    yield said + complaints
    assert [path.name for path in kept(house) if path.stat().st_mode & 0o077 and path.name != "lock"] == []


def kept(house: House) -> list[Path]:
    return sorted((house.folder / "config/purser").iterdir())


def purser(variables: dict[str, str], *words: str, given: str = "", module: str = "portal.cli.purser") -> Any:
    return subprocess.run(  # noqa: S603 - our own arguments
        [sys.executable, "-m", module, *words],
        env=variables, input=given, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def pull(house: House, variables: dict[str, str]) -> Any:
    target = f"dir:{house.folder}/pulled"
    return house.skopeo("copy", "--src-tls-verify=false", house.image, target, **variables)


def test_skopeo_pulls_through_the_helper(house: House, variables: dict[str, str], signed_in: str) -> None:
    assert "signed in as bob" in signed_in
    assert house.registry in signed_in
    for _time in range(2):
        copied = pull(house, variables)
        assert copied.returncode == 0, copied.stderr
    # Two pulls, one pull token; neither it nor the sign-in was ever printed.
    made = Credential.objects.exclude(created_by="test").get()
    assert (made.person, made.expires_at - made.created_at) == (house.scene.bob, timedelta(hours=1))
    assert re.search("pur[p]?_[0-9A-Za-z]{20}", signed_in + copied.stdout + copied.stderr) is None
    until(lambda: Pull.objects.filter(person=house.scene.bob.label, counted=True).exists())


def test_logging_out_of_the_registry_ends_the_pull_token(
    house: House, variables: dict[str, str], signed_in: str
) -> None:
    assert pull(house, variables).returncode == 0
    out = house.skopeo("logout", house.registry, **variables)
    assert out.returncode == 0, out.stderr
    assert Credential.objects.exclude(created_by="test").get().revoked_at is not None
    assert pull(house, variables).returncode != 0


def test_signing_out_ends_everything_at_the_server(
    house: House, variables: dict[str, str], signed_in: str
) -> None:
    assert pull(house, variables).returncode == 0
    who = purser(variables, "whoami")
    assert who.stdout.startswith(f"bob (Bob) at http://{house.web} until "), who.stderr
    out = purser(variables, "logout")
    assert out.stdout == f"You are signed out of http://{house.web}.\n", out.stderr
    assert ApiToken.objects.get().revoked_at is not None
    assert Credential.objects.exclude(created_by="test").get().revoked_at is not None
    assert pull(house, variables).returncode != 0
    assert purser(variables, "whoami").stderr.endswith("Run: purser login\n")


def test_what_one_has_is_listed(house: House, variables: dict[str, str], signed_in: str) -> None:
    images = purser(variables, "images").stdout.splitlines()
    assert images[0].split() == ["REFERENCE", "TITLE", "TAGS"]
    assert images[1].startswith(f"{house.registry}/fraud/base")
    row = json.loads(purser(variables, "grants", "--json").stdout)
    assert (row["id"], row["project"]) == (house.scene.grant.pk, house.scene.project.key)
    helped = purser(variables, "run-local").stdout
    assert f'"credHelpers": {{"{house.registry}": "purser"}}' in helped


def test_a_pull_secret_pulls_and_is_private(house: House, variables: dict[str, str], signed_in: str) -> None:
    place = house.folder / "deep/config.json"
    made = purser(variables, "pull-secret", "--output", str(place), "--hours", "2")
    assert made.returncode == 0, made.stderr
    assert (place.stat().st_mode & 0o777, "purp_" in made.stdout + made.stderr) == (0o600, False)
    copied = pull(house, variables | {"REGISTRY_AUTH_FILE": str(place)})
    assert copied.returncode == 0, copied.stderr
    refused = purser(variables, "pull-secret", "--output", "-", "--registry", "docker.io")
    assert (refused.returncode, refused.stdout) == (1, "")


def test_a_pod_pulls_with_what_the_kubelet_got_from_the_plugin(
    house: House, variables: dict[str, str]
) -> None:
    fake = FakeCluster("RS256")
    make_cluster(fake, jwks=fake.jwks)
    Project.objects.filter(pk=house.scene.project.pk).update(namespace="fraud")
    request = {
        "apiVersion": "credentialprovider.kubelet.k8s.io/v1", "kind": "CredentialProviderRequest",
        "image": f"{house.registry}/fraud/base:stable", "serviceAccountToken": fake.token(),
    }  # fmt: skip
    module = "portal.cli.purser.kubelet"
    words = ("--registry", house.registry)
    said = purser(variables, *words, given=json.dumps(request), module=module)
    auth = json.loads(said.stdout)["auth"][house.registry]
    copied = house.pull(auth["username"], auth["password"])
    assert copied.returncode == 0, copied.stderr
    who = "workload:main/fraud/trainer"
    until(lambda: Pull.objects.filter(person=who, counted=True).exists())
    told = Pull.objects.filter(person=who).latest("pk")
    assert (told.person_name, told.project, told.grant) == (
        "system:serviceaccount:fraud:trainer",
        house.scene.project.key,
        f"grant:{house.scene.grant.pk}",
    )
    revoke(grant=house.scene.grant, note="Because", by=actor_for(house.scene.root), now=timezone.now())
    until(lambda: house.pull(auth["username"], auth["password"]).returncode != 0, 10)
    assert IssuedToken.objects.filter(principal=who).latest("pk").access == []
