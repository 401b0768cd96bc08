"""The Google connector against its stand-in: what every connector must do, with and without an expiry licence."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from grants.connectors.tests.contract import Case, LayoutContract
from grants.connectors.tests.google_case import OPTIONS, case_of, google

pytestmark = pytest.mark.enable_loopback


class TestGoogle(LayoutContract):
    @pytest.fixture
    def case(self) -> Iterator[Case]:
        with google() as there:
            yield case_of(there)


class TestGoogleWithoutTheLicence(LayoutContract):
    @pytest.fixture
    def case(self) -> Iterator[Case]:
        without = replace(OPTIONS, expiry="auto", pull_probe="")
        with google(without, licence=False, transitive=False) as there:
            yield case_of(there)
