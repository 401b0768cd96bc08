"""The kubelet's plugin: what it answers, for how long, and to whom it never gives a token."""

import io
import json
import sys
import time
from typing import Any

import pytest

from grants.tokens.testing import FakeCluster
from portal.cli.purser import kubelet

API = "credentialprovider.kubelet.k8s.io/v1"
HOST = "registry.example:5000"


def ask(monkeypatch: Any, capsys: Any, request: Any, *hosts: str) -> tuple[int, str, str]:
    given = request if isinstance(request, str) else json.dumps(request)
    monkeypatch.setattr(sys, "stdin", io.StringIO(given))
    words = [word for host in hosts or (HOST,) for word in ("--registry", host)]
    code = kubelet.main(words)
    said = capsys.readouterr()
    return code, said.out, said.err


def request(**changes: Any) -> dict[str, Any]:
    given = {"apiVersion": API, "kind": "CredentialProviderRequest", "image": f"{HOST}/fraud/base:1"}
    return given | changes


def test_the_pods_token_is_the_password_until_shortly_before_its_end(monkeypatch: Any, capsys: Any) -> None:
    token = FakeCluster().token(exp=int(time.time()) + 600)
    code, out, err = ask(monkeypatch, capsys, request(serviceAccountToken=token))
    answer = json.loads(out)
    seconds = int(answer.pop("cacheDuration").removesuffix("s"))
    assert (code, err, 535 <= seconds <= 540) == (0, "", True)
    assert answer == {
        "apiVersion": API,
        "kind": "CredentialProviderResponse",
        "cacheKeyType": "Registry",
        "auth": {HOST: {"username": "serviceaccount", "password": token}},
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"image": "evil.example/fraud/base"},
        {"image": "registry.example:5000.evil.example/x"},
        {"image": "base"},
        {"image": f"evil.example/{HOST}/x"},
        {"serviceAccountToken": ""},
    ],
)
def test_no_other_registry_and_no_pod_without_a_token_gets_one(
    monkeypatch: Any, capsys: Any, changes: dict[str, Any]
) -> None:
    given = request(**{"serviceAccountToken": FakeCluster().token()} | changes)
    code, out, _err = ask(monkeypatch, capsys, given)
    answer = json.loads(out)
    assert (code, answer["auth"], answer["cacheDuration"]) == (0, {}, "0s")


@pytest.mark.parametrize("token", ["a.b.c", "nothing", "a.eyJleHAiOiJ4In0.c", "a.eyJleHAiOjF9.c"])
def test_what_ends_nobody_knows_when_is_not_cached(monkeypatch: Any, capsys: Any, token: str) -> None:
    _code, out, _err = ask(monkeypatch, capsys, request(serviceAccountToken=token))
    assert json.loads(out)["cacheDuration"] == "0s"


@pytest.mark.parametrize(
    "given",
    [
        "",
        "[]",
        "{}",
        request(apiVersion="credentialprovider.kubelet.k8s.io/v1beta1"),
        request(kind="Other"),
        request(image=None, serviceAccountToken="eyJ.secret.x"),
    ],
)
def test_other_requests_are_refused_without_repeating_them(monkeypatch: Any, capsys: Any, given: Any) -> None:
    code, out, err = ask(monkeypatch, capsys, given)
    assert (code, out, "secret" in err) == (1, "", False)
    assert err.startswith("purser-credential-provider: ")


def test_it_must_be_told_its_registries(monkeypatch: Any, capsys: Any) -> None:
    with pytest.raises(SystemExit):
        kubelet.main([])
    assert "--registry" in capsys.readouterr().err
