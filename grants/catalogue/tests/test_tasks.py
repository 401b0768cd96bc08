"""Registries do not wait for each other: one that does not answer holds up neither another nor the task."""

import threading

import pytest

from grants.catalogue import readers
from grants.catalogue.models import Registry
from grants.catalogue.tasks import lanes, read, sync
from grants.catalogue.testing import make_registry
from grants.connectors.errors import Transient

SECONDS = 20.0
pytestmark = pytest.mark.django_db(transaction=True)


class Empty:
    """A registry without images."""

    def repositories(self):
        return []


@pytest.fixture
def letting_go(monkeypatch):
    """Two silent registries, made before the one that answers; their calls last until they are let go."""
    go, asked = threading.Event(), threading.Semaphore(0)

    class Silent:
        def repositories(self):
            asked.release()
            assert go.wait(SECONDS)
            raise Transient("It does not answer.")

    made = {"silent-1": Silent, "silent-2": Silent, "main": Empty}
    monkeypatch.setattr(readers, "_factories", {"distribution": lambda registry: made[registry.key]()})
    for key in made:
        make_registry(key)
    yield go, asked
    go.set()
    assert lanes.settle(SECONDS)


def synced():
    return {row.key for row in Registry.objects.exclude(synced_at=None)}


def test_silent_registries_hold_up_neither_another_nor_the_task(letting_go):
    go, asked = letting_go
    sync()
    assert all(asked.acquire(timeout=SECONDS) for _ in range(2))
    assert lanes._made["main"].settled(SECONDS)
    assert (synced(), lanes.settle(0)) == ({"main"}, False)
    go.set()
    assert lanes.settle(SECONDS)
    errors = Registry.objects.exclude(sync_error="").values_list("key", "sync_error")
    assert dict(errors) == {"silent-1": "It does not answer.", "silent-2": "It does not answer."}


def test_a_registry_that_is_gone_meanwhile_is_left_alone():
    read("gone")
    assert synced() == set()
