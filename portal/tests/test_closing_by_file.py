"""A project that a file closes loses its access like one that a page closes."""

import pytest
from django.utils import timezone

from audit.ledger.actors import operator
from grants.directory.services import import_directory
from grants.directory.testing import cast
from grants.lifecycle.models import Grant
from grants.lifecycle.testing import make_grant


@pytest.mark.django_db
def test_the_access_of_a_project_that_a_file_closes_ends():
    people = cast()
    grant = make_grant(project=people.project, members=[people.bob])
    data = f"project_key,state\n{people.project.key},closed\n".encode()
    dry = {"data": data, "filename": "p.csv", "by": operator("root"), "now": timezone.now()}
    import_directory(**dry, apply=False)
    assert Grant.objects.get(pk=grant.pk).status == "active"
    for _ in range(2):
        assert import_directory(**dry).faults == ()
        found = Grant.objects.get(pk=grant.pk)
        assert (found.status, found.end_reason) == ("revoking", "project_done")
