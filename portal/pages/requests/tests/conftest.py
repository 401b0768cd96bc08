"""The scene of the request pages."""

import pytest
from django.test import Client

from approvals.requests.testing import make_scene
from portal.accounts.testing import sign_in


@pytest.fixture
def scene(db):
    return make_scene()


@pytest.fixture
def as_person(scene):
    """A client signed in as a person of the cast, by name."""
    return lambda name: sign_in(Client(), getattr(scene.people, name))
