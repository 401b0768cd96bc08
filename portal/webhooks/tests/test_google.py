"""Google's pushes: nobody but the subscription's account is heard, each pull is written once, with its grant."""

import base64
import json
import time
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from django.core.cache import cache

from audit.pulls.models import Pull
from grants.catalogue.models import Image, Registry
from grants.connectors.errors import Transient
from grants.directory.testing import make_person, make_project
from grants.lifecycle.testing import make_grant
from portal.webhooks import google

pytestmark = pytest.mark.django_db
ACCOUNT, AUDIENCE = "pusher@ml.iam.gserviceaccount.com", "https://purser.example.com/webhooks/google/google/"
OPTIONS = {"project": "ml", "location": "europe-west4", "group_domain": "example.com", "customer": "C1",
           "push_account": ACCOUNT}  # fmt: skip
DIGEST = "sha256:" + "a" * 64
AT = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)
KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
OTHER_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def certs(**keys):
    listed = [
        {
            **json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key())),
            "kid": kid,
            "alg": "RS256",
            "use": "sig",
        }
        for kid, key in keys.items()
    ]
    return {"keys": listed}


@pytest.fixture(autouse=True)
def asked(monkeypatch, settings):
    """The times Google was asked for its keys."""
    cache.clear()
    settings.BASE_URL = "https://purser.example.com"
    said = []
    monkeypatch.setattr(google, "read_certs", lambda url: said.append(url) or certs(k1=KEY))
    return said


@pytest.fixture(autouse=True)
def registry():
    return Registry.objects.create(
        key="google", name="Google", kind="google", host="europe-west4-docker.pkg.dev", service="google",
        api_url="https://europe-west4-docker.pkg.dev", options=OPTIONS,
    )  # fmt: skip


def token(*, key=KEY, kid="k1", algorithm="RS256", **changes):
    now = int(time.time())
    claims = {"iss": "https://accounts.google.com", "aud": AUDIENCE, "email": ACCOUNT, "email_verified": True,
              "iat": now, "exp": now + 3600, **changes}  # fmt: skip
    said = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(said, key, algorithm=algorithm, headers={"kid": kid})


def line(
    actor="bob@example.com",
    *,
    number=1,
    at=AT,
    method="Docker-GetManifest",
    reference="v1",
    location="europe-west4",
):
    return {
        "logName": "projects/ml/logs/cloudaudit.googleapis.com%2Fdata_access",
        "insertId": f"i{number}",
        "timestamp": at.isoformat(),
        "protoPayload": {
            "serviceName": "artifactregistry.googleapis.com",
            "methodName": method,
            "authenticationInfo": {"principalEmail": actor},
            "requestMetadata": {"callerIp": "gce-internal-ip", "callerSuppliedUserAgent": "containerd/1.7"},
            "resourceName": f"projects/ml/locations/{location}/repositories/fraud/dockerImages/scorer",
            "request": {"requestUrl": f"/v2/ml/fraud/scorer/manifests/{reference}"},
        },
    }


@pytest.fixture
def push(client):
    def call(entry=None, *, bearer=None, target="google", raw=None):
        data = base64.b64encode(json.dumps(entry or line()).encode()).decode()
        body = raw if raw is not None else json.dumps({"message": {"data": data, "messageId": "1"}})
        headers = {"Authorization": f"Bearer {token() if bearer is None else bearer}"}
        return client.post(
            f"/webhooks/google/{target}/", body, content_type="application/json", headers=headers
        )

    return call


@pytest.fixture
def grant(registry):
    image = Image.objects.create(registry=registry, repository="ml/fraud/scorer")
    return make_grant(
        project=make_project("anti-fraud"),
        members=[make_person("bob")],
        images=[image],
        starts=AT - timedelta(days=1),
    )


def test_a_pull_is_written_once_with_its_person_and_grant(push, grant, asked):
    said = [push(), push(), push(line(number=2, at=AT + timedelta(seconds=3)))]
    assert [(one.status_code, one.json()) for one in said] == [
        (202, {"new": 1}),
        (202, {"new": 0}),
        (202, {"new": 1}),
    ]
    first, again = Pull.objects.order_by("pk")
    bob = grant.members.get().person
    assert (first.person, first.person_name, first.grant, first.project) == (
        bob.label, bob.name, grant.label, "anti-fraud",
    )  # fmt: skip
    assert (first.at, first.repository, first.tag, first.address) == (
        AT,
        "ml/fraud/scorer",
        "v1",
        "gce-internal-ip",
    )
    assert (first.counted, again.counted) == (True, False)
    assert asked == ["https://www.googleapis.com/oauth2/v3/certs"]


def test_the_project_s_account_is_the_project_and_a_look_before_the_pull_does_not_count(push, grant):
    push(line("purser-anti-fraud-1a2b3c@ml.iam.gserviceaccount.com", method="Docker-HeadManifest"))
    row = Pull.objects.get()
    assert (row.person, row.grant, row.project, row.counted, row.method) == (
        "",
        grant.label,
        "anti-fraud",
        False,
        "HEAD",
    )


@pytest.mark.parametrize(
    "actor",
    [
        "node@ml.iam.gserviceaccount.com",
        "purser-anti-fraud-1a2b3c@other.iam.gserviceaccount.com",
        "x@y.z",
        "",
    ],
)
def test_somebody_else_s_pull_is_kept_as_it_was_told(push, grant, actor):
    push(line(actor, reference=DIGEST))
    row = Pull.objects.get()
    assert (row.actor, row.person, row.grant, row.digest, row.counted) == (actor, "", "", DIGEST, True)


def test_a_pull_of_before_the_end_is_by_the_grant_that_has_ended_since(push, grant):
    type(grant).objects.update(
        status="revoking",
        end_reason="revoked",
        revoking_since=AT + timedelta(minutes=1),
        ends=AT + timedelta(days=1),
    )
    push()
    push(line(number=2, at=AT + timedelta(minutes=30)))
    assert list(Pull.objects.order_by("pk").values_list("grant", flat=True)) == [grant.label, ""]


def test_pulls_of_another_location_or_line_are_nobody_s_here(push, grant):
    assert push(line(location="us-east1")).json() == {"new": 0}
    assert push(line(method="Docker-ServeBlob")).json() == {"new": 0}


@pytest.mark.parametrize(
    "changes",
    [{"aud": "https://elsewhere.example.com/"}, {"aud": None}, {"aud": [AUDIENCE]}, {"email": "other@ml.iam"},
     {"email": None}, {"email_verified": False}, {"email_verified": "true"}, {"iss": "https://evil.example"},
     {"exp": int(time.time()) - 90}, {"exp": None}, {"iat": int(time.time()) + 86_400}, {"iat": True},
     {"key": OTHER_KEY}, {"kid": "k2"}, {"key": "x" * 40, "algorithm": "HS256"}],
)  # fmt: skip
def test_nobody_but_the_account_of_the_subscription_is_heard(push, changes):
    assert push(bearer=token(**changes)).status_code == 401
    assert Pull.objects.count() == 0


@pytest.mark.parametrize("bearer", ["", "x", "a.b.c", "e30.e30.", "\xff.e30.e30", "x" * 5000])
def test_what_is_no_token_is_refused(push, bearer):
    assert push(bearer=bearer).status_code == 401


def test_without_the_account_s_name_or_a_registry_of_google_nobody_is_heard(push, registry):
    assert push(target="elsewhere").status_code == 401
    Registry.objects.update(options={**OPTIONS, "push_account": ""})
    assert push(bearer=token(email="")).status_code == 401


def test_strangers_cost_no_look_at_google_and_unknown_keys_one_a_minute(push, asked):
    for _ in range(5):
        assert push(bearer=token(kid="k2", aud="x")).status_code == 401
    assert push().status_code == 202
    for _ in range(5):
        assert push(bearer=token(kid="k2")).status_code == 401
    assert len(asked) == 1


def test_a_new_key_is_read_and_pushes_wait_while_google_is_silent(push, monkeypatch):
    def silent(url):
        raise Transient("The cluster could not be reached.")

    monkeypatch.setattr(google, "read_certs", silent)
    assert [push().status_code, push().status_code] == [503, 503]
    cache.clear()
    monkeypatch.setattr(google, "read_certs", lambda url: certs(k1=KEY, k2=OTHER_KEY))
    assert push(bearer=token(kid="k2", key=OTHER_KEY)).status_code == 202


def test_a_registry_may_say_another_audience(push):
    Registry.objects.update(options={**OPTIONS, "push_audience": "purser"})
    assert [push().status_code, push(bearer=token(aud="purser")).status_code] == [401, 202]


@pytest.mark.parametrize("raw", ["", "[]", "{}", '{"message": {"data": "%%"}}', "x" * 300_000])
def test_what_nobody_can_read_is_taken_so_that_it_is_not_sent_for_ever(push, raw):
    answer = push(raw=raw)
    assert (answer.status_code, answer.json()["new"], Pull.objects.count()) == (202, 0, 0)
