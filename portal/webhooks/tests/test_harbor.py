"""Harbor's webhooks: each project speaks for itself only, each pull is written once, with the grant that allowed it."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from audit.pulls.models import Pull
from grants.catalogue.models import Image, Registry
from grants.connectors.harbor_pulls import header_for
from grants.directory.testing import make_person, make_project
from grants.lifecycle.models import Grant
from grants.lifecycle.testing import make_grant
from portal.webhooks.tasks import read_harbor_scan

pytestmark = pytest.mark.django_db
SECRET = "harbor-secret"
DIGEST = "sha256:" + "a" * 64
AT = datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1)


@pytest.fixture(autouse=True)
def harbor(monkeypatch):
    monkeypatch.setenv("HARBOR_WEBHOOK_SECRET", SECRET)
    return Registry.objects.create(
        key="harbor", name="Harbor", kind="harbor", host="harbor.example.com", service="harbor",
        api_url="https://harbor.example.com",
        options={"webhook_secret": "env:HARBOR_WEBHOOK_SECRET", "username": "robot$purser"},
    )  # fmt: skip


@pytest.fixture
def post(client):
    def call(body, *, header=None, project="lib", target="harbor"):
        given = header_for(SECRET, target="harbor", project=project) if header is None else header
        path, raw = f"/webhooks/harbor/{target}/", body if isinstance(body, str | bytes) else json.dumps(body)
        return client.post(path, raw, content_type="application/json", headers={"Authorization": given})

    return call


def pull(operator="robot$purser-person-1", *, kind="PULL_ARTIFACT", project="lib", tag="1.0", at=AT):
    data = {
        "resources": [{"digest": DIGEST, "tag": tag, "resource_url": "…"}],
        "repository": {"namespace": project, "name": "torch", "repo_full_name": f"{project}/torch"},
    }
    return {"type": kind, "occur_at": int(at.timestamp()), "operator": operator, "event_data": data}


def cloud_event(default, number):
    return {
        "specversion": "1.0", "id": f"event-{number}", "requestid": "r", "source": "/projects/1/webhook/policies/3",
        "type": "harbor.artifact.pulled", "datacontenttype": "application/json", "time": f"{AT:%Y-%m-%dT%H:%M:%SZ}",
        "operator": default["operator"], "data": default["event_data"],
    }  # fmt: skip


@pytest.fixture
def grant(harbor):
    image = Image.objects.create(registry=harbor, repository="lib/torch")
    return make_grant(members=[make_person("bob")], images=[image], starts=AT - timedelta(days=1))


def bobs_robot(grant):
    return f"robot$purser-person-{grant.members.get().person_id}"


def test_a_pull_is_written_once_however_often_it_is_told(post, grant):
    default = pull(bobs_robot(grant))
    said = [post(default).json(), post(default).json(), post(cloud_event(default, 1)).json()]
    said.append(post(cloud_event(default, 2)).json())
    assert said == [{"new": 1}, {"new": 0}, {"new": 0}, {"new": 0}]
    row = Pull.objects.get()
    assert (row.registry, row.action, row.counted, row.at) == ("harbor", "pull", True, AT)
    assert (row.repository, row.digest, row.tag) == ("lib/torch", DIGEST, "1.0")


def test_a_pull_by_a_persons_robot_is_the_persons_by_their_grant(post, grant):
    post(pull(bobs_robot(grant)))
    row, member = Pull.objects.get(), grant.members.get()
    assert (row.person, row.person_name) == (member.person.label, member.person.name)
    assert (row.grant, row.project, row.team) == (grant.label, grant.project.key, grant.project.team.key)


@pytest.mark.parametrize("cluster", ["", ".gpu-cluster"])
def test_a_pull_by_a_projects_robot_is_the_projects(post, grant, cluster):
    post(pull(f"robot$purser-project-{grant.project.key}{cluster}"))
    row = Pull.objects.get()
    assert (row.person, row.grant, row.project) == ("", grant.label, grant.project.key)


def test_a_pull_beside_what_was_granted_names_the_person_and_no_grant(post, grant):
    body = pull(bobs_robot(grant))
    body["event_data"]["repository"]["repo_full_name"] = "lib/other"
    post(body)
    row = Pull.objects.get()
    assert (row.person, row.grant) == (grant.members.get().person.label, "")


def test_a_pull_after_the_grant_was_over_rests_on_no_grant(post, grant):
    Grant.objects.update(ends=AT - timedelta(minutes=1))
    post(pull(bobs_robot(grant)))
    assert Pull.objects.get().grant == ""


@pytest.mark.parametrize("seconds", [0, 2**33, -8 * 86_400, 600], ids=["1970", "2242", "a week ago", "soon"])
def test_an_absurd_time_becomes_the_time_it_was_told(post, grant, seconds):
    body, before = pull(bobs_robot(grant)), datetime.now(UTC)
    absolute = seconds in (0, 2**33)
    body["occur_at"] = seconds if absolute else int(before.timestamp()) + seconds
    assert [post(body).json(), post(body).json()] == [{"new": 1}, {"new": 0}]
    row = Pull.objects.get()
    assert before <= row.at == row.received_at <= datetime.now(UTC)
    assert (row.grant, row.counted) == (grant.label, True)


@pytest.mark.parametrize(
    "operator", ["dora", "xpurser-person-1", "robot$purser-person-999999", "robot$ci-builder"]
)
def test_a_pull_by_somebody_else_is_kept_as_it_was_told(post, operator):
    post(pull(operator))
    row = Pull.objects.get()
    assert (row.actor, row.person, row.grant, row.counted) == (operator, "", "", True)


def test_a_projects_robot_without_a_grant_is_still_the_projects(post):
    project = make_project("anti-fraud-v2")
    post(pull(f"robot$purser-project-{project.key}"))
    assert (Pull.objects.get().project, Pull.objects.get().grant) == (project.key, "")


@pytest.mark.parametrize(
    "operator", ["robot$lib+scanner-Trivy-51fe4548-bbe5-11ed-9217-0242ac14000d", "robot$purser"]
)
def test_what_the_scanner_or_purser_itself_reads_is_kept_but_does_not_count(post, operator):
    post(pull(operator))
    assert Pull.objects.get().counted is False


def test_pulled_by_digest_there_is_no_tag(post):
    post(pull("dora", tag=DIGEST))
    assert (Pull.objects.get().tag, Pull.objects.get().digest) == ("", DIGEST)


def test_a_push_is_kept_and_is_no_pull(post):
    post(pull("dora", kind="PUSH_ARTIFACT"))
    assert (Pull.objects.get().action, Pull.objects.get().counted) == ("push", False)


def test_a_finished_scan_is_read_and_is_no_pull(post, monkeypatch, django_capture_on_commit_callbacks):
    heard = []
    monkeypatch.setattr(read_harbor_scan, "apply_async", lambda given, **_: heard.append(given))
    with django_capture_on_commit_callbacks(execute=True):
        assert post(pull(kind="SCANNING_COMPLETED")).json() == {"new": 0}
        assert post(pull(kind="QUOTA_WARNING")).json() == {"new": 0}
    assert heard == [["harbor", "lib/torch", DIGEST]]
    assert Pull.objects.count() == 0


@pytest.mark.parametrize(
    "header",
    ["", "Bearer x", "Purser lib:", "Purser lib:" + "0" * 64, "Purser :x", "\xff",
     header_for("wrong", target="harbor", project="lib"), header_for(SECRET, target="other", project="lib"),
     header_for("", target="harbor", project="lib")],
)  # fmt: skip
def test_nobody_without_a_projects_header_is_heard(post, header):
    assert post(pull(), header=header).status_code == 401
    assert Pull.objects.count() == 0


def test_a_project_is_believed_about_itself_only(post):
    assert post(pull(project="secret-project"), project="lib").json() == {"new": 0}
    assert Pull.objects.count() == 0


@pytest.mark.parametrize("kind", ["PULL_ARTIFACT", "SCANNING_COMPLETED"])
@pytest.mark.parametrize("repository", ["secret-project/model", "lib", "lib/", "library/torch", ""])
def test_a_project_that_names_itself_is_not_believed_about_repositories_of_others(
    post, grant, kind, repository, monkeypatch, django_capture_on_commit_callbacks
):
    heard = []
    monkeypatch.setattr(read_harbor_scan, "apply_async", lambda given, **_: heard.append(given))
    body = pull(bobs_robot(grant), kind=kind, project="lib")
    body["event_data"]["repository"]["repo_full_name"] = repository
    with django_capture_on_commit_callbacks(execute=True):
        assert post(body, project="lib").json() == {"new": 0}
    assert (heard, Pull.objects.count()) == ([], 0)


def test_both_secrets_are_taken_while_one_is_changed(post, monkeypatch):
    monkeypatch.setenv("HARBOR_WEBHOOK_SECRET", f"newer,{SECRET}")
    assert post(pull()).status_code == 202
    monkeypatch.setenv("HARBOR_WEBHOOK_SECRET", "newer")
    assert post(pull()).status_code == 401


def test_a_secret_that_is_not_there_opens_nothing(post, monkeypatch):
    monkeypatch.delenv("HARBOR_WEBHOOK_SECRET")
    assert post(pull()).status_code == 401
    Registry.objects.update(options={})
    assert post(pull(), header=header_for("", target="harbor", project="lib")).status_code == 401


@pytest.mark.parametrize(
    "body", ["", "[]", "{}", '{"event_data": {}}', '{"type": 1, "event_data": []}', "\x00"]
)
def test_what_cannot_be_read_is_refused(post, body):
    assert post(body).status_code == 400


def test_a_body_too_long_is_not_read(post):
    assert post("x" * 300_000).status_code == 413


def test_a_registry_of_another_kind_or_none_hears_nothing(post, harbor):
    assert post(pull(), target="elsewhere").status_code == 401
    Registry.objects.update(kind="distribution")
    assert post(pull()).status_code == 401
