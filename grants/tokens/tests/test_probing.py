"""What a probe is told agrees with what the token service decides."""

import pytest
from django.utils import timezone

from audit.ledger.actors import system
from grants.catalogue.models import Registry
from grants.catalogue.testing import make_image
from grants.directory.testing import cast
from grants.lifecycle.testing import make_grant
from grants.tokens.probing import RegistryTokens
from grants.tokens.services import create_robot, revoke_credential

pytestmark = pytest.mark.django_db


def test_a_robot_is_decided_alike_while_its_closed_project_still_has_access():
    people, now = cast(), timezone.now()
    by = system("test")
    robot, _plain = create_robot(project=people.project, name="ci", days=9, by=by, now=now)
    image = make_image("fraud/base")
    make_grant(project=people.project, members=[], images=[image])
    people.project.state = "closed"
    people.project.save()
    tokens = RegistryTokens(Registry.objects.get(pk=image.registry_id))
    assert tokens.decide(f"robot:{robot.pk}", "fraud/base", "pull")
    revoke_credential(credential=robot, by=by, now=now)
    assert not tokens.decide(f"robot:{robot.pk}", "fraud/base", "pull")
