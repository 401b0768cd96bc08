"""The stand-in speaks REST to the real python-jira client and to our JiraClient, in both flavours."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from jira import JIRA, JIRAError

from grants.connectors.errors import ConnectorError, Malformed, NotFound, Permanent, Refused, Transient
from grants.connectors.jira import JiraAuth, JiraClient
from portal.sandbox.tests.jira_process import Standin, running_standin

pytestmark = pytest.mark.enable_loopback
TOKEN = "the-jira-token"
AUTH = {"cloud": JiraAuth(TOKEN, email="bot@example.test"), "datacenter": JiraAuth(TOKEN)}
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module", params=["cloud", "datacenter"])
def flavour(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def process(flavour: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standin]:
    state = tmp_path_factory.mktemp("jira") / "state.json"
    with running_standin(state, "--flavour", flavour, "--token", TOKEN) as running:
        yield running


@pytest.fixture
def standin(process: Standin) -> Standin:
    process.control()
    return process


@pytest.fixture
def client(standin: Standin, flavour: str) -> Iterator[JiraClient]:
    made = JiraClient(standin.url, AUTH[flavour], timeout=5)
    yield made
    made.close()


@pytest.fixture
def library(standin: Standin, flavour: str) -> Iterator[JIRA]:
    signed = {"basic_auth": ("bot@example.test", TOKEN)} if flavour == "cloud" else {"token_auth": TOKEN}
    made = JIRA(standin.url, max_retries=0, timeout=5, **signed)
    yield made
    made.close()


def test_the_flavour_is_the_one_asked_for(client: JiraClient, flavour: str) -> None:
    assert client.is_cloud() is (flavour == "cloud")


def test_an_issue_is_read_by_key_and_by_id(client: JiraClient, standin: Standin) -> None:
    key = standin.seed("Card fraud", status="In Progress", project_name="Anti-fraud")
    issue = client.issue(key)
    assert (issue.key, issue.summary, issue.project_key) == (key, "Card fraud", "FRAUD")
    assert (issue.status_name, issue.status_category) == ("In Progress", "indeterminate")
    assert issue.updated is not None
    assert abs(datetime.now(UTC) - issue.updated) < timedelta(minutes=1)
    assert client.issue(issue.id) == issue


def test_done_is_a_category_whatever_the_status_is_called(
    client: JiraClient, library: JIRA, standin: Standin
) -> None:
    key = standin.seed()
    before = client.issue(key)
    library.transition_issue(key, "已关闭")
    after = client.issue(key)
    assert (before.status_category, after.status_category, after.status_name) == ("new", "done", "已关闭")
    assert before.category_changed_at is not None
    assert after.category_changed_at is not None
    assert after.category_changed_at > before.category_changed_at


def test_the_library_does_what_it_does_with_a_real_jira(library: JIRA, flavour: str) -> None:
    project = library.projects()[0]
    issue = library.create_issue(project=project.key, summary="Made by the library", issuetype="Task")
    assert issue.fields.status.statusCategory.key == "new"
    assert {each["name"] for each in library.transitions(issue)} >= {"To Do", "In Progress", "Done"}
    library.transition_issue(issue, "Done")
    assert library.issue(issue.key).fields.resolution.name == "Done"
    assert {each.key for each in library.statuscategories()} == {"undefined", "new", "indeterminate", "done"}
    assert ("accountId" in library.myself()) is (flavour == "cloud")
    assert [each.key for each in library.search_issues(f"key = {issue.key}")] == [issue.key]
    issue.delete()
    with pytest.raises(JIRAError) as caught:
        library.issue(issue.key)
    assert caught.value.status_code == 404


def test_the_old_search_is_gone_on_cloud_and_alone_on_data_center(standin: Standin, flavour: str) -> None:
    auth = ("bot@example.test", TOKEN)
    old = standin.http.get("/rest/api/2/search", params={"jql": "project = FRAUD"}, auth=auth)
    new = standin.http.get("/rest/api/2/search/jql", params={"jql": "project = FRAUD"}, auth=auth)
    v3 = standin.http.get("/rest/api/3/myself", auth=auth)
    expected = (410, 200, 200) if flavour == "cloud" else (200, 404, 404)
    assert (old.status_code, new.status_code, v3.status_code) == expected


def test_cloud_search_returns_only_ids_unless_asked_and_refuses_the_unbounded(
    standin: Standin, flavour: str
) -> None:
    if flavour != "cloud":
        pytest.skip("Cloud only")
    standin.seed()
    auth = ("bot@example.test", TOKEN)
    bare = standin.http.get("/rest/api/3/search/jql", params={"jql": "project = FRAUD"}, auth=auth).json()
    assert set(bare["issues"][0]) == {"id"}
    unbounded = standin.http.get("/rest/api/3/search/jql", params={"jql": "order by created"}, auth=auth)
    assert unbounded.status_code == 400
    stale = {"jql": "project = FRAUD", "nextPageToken": "bm9uc2Vuc2U="}
    assert standin.http.get("/rest/api/3/search/jql", params=stale, auth=auth).status_code == 400


def test_changes_are_found_over_several_pages(client: JiraClient, standin: Standin) -> None:
    issues = [{"summary": f"Task {number}", "project": "MANY"} for number in range(230)]
    made = standin.http.post("/sandbox/issues", json={"issues": issues}).json()["issues"]
    now = datetime.now(UTC)
    found = client.changed_since(now - HOUR, now=now, projects=["MANY"])
    assert [issue.key for issue in found] == [each["key"] for each in made]


def test_unknown_keys_and_projects_are_left_out_of_the_changes(client: JiraClient, standin: Standin) -> None:
    key = standin.seed(project="KNOWN")
    issue = client.issue(key)
    now = datetime.now(UTC)
    by_key = client.changed_since(now - HOUR, now=now, keys=[issue.id, "KNOWN-999", "GONE-1", 'x" OR 1=1'])
    by_project = client.changed_since(now - HOUR, now=now, projects=["NOWHERE", "KNOWN"])
    both = client.changed_since(now - HOUR, now=now, keys=[key], projects=["KNOWN"])
    assert (
        [each.key for each in by_key]
        == [each.key for each in by_project]
        == [each.key for each in both]
        == [key]
    )
    assert client.changed_since(now - HOUR, now=now, projects=["NOWHERE"]) == []
    assert client.changed_since(now - HOUR, now=now) == []


def test_old_changes_are_not_found(client: JiraClient, standin: Standin) -> None:
    key = standin.seed()
    later = datetime.now(UTC) + timedelta(days=1)
    assert client.changed_since(later - HOUR, now=later, keys=[key]) == []


def test_a_project_is_read_and_says_when_it_is_archived(client: JiraClient, standin: Standin) -> None:
    standin.seed(project="SHELF", project_name="On the shelf")
    before = client.project("SHELF")
    assert (before.key, before.name, before.archived) == ("SHELF", "On the shelf", False)
    assert client.project(before.id) == before
    standin.http.post("/sandbox/projects/SHELF/archive")
    assert client.project("SHELF").archived is True
    standin.http.post("/sandbox/projects/SHELF/delete")
    with pytest.raises(NotFound):
        client.project("SHELF")


@pytest.mark.parametrize("key", ["FRAUD-99999", "nonsense", "../../serverInfo", ""])
def test_an_unknown_issue_is_not_found(client: JiraClient, key: str) -> None:
    with pytest.raises(NotFound):
        client.issue(key)


@pytest.mark.parametrize("auth", [JiraAuth("wrong", email="bot@example.test"), JiraAuth("wrong")])
def test_wrong_credentials_are_refused_and_never_shown(standin: Standin, auth: JiraAuth) -> None:
    client = JiraClient(standin.url, auth, timeout=5)
    with pytest.raises(Refused) as caught:
        client.issue("FRAUD-1")
    assert "wrong" not in str(caught.value) + repr(auth)
    assert standin.http.get("/rest/api/2/myself").status_code == 401


@pytest.mark.parametrize(
    ("fault", "kind", "retry_after"),
    [
        ({"kind": "429", "retry_after": 7}, Transient, 7.0),
        ({"kind": "503", "retry_after": 3}, Transient, 3.0),
        ({"kind": "500"}, Transient, None),
        ({"kind": "html"}, Malformed, None),
    ],
)
def test_a_fault_becomes_a_kind_at_once(
    client: JiraClient,
    standin: Standin,
    fault: dict[str, object],
    kind: type[ConnectorError],
    retry_after: float | None,
) -> None:
    key = standin.seed()
    client.is_cloud()
    standin.control(faults=[{**fault, "path": "/rest/", "times": 1}])
    started = datetime.now(UTC)
    with pytest.raises(ConnectorError) as caught:
        client.issue(key)
    assert type(caught.value) is kind
    assert caught.value.retry_after == retry_after
    assert TOKEN not in str(caught.value)
    assert "\n" not in str(caught.value)
    assert datetime.now(UTC) - started < timedelta(seconds=2)
    assert client.issue(key).key == key


def test_a_slow_jira_is_given_up_in_time(standin: Standin, flavour: str) -> None:
    client = JiraClient(standin.url, AUTH[flavour], timeout=0.3)
    standin.control(faults=[{"kind": "slow", "seconds": 3, "path": "/rest/", "times": 1}])
    with pytest.raises(Transient, match="did not answer"):
        client.is_cloud()


def test_faults_of_one_seed_are_the_same_faults(standin: Standin) -> None:
    def round_of_calls() -> list[int]:
        standin.control(seed=7, faults=[{"kind": "500", "path": "/rest/", "rate": 0.5}])
        return [standin.http.get("/rest/api/2/serverInfo").status_code for _ in range(20)]

    first = round_of_calls()
    assert first == round_of_calls()
    assert set(first) == {200, 500}


def test_nobody_there_is_transient_and_a_bad_address_permanent() -> None:
    with pytest.raises(Transient):
        JiraClient("http://127.0.0.1:9", AUTH["cloud"], timeout=1).issue("A-1")
    with pytest.raises(Permanent):
        JiraClient("nonsense", AUTH["cloud"], timeout=1).issue("A-1")


def test_the_state_outlives_the_process(tmp_path: Path) -> None:
    state = tmp_path / "jira.json"
    with running_standin(state) as first:
        key = first.seed("Kept")
        first.press(key)
    with running_standin(state) as second:
        client = JiraClient(second.url, AUTH["cloud"], timeout=5)
        assert (client.issue(key).summary, client.issue(key).status_category) == ("Kept", "done")
        assert second.seed(key=key) == key
        assert second.seed() == "FRAUD-2"
