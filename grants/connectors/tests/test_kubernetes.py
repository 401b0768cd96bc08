"""The Kubernetes connector beside its stand-in: the contract, in three forms of a cluster, and what is its own."""

import base64
import json
import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from grants.connectors import kubernetes_reader
from grants.connectors.base import Place, Scope
from grants.connectors.errors import ConnectorError, Permanent
from grants.connectors.tests.contract import NOW, TARGET, Case, LayoutContract, converge, holding
from grants.connectors.tests.kubernetes_cases import BINDINGS, CORE, IMAGES, NAMESPACE, Bench, bench
from portal.sandbox.faults import Fault, FaultKind, seeded

pytestmark = pytest.mark.enable_loopback

EVERYTHING = {
    "runtime_class": "kata-qemu-snp", "cluster_queue": "gpus", "storage_image": "reg.example/purser/fetch",
    "storage_prefix": "sealed://",
}  # fmt: skip
LOCAL_QUEUE = f"/apis/kueue.x-k8s.io/v1beta2/namespaces/{NAMESPACE}/localqueues/purser"
STORAGE = f"/apis/serving.kserve.io/v1alpha1/clusterstoragecontainers/purser-{NAMESPACE}"
NAMESPACE_OBJECT = {"apiVersion": "v1", "kind": "Namespace"}


def _named(label: str, value: str) -> dict[str, object]:
    return {**NAMESPACE_OBJECT, "metadata": {"name": NAMESPACE, "labels": {label: value}}}


class TestKubernetesContract(LayoutContract):
    @pytest.fixture
    def case(self) -> Iterator[Case]:
        with bench() as made:
            yield made.case


class TestKubernetesContractByPeople(LayoutContract):
    """Roles bound to people by e-mail address."""

    @pytest.fixture
    def case(self) -> Iterator[Case]:
        with bench(subjects="people") as made:
            yield made.case


class TestKubernetesContractWithEverything(LayoutContract):
    """Kyverno, Kueue and KServe are installed."""

    @pytest.fixture
    def case(self) -> Iterator[Case]:
        with bench(extras=("kyverno", "kueue", "kserve"), **EVERYTHING) as made:
            yield made.case


@pytest.fixture
def tenant() -> Iterator[Bench]:
    with bench() as made:
        yield made


def auths_of(tenant: Bench) -> dict[str, dict[str, str]]:
    data = tenant.object("secrets/purser-pull")["data"][".dockerconfigjson"]
    found: dict[str, dict[str, str]] = json.loads(base64.b64decode(data))["auths"]
    return found


def secret_of(tenant: Bench) -> dict[str, str]:
    return auths_of(tenant)["reg.example"]


def test_apply_is_proven_and_says_when_it_ends_and_when_to_come_again(tenant: Bench) -> None:
    outcome = tenant.apply()
    assert outcome.proven
    assert outcome.detail == "A pod with a granted image was admitted, one with another refused."
    assert outcome.ends_itself_at == NOW + timedelta(days=9)
    assert outcome.again_at is not None
    assert NOW + timedelta(days=5.1) <= outcome.again_at <= NOW + timedelta(days=6)


def test_remove_keeps_the_namespace_and_says_until_when(tenant: Bench) -> None:
    tenant.apply()
    account = tenant.object("serviceaccounts/purser-pull")["metadata"]["uid"]
    outcome = tenant.remove()
    assert outcome.proven
    meta = tenant.object(CORE)["metadata"]
    assert meta["annotations"]["purser.dev/held-until"] == "2026-12-02T09:00:00+00:00"
    assert meta["labels"]["purser.dev/state"] == "held"
    assert tenant.object("resourcequotas/purser-quota")["spec"]["hard"]["pods"] == "0"
    assert tenant.object("serviceaccounts/purser-pull")["metadata"]["uid"] != account
    assert not tenant.object("secrets/purser-pull")
    assert tenant.robots.alive == []


def test_a_second_end_does_not_prolong_the_hold(tenant: Bench) -> None:
    tenant.apply()
    tenant.remove()
    tenant.robots.at = NOW + timedelta(days=20)
    assert tenant.remove().changed is False
    assert tenant.object(CORE)["metadata"]["annotations"]["purser.dev/held-until"].startswith("2026-12-02")


def test_access_comes_back_to_a_held_namespace(tenant: Bench) -> None:
    tenant.apply()
    tenant.remove()
    assert tenant.apply().proven
    assert tenant.truth(tenant.entry())
    assert "purser.dev/held-until" not in tenant.object(CORE)["metadata"]["annotations"]


def test_the_secret_is_replaced_at_two_thirds_of_its_life_and_the_old_one_ended(tenant: Bench) -> None:
    due = tenant.apply().again_at
    assert due is not None
    tenant.robots.at = due - timedelta(seconds=1)
    assert tenant.apply().changed is False
    tenant.robots.at = due
    assert tenant.apply().changed is True
    first, second = tenant.robots.made
    assert tenant.robots.retired == [first]
    assert secret_of(tenant)["username"] == second
    assert "purser.dev/retiring" not in tenant.object("secrets/purser-pull")["metadata"]["annotations"]
    assert due < NOW + timedelta(days=9)


def test_a_rotation_cut_off_before_the_old_credential_ended_is_finished_later(tenant: Bench) -> None:
    due = tenant.apply().again_at
    assert due is not None
    tenant.robots.at = due
    secrets = tenant.case.connector._secrets  # type: ignore[attr-defined]
    real, secrets._credentials = secrets._credentials, replace(secrets._credentials, retire=_fall_over)
    with pytest.raises(KeyboardInterrupt):
        tenant.apply()
    secrets._credentials = real
    tenant.apply()
    assert tenant.robots.alive == [tenant.robots.made[-1]]
    assert len(tenant.robots.made) == 2


def _fall_over(username: str) -> None:
    raise KeyboardInterrupt


def test_a_credential_whose_secret_could_not_be_written_is_ended_at_once(tenant: Bench) -> None:
    tenant.case.schedule.faults.append(Fault(FaultKind.THROTTLED, path="secrets/purser-pull", times=2))
    for _ in range(2):
        with pytest.raises(ConnectorError):
            tenant.apply()
    assert tenant.apply().proven
    assert len(tenant.robots.alive) == 1


@pytest.mark.parametrize("kind", [FaultKind.LOST, FaultKind.RESET, FaultKind.BROKEN, FaultKind.LYING])
def test_a_credential_of_a_call_without_an_answer_is_ended_by_the_next(
    tenant: Bench, kind: FaultKind
) -> None:
    tenant.case.schedule.faults.append(Fault(kind, path="secrets/purser-pull"))
    with suppress(ConnectorError):
        tenant.apply()
    assert tenant.apply().proven
    assert tenant.robots.alive == [secret_of(tenant)["username"]]


def test_a_credential_that_a_killed_worker_made_is_ended_by_the_next_and_by_the_end(tenant: Bench) -> None:
    tenant.apply()
    tenant.robots.make(NAMESPACE, tenant.entry().first("project"))
    assert tenant.apply().changed is False
    assert tenant.robots.alive == [secret_of(tenant)["username"]]
    tenant.robots.make(NAMESPACE, tenant.entry().first("project"))
    tenant.remove()
    assert tenant.robots.alive == []


def test_a_secret_whose_credential_was_ended_is_replaced(tenant: Bench) -> None:
    tenant.apply()
    tenant.robots.retire(tenant.robots.made[-1])
    assert tenant.apply().changed
    assert tenant.robots.alive == [secret_of(tenant)["username"]] == [tenant.robots.made[-1]]


def test_a_registry_with_credentials_of_its_own_is_covered_as_soon_as_it_gives_one(tenant: Bench) -> None:
    images = (*IMAGES, "harbor.example/lib/torch")
    tenant.robots.own["harbor.example"] = False
    first = tenant.apply(images=images)
    assert (first.proven, first.again_at) == (True, NOW + timedelta(seconds=10))
    tenant.robots.at = NOW + timedelta(minutes=1)
    again = tenant.apply(images=images)
    assert (again.changed, again.again_at) == (False, NOW + timedelta(minutes=2))
    assert set(auths_of(tenant)) == {"reg.example"}
    tenant.robots.own["harbor.example"] = True
    covered = tenant.apply(images=images)
    assert (covered.changed, len(tenant.robots.made), len(tenant.robots.alive)) == (True, 2, 1)
    assert auths_of(tenant)["harbor.example"]["username"] == "robot-of-harbor.example"
    assert covered.again_at is not None
    assert covered.again_at > NOW + timedelta(days=1)
    assert tenant.apply(images=images).changed is False


def test_a_registry_more_makes_a_new_secret(tenant: Bench) -> None:
    tenant.apply()
    tenant.apply(images=(*IMAGES, "second.example/fraud/eval"))
    assert len(tenant.robots.made) == 2


def test_a_secret_whose_content_others_wrote_is_replaced(tenant: Bench) -> None:
    tenant.apply()
    stolen = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "purser-pull"},
        "data": {"x": "eA=="},
    }
    tenant.put(f"{CORE}/secrets/purser-pull", stolen)
    (seen,) = tenant.case.connector.observe(Scope(TARGET))
    assert seen.values("amiss") == ("Secret purser-pull",)


@pytest.mark.parametrize(
    "expires",
    [
        "2027-01-01T00:00:00",
        "9999-12-31T23:59:59+00:00",
        "9999-12-31T23:59:59-23:59",
        "2001-01-01T00:00:00+00:00",
    ],
)
def test_an_end_that_a_tenant_wrote_is_not_believed_and_stops_no_look(tenant: Bench, expires: str) -> None:
    tenant.apply()
    meta = {"name": "purser-pull", "annotations": {"purser.dev/expires": expires}}
    tenant.put(f"{CORE}/secrets/purser-pull", {"apiVersion": "v1", "kind": "Secret", "metadata": meta})
    [seen] = tenant.case.connector.observe(Scope(TARGET))
    assert seen.values("amiss") == ("Secret purser-pull",)
    assert tenant.apply().changed is True
    assert len(tenant.robots.made) == 2


def test_the_secret_shows_in_no_entry_outcome_or_error(tenant: Bench) -> None:
    said = [repr(tenant.apply()), repr(tenant.case.connector.observe(Scope(TARGET)))]
    said.append(repr(tenant.robots.make(NAMESPACE, "anti-fraud-v2")))
    for kind in (FaultKind.BROKEN, FaultKind.CONFLICT):
        tenant.case.schedule.faults.append(Fault(kind, path="secrets"))
        with pytest.raises(ConnectorError) as caught:
            tenant.apply(images=(f"{kind}.example/x",))
        said.append(str(caught.value) + repr(caught.value.__cause__))
    assert not any("secret-of" in text for text in said)


def test_a_namespace_of_somebody_else_is_refused_by_name(tenant: Bench) -> None:
    tenant.put(CORE, _named("team", "churn"), manager="argocd-controller")
    with pytest.raises(Permanent, match="belongs to argocd-controller and not to Purser"):
        tenant.apply()
    assert tenant.remove().detail == "There is no tenant of ours."


def test_a_namespace_marked_for_it_is_adopted(tenant: Bench) -> None:
    labels = {"purser.dev/adopt": "true", "team": "fraud"}
    tenant.put(CORE, {**NAMESPACE_OBJECT, "metadata": {"name": NAMESPACE, "labels": labels}})
    assert tenant.apply().proven
    assert tenant.object(CORE)["metadata"]["labels"]["team"] == "fraud"


@pytest.mark.parametrize("lost", ["purser.dev/tenant", "app.kubernetes.io/managed-by"])
def test_a_namespace_that_lost_one_mark_is_missed_and_marked_again(tenant: Bench, lost: str) -> None:
    tenant.apply()
    tenant.unlabel(lost)
    assert tenant.case.connector.observe(Scope(TARGET)) == []
    assert tenant.apply().proven
    assert tenant.truth(tenant.entry())


def test_access_is_taken_out_of_a_namespace_that_lost_both_marks(tenant: Bench) -> None:
    tenant.apply()
    tenant.unlabel("purser.dev/tenant", "app.kubernetes.io/managed-by")
    outcome = tenant.remove()
    assert (outcome.proven, outcome.changed) == (True, True)
    assert outcome.detail == "The namespace is not ours any more; what was ours in it is gone."
    assert not tenant.may("viewer", "purser:anti-fraud-v2:viewer")
    assert tenant.robots.alive == []


@pytest.mark.parametrize("seed", range(12))
def test_it_converges_and_ends_whatever_fails_on_the_way(seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - the same way in every run
    with bench(extras=("kueue", "kserve"), **EVERYTHING) as tenant:
        more = [{}, {"confidential": True}, {"role": "developer", "images": IMAGES[1:]}, {"gpus": 1}]
        for step in [*chance.choices([*more, None], k=4), None]:
            tenant.robots.at += timedelta(days=chance.choice((0, 1, 7)))
            tenant.case.schedule.faults[:] = seeded(
                chance.randrange(10**6), count=chance.randint(0, 4)
            ).faults
            given = [] if step is None else [holding(tenant.case, **step)]
            entry = converge(tenant.case, Place("tenant", NAMESPACE), given)
            tenant.case.schedule.faults.clear()
            assert entry is None or tenant.truth(entry)
        assert not tenant.admitted(IMAGES[0])
        assert not tenant.may("viewer", "purser:anti-fraud-v2:viewer")


def test_a_label_another_manager_holds_is_not_taken_over(tenant: Bench) -> None:
    labels = {"purser.dev/adopt": "true", "pod-security.kubernetes.io/enforce": "privileged"}
    manifest = {**NAMESPACE_OBJECT, "metadata": {"name": NAMESPACE, "labels": labels}}
    tenant.put(CORE, manifest, manager="helm")
    with pytest.raises(Permanent, match="managed by helm, which Purser does not overrule"):
        tenant.apply()


def test_an_object_of_somebody_else_in_our_place_is_not_overwritten(tenant: Bench) -> None:
    tenant.apply()
    path = f"{CORE}/resourcequotas/purser-quota"
    del tenant.app.state.rows[path]
    theirs = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "purser-quota"},
        "spec": {"hard": {}},
    }
    tenant.put(path, theirs, manager="kubectl-edit")
    with pytest.raises(
        Permanent, match=r"ResourceQuota purser-quota in anti-fraud-v2, which belongs to kubectl-edit"
    ):
        tenant.apply()
    tenant.remove()
    assert tenant.object(path)["spec"] == {"hard": {}}


def test_a_namespace_serves_one_project(tenant: Bench) -> None:
    tenant.apply()
    with pytest.raises(Permanent, match="already serves the project anti-fraud-v2"):
        tenant.apply(project="churn")


def test_a_quota_edited_by_hand_is_seen_and_put_right(tenant: Bench) -> None:
    tenant.apply()
    more = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "purser-quota"}}
    hard = {"hard": {"requests.nvidia.com/gpu": "64"}}
    tenant.put(f"{CORE}/resourcequotas/purser-quota", {**more, "spec": hard}, manager="kubectl-edit")
    (seen,) = tenant.case.connector.observe(Scope(TARGET))
    assert seen.first("gpus") == "64"
    assert tenant.apply().proven
    assert tenant.truth(tenant.entry())


def test_a_policy_taken_away_from_the_cluster_is_seen_in_every_tenant(tenant: Bench) -> None:
    tenant.apply()
    path = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/purser-images"
    del tenant.app.state.rows[path]
    (seen,) = tenant.case.connector.observe(Scope(TARGET))
    assert seen.values("amiss") == ("ValidatingAdmissionPolicyBinding purser-images",)
    tenant.robots.at += timedelta(minutes=2)
    assert tenant.apply().proven
    assert path in tenant.app.state.rows


def test_foreign_bindings_quotas_and_pull_secrets_in_our_namespaces_are_reported(tenant: Bench) -> None:
    tenant.apply()
    subjects = [{"kind": "User", "name": "dora"}]
    ref = {"kind": "ClusterRole", "name": "edit"}
    body = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "dora"}}
    tenant.put(f"{BINDINGS}/dora", {**body, "subjects": subjects, "roleRef": ref}, manager="kubeflow")
    secret = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "old"}, "data": {"a": "YQ=="}}
    tenant.put(
        f"{CORE}/secrets/old", {**secret, "type": "kubernetes.io/dockerconfigjson"}, manager="Terraform"
    )
    tenant.put(f"{CORE}/secrets/plain", {**secret, "type": "Opaque"})
    found = {entry.key: entry for entry in tenant.case.connector.foreign(Scope(TARGET))}  # type: ignore[attr-defined]
    assert found.keys() == {f"{NAMESPACE}/dora", f"{NAMESPACE}/old"}
    assert found[f"{NAMESPACE}/dora"].values("seen_subject") == ("User dora",)
    assert found[f"{NAMESPACE}/dora"].first("seen_owner") == "kubeflow"
    assert found[f"{NAMESPACE}/old"].first("seen_owner") == "Terraform"


def test_a_scan_of_many_tenants_is_a_handful_of_lists(tenant: Bench) -> None:
    for number in range(25):
        given = holding(tenant.case, namespace=f"t{number}", project=f"t{number}")
        entry = tenant.case.layout.entry(Place("tenant", f"t{number}"), [given])
        assert entry is not None
        tenant.case.connector.apply(_change(entry))
    tenant.case.schedule.calls.clear()
    assert len(tenant.case.connector.observe(Scope(TARGET))) == 25
    assert len(tenant.case.schedule.calls) == 15


def test_lists_read_side_by_side_say_the_same(tenant: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    tenant.apply()
    body = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "dora"}}
    tenant.put(f"{BINDINGS}/dora", {**body, "roleRef": {"kind": "ClusterRole", "name": "edit"}})
    speaker = tenant.case.connector
    before = speaker.observe(Scope(TARGET)), list(speaker.foreign(Scope(TARGET)))  # type: ignore[attr-defined]
    monkeypatch.setattr(kubernetes_reader, "MANY_TENANTS", 1)
    after = speaker.observe(Scope(TARGET)), list(speaker.foreign(Scope(TARGET)))  # type: ignore[attr-defined]
    assert after == before
    assert [len(one) for one in after] == [1, 1]


def test_a_first_secret_is_written_without_being_asked_for_what_it_replaced(tenant: Bench) -> None:
    assert tenant.apply().proven
    read = f"{CORE}/secrets/purser-pull"
    calls = [method for method, path in tenant.case.schedule.calls if path == read]
    assert calls == ["PATCH", "GET"]
    tenant.robots.at += timedelta(days=8)
    assert tenant.apply().proven
    assert tenant.robots.alive == [tenant.robots.made[-1]]


def _change(entry):  # type: ignore[no-untyped-def]
    from grants.connectors.base import Change

    return Change("apply", entry)


def test_a_confidential_project_needs_its_runtime_class() -> None:
    with bench(extras=("kserve", "kueue"), **EVERYTHING) as tenant:
        assert tenant.apply(confidential=True).proven
        assert not tenant.admitted(IMAGES[0])
        assert tenant.admitted(IMAGES[0], runtimeClassName="kata-qemu-snp")
        assert tenant.object(STORAGE)["spec"]["supportedUriFormats"] == [{"prefix": f"sealed://{NAMESPACE}/"}]
        assert tenant.object(LOCAL_QUEUE)["spec"] == {"clusterQueue": "gpus", "stopPolicy": "None"}
        tenant.remove()
        assert not tenant.object(STORAGE)
        assert tenant.object(LOCAL_QUEUE)["spec"]["stopPolicy"] == "HoldAndDrain"


def test_without_kyverno_the_option_that_asks_for_it_is_refused() -> None:
    with bench(admission="kyverno") as tenant, pytest.raises(Permanent, match="does not serve"):
        tenant.apply()


def test_with_kyverno_its_policy_judges_and_ours_is_not_written() -> None:
    with bench(extras=("kyverno",)) as tenant:
        assert tenant.apply().proven
        policies = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
        assert not tenant.object(f"{policies}/purser-images")
        assert tenant.object(f"{policies}/purser-guard")
        assert tenant.remove().proven
        assert not tenant.admitted(IMAGES[0])
