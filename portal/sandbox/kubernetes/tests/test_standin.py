"""The stand-in for Kubernetes answers as the real API server does, where the connector and keyless pulls need it."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import jwt
import pytest

from portal.sandbox.kubernetes.app import Kubernetes
from portal.sandbox.standin import running

pytestmark = pytest.mark.enable_loopback

NOW = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
SPACE = "/api/v1/namespaces/fraud"
QUOTA = f"{SPACE}/resourcequotas/q"
APPLY = {"Content-Type": "application/apply-patch+yaml"}


@pytest.fixture
def app() -> Kubernetes:
    return Kubernetes(now=lambda: NOW)


@pytest.fixture
def http(app: Kubernetes) -> Iterator[httpx.Client]:
    with running(app) as url, httpx.Client(base_url=url, trust_env=False) as found:
        apply(found, SPACE, "Namespace").raise_for_status()
        yield found


def apply(
    http: httpx.Client,
    path: str,
    kind: str,
    *,
    manager: str = "one",
    force: str = "false",
    dry: str = "",
    **body: Any,
) -> httpx.Response:
    meta = {"name": path.rpartition("/")[2], **body.pop("metadata", {})}
    manifest = {"apiVersion": "v1", "kind": kind, "metadata": meta, **body}
    params = {"fieldManager": manager, "force": force, **({"dryRun": dry} if dry else {})}
    return http.patch(path, json=manifest, params=params, headers=APPLY)


def test_apply_makes_changes_and_takes_away_what_the_manager_no_longer_says(http: httpx.Client) -> None:
    first = apply(http, QUOTA, "ResourceQuota", spec={"hard": {"pods": "1", "cpu": "2"}}).json()
    again = apply(http, QUOTA, "ResourceQuota", spec={"hard": {"pods": "1", "cpu": "2"}}).json()
    assert again["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]
    less = apply(http, QUOTA, "ResourceQuota", spec={"hard": {"pods": "3"}}).json()
    assert less["spec"] == {"hard": {"pods": "3"}}
    assert less["metadata"]["resourceVersion"] != first["metadata"]["resourceVersion"]


def test_a_field_of_another_manager_is_a_conflict_that_names_it(http: httpx.Client) -> None:
    apply(http, QUOTA, "ResourceQuota", spec={"hard": {"pods": "1", "cpu": "2"}})
    refused = apply(http, QUOTA, "ResourceQuota", manager="two", spec={"hard": {"pods": "5"}})
    assert refused.status_code == 409
    (cause,) = refused.json()["details"]["causes"]
    assert (cause["reason"], cause["field"]) == ("FieldManagerConflict", ".spec.hard.pods")
    assert '"one"' in cause["message"]
    forced = apply(http, QUOTA, "ResourceQuota", manager="two", force="true", spec={"hard": {"pods": "5"}})
    assert forced.json()["spec"] == {"hard": {"pods": "5", "cpu": "2"}}
    less = apply(http, QUOTA, "ResourceQuota", spec={"hard": {"cpu": "2"}})
    assert less.json()["spec"] == {"hard": {"pods": "5", "cpu": "2"}}


def test_an_old_resource_version_and_another_uid_are_conflicts(http: httpx.Client) -> None:
    apply(http, QUOTA, "ResourceQuota", spec={"hard": {"pods": "1"}})
    stale = apply(
        http, QUOTA, "ResourceQuota", metadata={"resourceVersion": "1"}, spec={"hard": {"pods": "2"}}
    )
    assert stale.status_code == 409
    wrong = http.request("DELETE", QUOTA, json={"preconditions": {"uid": "another"}})
    assert wrong.status_code == 409
    assert http.request("DELETE", QUOTA, json={}).status_code == 200
    assert http.get(QUOTA).json()["reason"] == "NotFound"


def test_a_dry_run_keeps_nothing(http: httpx.Client) -> None:
    assert apply(http, QUOTA, "ResourceQuota", dry="All", spec={"hard": {"pods": "1"}}).status_code == 200
    assert http.get(QUOTA).status_code == 404


def test_lists_go_by_label_and_type_page_by_page(http: httpx.Client) -> None:
    for number in range(5):
        labels = {"odd": str(number % 2)}
        apply(http, f"{SPACE}/secrets/s{number}", "Secret", metadata={"labels": labels}, type=f"t{number}")
    odd = http.get("/api/v1/secrets", params={"labelSelector": "odd=1"}).json()["items"]
    assert [one["metadata"]["name"] for one in odd] == ["s1", "s3"]
    page = http.get("/api/v1/secrets", params={"limit": "3"}).json()
    rest = http.get("/api/v1/secrets", params={"limit": "3", "continue": page["metadata"]["continue"]}).json()
    assert (len(page["items"]), len(rest["items"])) == (3, 2)
    typed = http.get(f"{SPACE}/secrets", params={"fieldSelector": "type=t4"}).json()["items"]
    assert len(typed) == 1


def test_metadata_alone_shows_no_content(http: httpx.Client) -> None:
    apply(http, f"{SPACE}/secrets/s", "Secret", data={"a": "c2VjcmV0"})
    accept = {"Accept": "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}
    found = http.get(f"{SPACE}/secrets/s", headers=accept)
    assert found.json()["kind"] == "PartialObjectMetadata"
    assert "c2VjcmV0" not in found.text


def test_optional_systems_are_there_when_switched_on(http: httpx.Client) -> None:
    path = "/apis/kueue.x-k8s.io/v1beta2/namespaces/fraud/localqueues"
    assert http.get(path).status_code == 404
    http.post("/sandbox/extras", json={"kueue": True}).raise_for_status()
    assert http.get(path).json()["items"] == []
    groups = [one["name"] for one in http.get("/apis").json()["groups"]]
    assert "kueue.x-k8s.io" in groups


def test_a_review_follows_bindings_and_rules(http: httpx.Client) -> None:
    rbac = "/apis/rbac.authorization.k8s.io/v1"
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    apply(http, f"{rbac}/clusterroles/reader", "ClusterRole", rules=rules)
    ref, subjects = {"kind": "ClusterRole", "name": "reader"}, [{"kind": "Group", "name": "readers"}]
    apply(http, f"{rbac}/namespaces/fraud/rolebindings/r", "RoleBinding", roleRef=ref, subjects=subjects)

    def may(verb: str, namespace: str, group: str) -> bool:
        asked = {"namespace": namespace, "verb": verb, "group": "", "resource": "pods"}
        spec = {"user": "x", "groups": [group], "resourceAttributes": asked}
        answer = http.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", json={"spec": spec})
        return bool(answer.json()["status"]["allowed"])

    assert may("get", "fraud", "readers")
    assert not may("delete", "fraud", "readers")
    assert not may("get", "other", "readers")
    assert not may("get", "fraud", "strangers")


def test_a_service_account_token_is_verified_by_the_published_keys(http: httpx.Client) -> None:
    spec = {"audiences": ["https://purser.example.com"], "expirationSeconds": 600}
    path = f"{SPACE}/serviceaccounts/default/token"
    status = http.post(path, json={"spec": spec}).raise_for_status().json()["status"]
    config = http.get("/.well-known/openid-configuration").json()
    keys = jwt.PyJWKSet.from_dict(http.get(httpx.URL(config["jwks_uri"]).path).json())
    kid = jwt.get_unverified_header(status["token"])["kid"]
    options: Any = {"verify_exp": False, "verify_iat": False, "verify_nbf": False}
    claims = jwt.decode(
        status["token"], keys[kid].key, algorithms=["RS256"], audience="https://purser.example.com",
        issuer=config["issuer"], options=options,
    )  # fmt: skip
    assert claims["sub"] == "system:serviceaccount:fraud:default"
    assert claims["kubernetes.io"]["namespace"] == "fraud"
    assert claims["exp"] - claims["iat"] == 600
    assert http.post(f"{SPACE}/serviceaccounts/nobody/token", json={"spec": spec}).status_code == 404


def test_a_process_says_where_it_listens_and_takes_up_its_state_again(tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    command = [sys.executable, "-m", "portal.sandbox.kubernetes", "--port", "0", "--state", str(state)]
    with started([*command, "--extras", "kyverno"]) as http:
        apply(http, SPACE, "Namespace").raise_for_status()
    assert "key" in json.loads(state.read_text())
    with started(command) as http:
        assert http.get(SPACE).json()["metadata"]["name"] == "fraud"
        assert http.get("/sandbox/state").json()["extras"] == ["kyverno"]


@contextmanager
def started(command: list[str]) -> Iterator[httpx.Client]:
    """The stand-in as a process, stopped as a supervisor would."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - ourselves
        with httpx.Client(base_url=_address(process), trust_env=False) as http:
            yield http
        process.send_signal(signal.SIGTERM)


def _address(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("Kubernetes stand-in listening on http://")
    return line.split()[-1]
