"""What Harbor's scanner found is kept once for each scan, and only for versions the catalogue knows."""

import pytest
from django.utils import timezone

from audit.ledger.actors import system
from audit.ledger.models import Event
from grants.catalogue.models import Image, Registry, Scan
from grants.catalogue.sync import sync_registry
from grants.catalogue.testing import make_registry
from grants.connectors.tests.harbor_world import world
from portal.sandbox.harbor.artifacts import add_report
from portal.sandbox.harbor.seeding import IMAGES
from portal.webhooks.harbor_scans import harbor_reader, read_missing, read_scan
from portal.webhooks.tasks import lanes, read_harbor_scan, read_missing_at, read_missing_harbor_scans

pytestmark = [pytest.mark.enable_loopback, pytest.mark.django_db]
TRITON = IMAGES[1]


@pytest.fixture
def scene(monkeypatch):
    with world(timeout=5.0) as made:
        monkeypatch.setenv("HARBOR_PASSWORD", made.harbor.secret)
        registry = Registry.objects.create(
            key="harbor", name="Harbor", kind="harbor", host="harbor.example.com", service="harbor",
            api_url=made.address, options={"username": "admin", "password": "env:HARBOR_PASSWORD"},
        )  # fmt: skip
        yield made, registry


def sync(registry):
    with harbor_reader(registry) as reader:
        return sync_registry(registry=registry, client=reader, by=system("catalogue"), now=timezone.now())


def digest_of(repository):
    return Image.objects.get(repository=repository).versions.get().digest


def test_the_catalogue_fills_from_a_harbor(scene):
    _made, registry = scene
    report = sync(registry)
    assert (report.repositories, report.new_versions, report.failed) == (5, 5, {})
    assert Image.objects.get(repository=TRITON).title == "triton"


def test_a_report_is_kept_once_for_each_scan(scene):
    made, registry = scene
    sync(registry)
    for _ in range(2):
        read_harbor_scan("harbor", TRITON, digest_of(TRITON))
    assert (Scan.objects.get().high, Scan.objects.get().verdict) == (1, "high")
    add_report(made.harbor.state, TRITON, digest_of(TRITON), [], now=made.harbor.now + 3600)
    read_harbor_scan("harbor", TRITON, digest_of(TRITON))
    assert [scan.verdict for scan in Scan.objects.order_by("pk")] == ["high", "passed"]
    assert Event.objects.filter(kind="grants.scan.uploaded").count() == 2


def test_what_no_webhook_told_of_is_read_later(scene):
    made, registry = scene
    sync(registry)
    made.harbor.state.reports.pop(f"{IMAGES[0]}@{digest_of(IMAGES[0])}")
    assert [read_missing_at("harbor"), read_missing_at("harbor"), read_missing_at("gone")] == [4, 0, 0]
    with harbor_reader(registry) as reader:
        assert read_missing(registry=registry, reader=reader, now=timezone.now()) == 0


def test_a_version_nobody_knows_keeps_nothing(scene):
    _made, registry = scene
    sync(registry)
    with harbor_reader(registry) as reader:
        for repository, digest in ((TRITON, "sha256:" + "0" * 64), ("lib/unknown", digest_of(TRITON))):
            kept = read_scan(
                registry=registry, repository=repository, digest=digest, reader=reader, now=timezone.now()
            )
            assert kept is None
    assert Scan.objects.count() == 0


def test_a_harbor_that_cannot_be_read_stops_no_other(scene):
    _made, registry = scene
    sync(registry)
    Registry.objects.create(
        key="a-down",
        name="Down",
        kind="harbor",
        host="down.example.com",
        service="down",
        api_url="http://127.0.0.1:9",
    )
    assert [read_missing_at("a-down"), read_missing_at("harbor")] == [0, 5]


def test_each_harbor_is_asked_in_a_lane_of_its_own(scene, monkeypatch):
    asked = []
    monkeypatch.setattr(lanes, "ask", asked.append)
    make_registry("main")
    make_registry("second", kind="harbor")
    read_missing_harbor_scans()
    assert asked == ["harbor", "second"]
