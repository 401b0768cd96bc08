"""A target in memory with foreign entries and faults: the one of the tests of drift."""

import io

import pytest
from django.core.management import call_command

from grants.delivery.tests.drift.conftest import clock, give, images, keeper, option, registry

__all__ = ["clock", "give", "images", "keeper", "option", "registry", "run"]


@pytest.fixture
def run():
    """Run a command: its exit code and what it printed."""

    def call(*words, **options):
        out = io.StringIO()
        try:
            call_command(*words, stdout=out, stderr=out, **options)
        except SystemExit as end:
            return end.code, out.getvalue()
        return 0, out.getvalue()

    return call
