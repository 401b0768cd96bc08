"""Harbor: least rights, days, tokens that outlive their robot, credentials shown once, and strangers left alone."""

import base64
import logging
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grants.connectors.base import Change, Entry, Place, Scope
from grants.connectors.errors import NotYet, Permanent, Refused
from grants.connectors.harbor import HarborConnector
from grants.connectors.harbor_documents import rights_of
from grants.connectors.harbor_layout import HarborLayout
from grants.connectors.harbor_names import DAY, Mark, days_until, end_seen, moment, read_mark
from grants.connectors.harbor_reader import HarborReader, harbor_tokens
from grants.connectors.harbor_wire import HarborWire
from grants.connectors.registry import RegistryClient
from grants.connectors.tests.contract import ALICE, NOW, TARGET, Case, holding
from grants.connectors.tests.harbor_world import world as made_world
from portal.sandbox.faults import Schedule
from portal.sandbox.harbor.artifacts import add_image
from portal.sandbox.harbor.seeding import IMAGES
from portal.sandbox.images import build_image

ENDS = NOW + timedelta(days=90)
LIB, TEAM = "ml-library", "ml-team"


@pytest.fixture
def world():
    with made_world(timeout=5.0) as made:
        yield made


def entry_for(world, kind, key, **fields):
    case = Case(None, world.layout, Schedule(), IMAGES, bool, print, list)
    wanted = holding(case, images=IMAGES[:1], holders=(ALICE,), **fields)
    return world.layout.entry(Place(kind, key), [wanted])


def person(world, **fields):
    return entry_for(world, "member", "person:1", **fields)


def apply(world, entry):
    return world.connector.apply(Change("apply", entry))


def remove(world, entry):
    return world.connector.remove(Change("remove", entry))


def token_for(world, username, secret, scope=f"repository:{IMAGES[0]}:pull"):
    """What `docker pull` does first; the token, or None when nobody may have one."""
    answer = httpx.get(
        f"{world.address}/service/token",
        params={"service": "harbor-registry", "scope": scope},
        auth=(username, secret),
    )
    return answer.json()["token"] if answer.status_code == 200 else None


def pulls(world, token, repository=IMAGES[0]):
    path = f"{world.address}/v2/{repository}/manifests/latest"
    return httpx.get(path, headers={"Authorization": f"Bearer {token}"}).status_code


@pytest.mark.parametrize(
    ("role", "rights"),
    [
        ("viewer", {("repository", "pull")}),
        ("developer", {("repository", "pull"), ("repository", "push")}),
        (
            "admin",
            {
                ("repository", "pull"),
                ("repository", "push"),
                ("repository", "delete"),
                ("artifact", "delete"),
            },
        ),
    ],
)
@pytest.mark.enable_loopback
def test_a_robot_has_the_rights_of_the_role_and_none_beside(world, role, rights):
    entry = person(world, role=role)
    apply(world, entry)
    robot = world.robot(entry)
    assert rights_of(entry) == {(LIB, resource, verb) for resource, verb in rights}
    given = {(p["namespace"], a["resource"], a["action"]) for p in robot["permissions"] for a in p["access"]}
    assert given == rights_of(entry)
    assert {p["kind"] for p in robot["permissions"]} == {"project"}
    assert (robot["name"], robot["level"]) == ("robot$purser-person-1", "system")


@pytest.mark.enable_loopback
def test_workloads_only_pull_whatever_the_people_may(world):
    entry = entry_for(world, "robot", "anti-fraud-v2", role="admin")
    apply(world, entry)
    assert rights_of(entry) == {(LIB, "repository", "pull")}
    assert world.robot(entry)["name"] == "robot$purser-project-anti-fraud-v2"


@pytest.mark.enable_loopback
def test_a_robot_ends_by_itself_on_the_day_of_the_last_grant(world):
    world.wait(3600)
    outcome = apply(world, person(world))
    assert ENDS <= outcome.ends_itself_at < ENDS + DAY
    world.wait((outcome.ends_itself_at - world.now()).total_seconds())
    assert token_for(world, "robot$purser-person-1", world.robot(person(world))["secret"]) is None


@pytest.mark.enable_loopback
def test_extending_counts_the_days_from_the_making(world):
    apply(world, person(world))
    world.wait(10 * 86_400)
    outcome = apply(world, person(world, ends=ENDS + timedelta(days=30)))
    assert world.robot(person(world))["duration"] == 120
    assert outcome.ends_itself_at == ENDS + timedelta(days=30)
    assert outcome.proven


@pytest.mark.enable_loopback
@pytest.mark.parametrize(
    "change",
    [
        {"duration": -1, "expires_at": -1},
        {"duration": 3000, "expires_at": int((NOW + 3000 * DAY).timestamp())},
        {"disable": True},
    ],
)
def test_an_expiry_or_state_changed_by_hand_is_seen_and_mended(world, change):
    entry = person(world)
    apply(world, entry)
    robot = world.robot(entry)
    world.harbor.state.robots[robot["id"]] = {**robot, **change}
    assert [one.attributes for one in world.connector.observe(Scope(TARGET, (entry,)))] != [entry.attributes]
    assert apply(world, entry).proven
    assert world.robot(entry)["duration"] == 90
    assert world.robot(entry)["disable"] is False


@pytest.mark.enable_loopback
def test_rights_added_by_hand_are_taken_back(world):
    entry = person(world)
    apply(world, entry)
    robot = world.robot(entry)
    more = [*robot["permissions"], {"kind": "project", "namespace": TEAM,
            "access": [{"resource": "repository", "action": "push", "effect": "allow"}]}]  # fmt: skip
    world.harbor.state.robots[robot["id"]] = {**robot, "permissions": more}
    assert apply(world, entry).proven is False
    world.wait(32 * 60)
    assert apply(world, entry).proven is True
    assert world.truth(entry)


@pytest.mark.enable_loopback
def test_a_removal_is_proven_only_when_the_last_token_has_run_out(world):
    entry = person(world)
    apply(world, entry)
    credential = world.connector.credential(entry)
    token = token_for(world, credential.username, credential.secret)
    assert pulls(world, token) == 200
    with pytest.raises(NotYet) as caught:
        remove(world, entry)
    assert token_for(world, credential.username, credential.secret) is None
    assert pulls(world, token) == 200
    assert 30 * 60 <= caught.value.retry_after <= 32 * 60
    world.wait(caught.value.retry_after - 5)
    with pytest.raises(NotYet):
        remove(world, entry)
    world.wait(10)
    assert remove(world, entry).proven is True
    assert pulls(world, token) == 401
    assert world.robot(entry) is None


@pytest.mark.enable_loopback
def test_whoever_comes_after_a_crash_knows_how_far_the_removal_is(world):
    entry = person(world)
    apply(world, entry)
    with pytest.raises(NotYet) as first:
        remove(world, entry)
    world.wait(600)
    wire = HarborWire(world.address, user="admin", secret=world.harbor.secret)
    with HarborConnector(wire, world.settings) as other, pytest.raises(NotYet) as second:
        other.remove(Change("remove", entry))
    assert first.value.retry_after - second.value.retry_after == pytest.approx(600, abs=2)


@pytest.mark.enable_loopback
def test_a_grant_that_comes_during_the_removal_takes_the_robot_over(world):
    entry = person(world)
    apply(world, entry)
    with pytest.raises(NotYet):
        remove(world, entry)
    assert apply(world, entry).proven is True
    assert world.truth(entry)


@pytest.mark.enable_loopback
def test_what_is_taken_from_a_robot_that_stays_is_proven_when_its_tokens_have_run_out(world):
    wide = person(world, role="developer")
    apply(world, wide)
    narrow = person(world)
    outcome = apply(world, narrow)
    assert (outcome.changed, outcome.proven) == (True, False)
    assert "Tokens made before" in outcome.detail
    world.wait(32 * 60)
    assert apply(world, narrow).proven is True


@pytest.mark.enable_loopback
def test_the_token_time_of_this_harbor_counts(world):
    world.harbor.state.configuration["token_expiration"] = 120
    entry = person(world)
    apply(world, entry)
    with pytest.raises(NotYet) as caught:
        remove(world, entry)
    assert caught.value.retry_after > 119 * 60


@pytest.mark.enable_loopback
def test_a_credential_replaces_the_one_before_and_hides_its_secret(world):
    entry = person(world)
    apply(world, entry)
    first, second = world.connector.credential(entry), world.connector.credential(entry)
    assert token_for(world, first.username, first.secret) is None
    assert pulls(world, token_for(world, second.username, second.secret)) == 200
    assert second.secret not in repr(second)
    assert second.expires == ENDS


@pytest.mark.enable_loopback
def test_nobody_gets_a_credential_of_an_access_that_is_not_in_force(world):
    entry = person(world)
    with pytest.raises(Permanent, match="no robot in force"):
        world.connector.credential(entry)
    apply(world, entry)
    with pytest.raises(NotYet):
        remove(world, entry)
    with pytest.raises(Permanent, match="no robot in force"):
        world.connector.credential(entry)
    with pytest.raises(Permanent, match="people and workloads"):
        world.connector.credential(Entry(TARGET, "image", IMAGES[0]))


@pytest.mark.enable_loopback
def test_a_robot_with_our_name_and_not_our_mark_is_never_touched(world):
    entry = person(world)
    apply(world, entry)
    robot = world.robot(entry)
    for theirs in ("by hand", "purser:another:member:person:1"):
        world.harbor.state.robots[robot["id"]] = strange = {**robot, "description": theirs}
        with pytest.raises(Permanent, match="did not make"):
            apply(world, entry)
        with pytest.raises(Permanent, match="without Purser's mark"):  # it may be ours: then nothing ended
            remove(world, entry)
        assert world.harbor.state.robots[robot["id"]] == strange
        world.harbor.state.robots[robot["id"]] = {**strange, "disable": True}
        outcome = remove(world, entry)
        assert (outcome.changed, outcome.proven) == (False, True)


@pytest.mark.enable_loopback
def test_a_project_harbor_does_not_have_is_said_plainly(world):
    entry = world.layout.entry(
        Place("member", "person:1"), [replace(_plain(), images=("nowhere/torch",), holders=(ALICE,))]
    )
    with pytest.raises(Permanent, match="lacks one of these projects: nowhere"):
        apply(world, entry)


@pytest.mark.enable_loopback
def test_strangers_in_our_projects_are_reported(world):
    apply(world, person(world))
    apply(world, entry_for(world, "image", IMAGES[0]))
    found = {entry.key for entry in world.connector.foreign(Scope(TARGET))}
    robots = {"robot$purser-lookalike", "robot$ci-builder", f"robot${LIB}+builder"}
    assert found == robots | {f"{LIB}/dora", f"{LIB}/ml-readers"}


@pytest.mark.enable_loopback
def test_a_project_named_like_a_number_is_that_project(world):
    number = str(next(iter(world.harbor.state.projects)))
    image = build_image([{"README": b"x"}], created=NOW)
    add_image(world.harbor.state, f"{number}/torch", ["1.0"], image)
    wanted = replace(_plain(), images=(f"{number}/torch",), holders=(ALICE,))
    entry = world.layout.entry(Place("image", f"{number}/torch"), [wanted])
    assert apply(world, entry).proven
    project = next(row for row in world.harbor.state.projects.values() if row["name"] == number)
    assert [row["project_id"] for row in world.harbor.state.policies.values()][-1] == project["project_id"]


@pytest.mark.enable_loopback
def test_a_group_somebody_else_put_in_is_used_but_never_changed(world):
    layout = HarborLayout(TARGET, groups="ml-readers")
    image = Place("image", IMAGES[0])
    viewer = layout.entry(image, [replace(_plain(), images=IMAGES[:1])])
    before = world.foreign()
    assert apply(world, viewer).proven is True
    with pytest.raises(Permanent, match="less than is wanted"):
        apply(world, layout.entry(image, [replace(_plain(), images=IMAGES[:1], role="admin")]))
    assert remove(world, viewer).proven is True
    assert world.foreign() == before


@pytest.mark.enable_loopback
def test_a_webhook_with_our_name_and_not_our_mark_is_never_touched(world):
    entry = entry_for(world, "image", IMAGES[0])
    world.harbor.state.policies[999] = strange = {**world.harbor.state.policies[999], "name": "purser-pulls"}
    with pytest.raises(Permanent, match="did not make"):
        apply(world, entry)
    assert remove(world, entry).changed is False
    assert world.harbor.state.policies == {999: strange}


@pytest.mark.enable_loopback
@pytest.mark.parametrize("change", [{"enabled": False}, {"event_types": ["PUSH_ARTIFACT"]}, {"targets": []}])
def test_a_webhook_changed_by_hand_is_seen_and_mended(world, change):
    entry = entry_for(world, "image", IMAGES[0])
    apply(world, entry)
    number = max(world.harbor.state.policies, key=lambda key: (key != 999, key))
    whole = world.harbor.state.policies[number]
    world.harbor.state.policies[number] = {**whole, **change}
    (seen,) = world.connector.observe(Scope(TARGET, (entry,)))
    assert seen.first("webhook") == "changed"
    assert apply(world, entry).proven
    assert world.harbor.state.policies[number] == whole


@pytest.mark.enable_loopback
def test_each_project_gets_a_header_of_its_own(world):
    for name in (IMAGES[0], IMAGES[3]):
        case = Case(None, world.layout, Schedule(), (name,), bool, print, list)
        apply(world, world.layout.entry(Place("image", name), [holding(case, images=(name,), holders=())]))
    headers = {
        row["targets"][0]["auth_header"] for row in world.harbor.state.policies.values() if row["id"] != 999
    }
    assert len(headers) == 2
    assert not any(world.settings.webhook_secret in header for header in headers)


@pytest.mark.enable_loopback
def test_no_secret_shows_in_errors_logs_or_entries(world, caplog):
    caplog.set_level(logging.DEBUG)
    entry = person(world)
    apply(world, entry)
    secret = world.connector.credential(entry).secret
    wire = HarborWire(world.address, user="admin", secret="wrong-password")
    with HarborConnector(wire, world.settings) as other, pytest.raises(Refused) as caught:
        other.apply(Change("apply", entry))
    basic = base64.b64encode(b"admin:wrong-password").decode()
    told = (
        caplog.text + str(caught.value) + repr(world.settings) + repr(world.connector.observe(Scope(TARGET)))
    )
    for hidden in (secret, "wrong-password", basic, world.settings.webhook_secret, world.harbor.secret):
        assert hidden not in told


@pytest.mark.enable_loopback
def test_purser_needs_no_more_than_a_robot_with_these_rights(world):
    rights = {
        "/": [("robot", verb) for verb in ("create", "read", "update", "delete", "list")]
        + [("project", "list"), ("configuration", "read")],
        "*": [("repository", "pull"), ("repository", "list"), ("artifact", "list"), ("artifact", "read"),
              ("artifact-addition", "read"), ("member", "list"), ("project", "read")]
        + [("notification-policy", verb) for verb in ("create", "read", "update", "delete", "list")],
    }  # fmt: skip
    body = {"name": "purser", "level": "system", "duration": -1, "permissions": [
        {"kind": "system" if where == "/" else "project", "namespace": where,
         "access": [{"resource": resource, "action": verb} for resource, verb in access]}
        for where, access in rights.items()
    ]}  # fmt: skip
    own = HarborWire(world.address, user="admin", secret=world.harbor.secret).send("POST", "/robots", body)
    wire = HarborWire(world.address, user=own["name"], secret=own["secret"])
    with HarborConnector(wire, world.settings) as connector:
        assert connector.apply(Change("apply", person(world))).proven
        assert connector.apply(Change("apply", entry_for(world, "image", IMAGES[0]))).proven
        assert len(connector.observe(Scope(TARGET))) == 2
        with pytest.raises(Refused):
            connector.apply(Change("apply", person(world, role="developer")))


@pytest.mark.enable_loopback
def test_the_catalogue_reads_a_harbor(world):
    wire = HarborWire(world.address, user="admin", secret=world.harbor.secret)
    docker = RegistryClient(world.address, token_for=harbor_tokens(wire))
    assert HarborReader(wire, docker, projects=[TEAM]).repositories() == sorted(IMAGES[3:])
    with HarborReader(wire, docker) as reader:
        assert reader.repositories() == sorted(IMAGES)
        assert reader.tags(IMAGES[0]) == ["1.0", "latest"]
        digest = reader.head_manifest(IMAGES[0], "latest")
        manifest = reader.manifest(IMAGES[0], digest)
        assert (manifest.digest, manifest.architectures) == (digest, ("amd64",))
        assert reader.quota(LIB).hard == -1
        quota = world.harbor.state.quotas[reader.quota(LIB).number]
        world.harbor.state.quotas[quota["id"]] = {**quota, "hard": {"storage": -1, "count": 7}}
        assert reader.set_quota(LIB, limit=5 * 2**30).hard == 5 * 2**30
        assert world.harbor.state.quotas[quota["id"]]["hard"] == {"storage": 5 * 2**30, "count": 7}
        triton = reader.head_manifest(IMAGES[1], "1.0")
        assert b"CVE-2026-10001" in reader.scan_report(IMAGES[1], triton)


def _plain():
    return holding(Case(None, None, Schedule(), IMAGES, bool, print, list))


moments = st.integers(1_767_225_600, 3_700_000_000).map(
    lambda epoch: datetime.fromtimestamp(epoch + 0.25, UTC)
)


@given(made=moments, ends=moments)
def test_days_reach_the_end_and_are_the_fewest_that_do(made, ends):
    days = days_until(ends, made=made)
    assert days >= 1
    assert made + days * DAY >= ends
    assert days == 1 or made + (days - 1) * DAY < ends


@given(made=moments, ends=moments)
def test_an_expiry_set_for_an_end_is_known_as_that_end_and_another_is_not(made, ends):
    made, declared = made.replace(microsecond=0), moment(ends)
    expires = int((made + days_until(ends, made=made) * DAY).timestamp())
    if ends > made + timedelta(seconds=1):
        assert end_seen(declared, expires_at=expires) == declared
    assert end_seen(declared, expires_at=expires + 3 * 86_400) != declared
    assert end_seen(declared, expires_at=-1) == "never"


@given(key=st.from_regex(r"[a-z0-9][a-z0-9:-]{0,30}", fullmatch=True), cut=st.integers(0, 2**33))
def test_a_mark_reads_back_and_is_nobody_elses(key, cut):
    mark = Mark("main", "member", key, {"cut": str(cut), "ends": "2026-01-01T00:00:00Z"})
    assert read_mark(str(mark), installation="main") == mark
    assert read_mark(str(mark), installation="mai") is None
    assert read_mark("x" + str(mark), installation="main") is None
