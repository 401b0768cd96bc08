"""The Harbor connector does what every connector must, with groups and without."""

import pytest

from grants.connectors.tests.contract import Case, LayoutContract
from grants.connectors.tests.harbor_world import GROUPS, world
from portal.sandbox.harbor.seeding import IMAGES

pytestmark = pytest.mark.enable_loopback
A_TOKENS_LIFE = 32 * 60


class TestHarbor(LayoutContract):
    @pytest.fixture(params=["", GROUPS], ids=["robots", "groups"])
    def case(self, request):
        with world(groups=request.param) as made:
            yield Case(
                connector=made.connector,
                layout=made.layout,
                schedule=made.harbor.schedule,
                images=(IMAGES[0], IMAGES[1], IMAGES[3]),
                truth=made.truth,
                undo=made.undo,
                foreign=made.foreign,
                settle=lambda: made.wait(A_TOKENS_LIFE),
            )
