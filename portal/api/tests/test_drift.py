"""Drift by API: what differs, decided, looked at."""

import pytest
from django.utils import timezone

from grants.catalogue.models import Registry
from grants.delivery import targets
from grants.delivery.models import Drift, TargetScan
from grants.delivery.tests.keeping import KeepingConnector, KeepingLayout
from portal.api.tests.conftest import problem


@pytest.fixture
def row(scene, monkeypatch):
    monkeypatch.setattr(targets, "_factories", {"keeping": lambda registry: KeepingConnector()})
    monkeypatch.setattr(targets, "_layouts", {"keeping": lambda registry: KeepingLayout()})
    Registry.objects.create(
        key="keeper",
        name="Keeper",
        kind="keeping",
        host="keeper.test",
        api_url="http://keeper.test",
        service="k",
    )
    now = timezone.now()
    found = Drift.objects.create(
        target="keeper", kind="image", key="team/a", what="appeared", seen=[["member", "user:x"]],
        first_seen_at=now, last_seen_at=now,
    )  # fmt: skip
    found.projects.add(scene.project)
    return found


def test_list_is_narrowed_and_shows_facts(as_, row):
    [one] = as_("alice").get("drift/", target="keeper", kind="appeared").json()["results"]
    assert (one["kind"], one["place"], one["key"], one["wanted"], one["seen"], one["state"]) == (
        "appeared", "image", "team/a", None, [["member", "user:x"]], "open",
    )  # fmt: skip
    assert as_("ada").get("drift/", state="closed").json()["results"] == []
    assert as_("bob").get("drift/").json()["results"] == []


def test_decisions_and_their_refusals(as_, row):
    path, body = f"drift/{row.pk}/decide/", {"decision": "revert", "reason": "Because"}
    assert problem(as_("root").post(path, body)) == (422, "not_ours")
    assert problem(as_("ada").post(path, body)) == (403, "not_an_administrator")
    assert problem(as_("bob").post(path, body))[0] == 404
    answer = as_("root").post(path, body | {"decision": "adopt"})
    assert (answer.status_code, answer.json()["state"], answer.json()["decided_by"]) == (
        200,
        "adopted",
        "Root",
    )


def test_a_token_without_the_scope_admin_decides_nothing(as_, row):
    body = {"decision": "adopt", "reason": "Because"}
    assert problem(as_("root", "write").post(f"drift/{row.pk}/decide/", body))[0] in {403, 404}


def test_scan_and_release(as_, row):
    root = as_("root")
    assert root.post("targets/keeper/scan/", {}).json() == {"target": "keeper", "last_finished_at": None}
    assert TargetScan.objects.get().target == "keeper"
    assert problem(root.post("targets/main/scan/", {})) == (409, "keeps_nothing")
    assert problem(root.post("targets/nowhere/scan/", {}))[0] == 404
    Drift.objects.update(what="leftover", held_at=timezone.now())
    assert root.post("targets/keeper/release/", {"reason": "Checked"}).json() == {"released": 1}
