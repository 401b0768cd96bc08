"""The scene of every test here: alice leads, bob is asked for, mia and sam decide."""

import pytest
from django.utils import timezone

from approvals.requests.testing import make_scene


@pytest.fixture
def scene(db):
    return make_scene()


@pytest.fixture
def now():
    return timezone.now()
