"""People, an image and pull tokens for the tests of the token service."""

from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings

from grants.catalogue.testing import make_image, make_registry
from grants.directory.testing import cast
from grants.lifecycle.testing import make_grant
from grants.tokens import probing
from grants.tokens.keys import KeyStore
from portal.registry.tests.asking import secret_of
from portal.registry.tests.houses import SECRET, House, running_house


@pytest.fixture
def keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> KeyStore:
    """The key store of this test, which the service signs with too."""
    monkeypatch.setattr(settings, "PURSER_KEY_DIR", tmp_path / "keys")
    monkeypatch.setattr(probing, "key_store", lambda: store)
    store = KeyStore(tmp_path / "keys")
    probing.signer.cache_clear()
    return store


@pytest.fixture
def scene(transactional_db: None, keys: KeyStore) -> Any:
    """The cast, the image `fraud/base`, a viewer's grant for bob, and bob's pull token."""
    people = cast()
    scene = SimpleNamespace(**{field.name: getattr(people, field.name) for field in fields(people)})
    scene.registry = make_registry(service=settings.REGISTRY["service"])
    scene.image = make_image("fraud/base", registry=scene.registry)
    scene.grant = make_grant(project=scene.project, members=[scene.bob], images=[scene.image])
    scene.secret = secret_of(scene.bob)
    return scene


@pytest.fixture
def house(scene: Any, keys: KeyStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A running registry and web process, with that image in it."""
    monkeypatch.setitem(settings.REGISTRY, "notification_secret", SECRET)
    with running_house(scene, keys, tmp_path) as house:
        yield house
