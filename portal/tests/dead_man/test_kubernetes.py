"""Kubernetes with Purser dead: the credential of the pull secret ends; roles and the list of images stay."""

from datetime import timedelta
from functools import partial

import httpx
import pytest
from django.utils import timezone
from kubernetes.client import Configuration

from grants.catalogue.models import Cluster
from grants.connectors.kubernetes import KubernetesConnector
from grants.connectors.kubernetes_secrets import EXPIRES, Credentials
from grants.connectors.tests.contract import TARGET
from grants.connectors.tests.kubernetes_cases import CORE, bench
from grants.tokens.models import Credential
from portal import targets as portal_targets
from portal.tests.dead_man.house import DAY, NAMESPACE

pytestmark = [pytest.mark.enable_loopback, pytest.mark.django_db(transaction=True)]
SECRET = f"{CORE}/secrets/purser-pull"
IMAGE = "reg.example/fraud/train"


class Tenant:
    """The cluster as a member of the project meets it. Its API server keeps nothing that has an end."""

    def __init__(self, there, house, *, keyless=False):
        self.there = there
        self.house = house("kubernetes", lambda seconds: None)
        cluster, _ = Cluster.objects.get_or_create(key=TARGET, defaults={"name": "Cluster"})
        connector = KubernetesConnector(
            target=TARGET, configuration=Configuration(host=there.url), options=there.options,
            credentials=Credentials(
                make=None if keyless else partial(portal_targets._pull_credential, cluster),
                retire=partial(portal_targets._retire, cluster),
                sweep=partial(portal_targets._sweep, cluster),
            ),
            now=lambda: self.house.now, timeout=0.5, patience=0.05,
        )  # fmt: skip
        self.images = self.house.reach(connector, there.case.layout, ["fraud/train"])

    def admitted(self, image=IMAGE):
        """A dry run of a pod, as `kubectl apply --dry-run=server` does it."""
        spec = {"serviceAccountName": "purser-pull", "containers": [{"name": "a", "image": image}]}
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "try", "namespace": NAMESPACE},
            "spec": spec,
        }
        answer = httpx.post(f"{self.there.url}{CORE}/pods", params={"dryRun": "All"}, json=pod)
        return answer.status_code == 201

    def may_read_logs(self):
        """The API server's own review of what the group of viewers may."""
        asked = {"namespace": NAMESPACE, "verb": "get", "resource": "pods", "subresource": "log", "group": ""}
        group = self.there.options.group(project=self.house.project.key, role="viewer")
        review = {"spec": {"resourceAttributes": asked, "user": "bob", "groups": [group]}}
        path = f"{self.there.url}/apis/authorization.k8s.io/v1/subjectaccessreviews"
        return httpx.post(path, json=review).json()["status"]["allowed"]


@pytest.fixture
def tenant(house):
    with bench() as there:
        yield Tenant(there, house)


def test_kubernetes_pull_secret_holds_a_credential_that_ends(tenant):
    started = timezone.now()
    grant = tenant.house.grant(tenant.images, days=90)
    row, text = tenant.house.page(grant)
    tenant.house.kill()
    notes = tenant.there.object(SECRET)["metadata"]["annotations"]
    credential = Credential.objects.get(revoked_at=None)
    assert notes[EXPIRES] == credential.expires_at.isoformat(timespec="seconds")
    assert timedelta(0) <= credential.expires_at - started - 14 * DAY < timedelta(minutes=5)
    assert row.progress.partly_ends_itself_at.isoformat() == notes[EXPIRES]
    assert row.progress.ends_itself_at is None
    assert "In part, at the latest" in text
    assert "roles and the list of images stay" in text


def test_kubernetes_role_binding_never_ends_by_itself(tenant):
    grant = tenant.house.grant(tenant.images, days=9.5)
    tenant.house.kill()
    tenant.house.until(grant.ends + 400 * DAY)
    assert tenant.may_read_logs()


def test_kubernetes_admission_list_stays_and_admits_what_was_granted_and_no_more(tenant):
    grant = tenant.house.grant(tenant.images, days=9.5)
    tenant.house.kill()
    tenant.house.until(grant.ends + 400 * DAY)
    assert tenant.admitted()
    assert not tenant.admitted("reg.example/fraud/other")


def test_kubernetes_tenant_without_a_secret_is_promised_nothing(house):
    with bench() as there:
        tenant = Tenant(there, house, keyless=True)
        grant = tenant.house.grant(tenant.images, days=9.5)
        row, text = tenant.house.page(grant)
        tenant.house.kill()
        tenant.house.until(grant.ends + 400 * DAY)
        assert (tenant.admitted(), tenant.may_read_logs()) == (True, True)
        assert (row.progress.ends_itself_at, row.progress.partly_ends_itself_at) == (None, None)
        assert "No: Purser takes it away" in text
