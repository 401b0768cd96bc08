"""Reading Artifact Registry into the catalogue, and pulls out of the audit logs."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from grants.connectors.errors import Malformed, NotFound
from grants.connectors.google_clients import GoogleClients
from grants.connectors.google_pulls import GooglePull, read_entry, read_push
from grants.connectors.google_reader import GoogleReader
from grants.connectors.tests.google_case import IMAGES, OPTIONS, google

DIGEST = f"sha256:{0:064x}"
SAMPLE: dict[str, Any] = {
    "insertId": "1f2e3d4c5b",
    "logName": "projects/models/logs/cloudaudit.googleapis.com%2Fdata_access",
    "timestamp": "2026-11-02T09:15:27.483920Z",
    "receiveTimestamp": "2026-11-02T09:15:28.101Z",
    "severity": "INFO",
    "resource": {
        "type": "audited_resource",
        "labels": {
            "project_id": "models",
            "service": "artifactregistry.googleapis.com",
            "method": "Docker-GetManifest",
        },
    },
    "protoPayload": {
        "@type": "type.googleapis.com/google.cloud.audit.AuditLog",
        "serviceName": "artifactregistry.googleapis.com",
        "methodName": "Docker-GetManifest",
        "authenticationInfo": {
            "principalEmail": "purser-anti-fraud-v2-1a2b3c@models.iam.gserviceaccount.com"
        },
        "requestMetadata": {"callerIp": "gce-internal-ip", "callerSuppliedUserAgent": "containerd/v1.7.1"},
        "authorizationInfo": [
            {
                "resource": "projects/models/locations/europe-west1/repositories/fraud",
                "permission": "artifactregistry.repositories.downloadArtifacts",
                "granted": True,
                "permissionType": "DATA_READ",
            }
        ],
        "resourceName": "projects/models/locations/europe-west1/repositories/fraud/dockerImages/team%2Fscorer",
        "resourceLocation": {"currentLocations": ["europe-west1"]},
        "request": {
            "@type": "type.googleapis.com/google.logging.type.HttpRequest",
            "requestMethod": "GET",
            "requestUrl": "/v2/models/fraud/team/scorer/manifests/v1",
        },
    },
}


def changed(**payload: Any) -> dict[str, Any]:
    return {**SAMPLE, "protoPayload": {**SAMPLE["protoPayload"], **payload}}


def url(reference: str, path: str = "models/fraud/team/scorer") -> dict[str, Any]:
    return changed(request={"requestUrl": f"/v2/{path}/manifests/{reference}"})


def test_a_pull_by_tag_is_read_whole() -> None:
    found = read_entry(SAMPLE)
    assert found is not None
    assert found.model_dump(exclude={"id"}) == {
        "at": datetime(2026, 11, 2, 9, 15, 27, 483920, tzinfo=UTC),
        "method": "GET",
        "actor": "purser-anti-fraud-v2-1a2b3c@models.iam.gserviceaccount.com",
        "repository": "models/fraud/team/scorer",
        "digest": "",
        "tag": "v1",
        "address": "gce-internal-ip",
        "user_agent": "containerd/v1.7.1",
        "project": "models",
        "location": "europe-west1",
    }
    assert len(found.id) <= 80


def read(document: dict[str, Any], **fields: str) -> GooglePull:
    found = read_entry(document, **fields)
    assert found is not None
    return found


def test_a_pull_by_digest_has_no_tag() -> None:
    assert (read(url(DIGEST)).digest, read(url(DIGEST)).tag) == (DIGEST, "")


def test_a_look_before_the_pull_is_a_head() -> None:
    assert read(changed(methodName="Docker-HeadManifest")).method == "HEAD"


@pytest.mark.parametrize(
    "payload",
    [
        {"status": {"code": 7, "message": "denied"}},
        {"status": {"code": 5}},
        {"methodName": "Docker-ServeBlob"},
        {"methodName": "Docker-HeadBlob"},
        {"serviceName": "storage.googleapis.com"},
    ],
)
def test_what_is_no_pull_is_left_out(payload: dict[str, Any]) -> None:
    assert read_entry(changed(**payload)) is None


def test_without_an_address_the_subject_is_the_actor() -> None:
    subject = "principal://iam.googleapis.com/locations/global/workforcePools/p/subject/Alice"
    assert read(changed(authenticationInfo={"principalSubject": subject})).actor == subject


def test_without_a_url_the_resource_names_the_image() -> None:
    found = read(changed(request={}))
    assert (found.repository, found.tag, found.digest) == ("models/fraud/team/scorer", "", "")


def test_an_old_hosts_pull_is_named_as_the_catalogue_does() -> None:
    assert read(url("v1", "models/gcr.io/scorer"), host="gcr.io").repository == "models/scorer"


def test_copies_of_a_line_are_one_pull_and_others_are_not() -> None:
    again = {**SAMPLE, "receiveTimestamp": "2026-11-03T00:00:00Z"}
    assert read(SAMPLE).id == read(again).id
    assert read(SAMPLE).id != read({**SAMPLE, "insertId": "2"}).id


def test_a_push_of_pubsub_carries_the_same_line() -> None:
    data = base64.b64encode(json.dumps(SAMPLE).encode()).decode()
    body = json.dumps({"message": {"data": data, "messageId": "1"}, "subscription": "s"}).encode()
    assert read_push(body) == read_push(json.dumps(SAMPLE).encode()) == read_entry(SAMPLE)


@pytest.mark.parametrize(
    "raw",
    [b"", b"[]", b"{", b'{"message": {"data": "%%"}}', b'{"message": {"data": 5}}', b'{"insertId": "1"}',
     b"x" * 300_000, json.dumps({**SAMPLE, "timestamp": "2026-11-02T09:15:27"}).encode()],
)  # fmt: skip
def test_what_cannot_be_read_is_said(raw: bytes) -> None:
    with pytest.raises(Malformed):
        read_push(raw)


@pytest.mark.enable_loopback
def test_a_location_is_read_image_by_image() -> None:
    with google() as there:
        there.state.add_image(f"{PLACE_OF_FRAUD}", "team/deep", digest=f"sha256:{9:064x}", tags=[], size=77)
        reader = GoogleReader(GoogleClients(endpoints=there.endpoints, timeout=1.0), OPTIONS)
        assert reader.repositories() == sorted([*IMAGES, "models/fraud/team/deep"])
        assert reader.tags(IMAGES[0]) == ["latest", "v1"]
        assert reader.tags("models/fraud/team/deep") == []
        assert reader.head_manifest(IMAGES[0], "latest") == DIGEST
        manifest = reader.manifest(IMAGES[0], DIGEST)
        assert (manifest.digest, manifest.size, manifest.labels) == (DIGEST, 1000, ())
        for unknown in (IMAGES[0], "models/fraud/nothing"):
            with pytest.raises(NotFound):
                reader.head_manifest(unknown, "v9")


@pytest.mark.enable_loopback
def test_an_old_host_is_read_from_its_own_repository() -> None:
    with google() as there:
        there.state.add_repository("projects/models/locations/us/repositories/gcr.io")
        there.state.add_image(
            "projects/models/locations/us/repositories/gcr.io", "scorer", digest=DIGEST, tags=["v1"]
        )
        options = replace(OPTIONS, host="gcr.io")
        reader = GoogleReader(GoogleClients(endpoints=there.endpoints, timeout=1.0), options)
        assert reader.repositories() == ["models/scorer"]


PLACE_OF_FRAUD = "projects/models/locations/europe-west1/repositories/fraud"
