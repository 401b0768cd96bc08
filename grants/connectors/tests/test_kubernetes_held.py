"""A namespace that is kept with a project's data in it, and how many strangers a namespace shows."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from grants.connectors.base import Scope
from grants.connectors.errors import Permanent
from grants.connectors.tests.contract import NOW, TARGET
from grants.connectors.tests.kubernetes_cases import BINDINGS, CORE, NAMESPACE, Bench, bench

pytestmark = pytest.mark.enable_loopback

ADOPT = "purser.dev/adopt"
DATA = f"{CORE}/configmaps/features"


@pytest.fixture
def tenant() -> Iterator[Bench]:
    with bench() as made:
        yield made


@pytest.fixture
def kept(tenant: Bench) -> Bench:
    """Held for the first project, with a ConfigMap of its people."""
    tenant.apply()
    tenant.put(
        DATA, {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "features"}, "data": {"a": "b"}}
    )
    assert tenant.remove().proven
    return tenant


def label(tenant: Bench) -> None:
    """An operator gives the namespace to the next project."""
    meta = {"name": NAMESPACE, "labels": {ADOPT: "true"}}
    tenant.put(CORE, {"apiVersion": "v1", "kind": "Namespace", "metadata": meta})


def labels(tenant: Bench) -> dict[str, str]:
    return dict(tenant.object(CORE)["metadata"]["labels"])


def notes(tenant: Bench) -> dict[str, str]:
    return dict(tenant.object(CORE)["metadata"]["annotations"])


def test_a_held_namespace_says_whose_data_it_keeps(kept: Bench) -> None:
    before = notes(kept)
    assert (before["purser.dev/state"], before["purser.dev/project"]) == ("held", "anti-fraud-v2")
    kept.remove()
    assert notes(kept) == before


def test_another_project_is_refused_until_the_hold_is_over_even_with_the_label(kept: Bench) -> None:
    label(kept)
    kept.robots.at += timedelta(days=29)
    until = (NOW + timedelta(days=30)).isoformat(timespec="minutes")
    with pytest.raises(Permanent) as caught:
        kept.apply(project="churn")
    assert str(caught.value) == (
        f"The namespace {NAMESPACE} keeps data of the project anti-fraud-v2 and is held for it until {until}. "
        'After that an operator can give it to another project with the label purser.dev/adopt: "true", '
        "or at any time delete the namespace."
    )
    assert not kept.may("viewer", "purser:churn:viewer")
    assert notes(kept)["purser.dev/project"] == "anti-fraud-v2"


def test_after_the_hold_only_an_operator_gives_the_data_to_another_project(kept: Bench) -> None:
    kept.robots.at += timedelta(days=31)
    with pytest.raises(Permanent, match=r"is not held for it any more\. An operator can give it"):
        kept.apply(project="churn")
    label(kept)
    assert kept.apply(project="churn").proven
    assert kept.may("viewer", "purser:churn:viewer")


def test_the_label_counts_for_one_project_and_not_for_the_next(kept: Bench) -> None:
    kept.robots.at += timedelta(days=31)
    label(kept)
    kept.apply(project="churn")
    assert ADOPT not in labels(kept)
    assert kept.remove().proven
    kept.robots.at += timedelta(days=31)
    with pytest.raises(Permanent, match="keeps data of the project churn"):
        kept.apply(project="third")


def test_a_label_that_was_not_used_up_yet_goes_before_the_namespace_is_held(tenant: Bench) -> None:
    tenant.apply()
    label(tenant)
    assert tenant.remove().proven
    assert ADOPT not in labels(tenant)
    label(tenant)
    tenant.remove()
    assert labels(tenant)[ADOPT] == "true"


def test_the_same_project_comes_back_at_any_time(kept: Bench) -> None:
    assert kept.apply().proven
    assert kept.remove().proven
    kept.robots.at += timedelta(days=400)
    assert kept.apply().proven
    assert kept.object(DATA)["data"] == {"a": "b"}


def test_a_deleted_namespace_is_free(kept: Bench) -> None:
    for path in [path for path in kept.app.state.rows if f"/namespaces/{NAMESPACE}/" in f"{path}/"]:
        del kept.app.state.rows[path]
    assert kept.apply(project="churn").proven


def test_data_of_a_project_nobody_remembers_is_given_to_nobody(kept: Bench) -> None:
    del kept.app.state.rows[CORE].object["metadata"]["annotations"]["purser.dev/project"]
    with pytest.raises(Permanent, match="keeps data of a project before and is held for it until"):
        kept.apply(project="churn")


def secrets(tenant: Bench, count: int) -> None:
    """People of the tenant make pull secrets of their own."""
    for number in range(count):
        body: dict[str, Any] = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": f"s{number:04}"}}
        tenant.put(f"{CORE}/secrets/s{number:04}", {**body, "type": "kubernetes.io/dockerconfigjson"})


@pytest.mark.parametrize(("count", "shown", "more"), [(18, 19, ()), (19, 20, ()), (300, 20, ("281",))])
def test_a_namespace_shows_twenty_strangers_and_how_many_more(
    tenant: Bench, count: int, shown: int, more: tuple[str, ...]
) -> None:
    tenant.apply()
    secrets(tenant, count)
    body = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": {"name": "z"}}
    ref = {"kind": "ClusterRole", "name": "edit"}
    tenant.put(f"{BINDINGS}/z", {**body, "subjects": [{"kind": "User", "name": "dora"}], "roleRef": ref})
    found = list(tenant.case.connector.foreign(Scope(TARGET)))  # type: ignore[attr-defined]
    assert (len(found), found[0].key) == (shown, f"{NAMESPACE}/z")
    assert [value for entry in found for value in entry.values("seen_more")] == list(more)
    assert found[-1].values("seen_more") == more
