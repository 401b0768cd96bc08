"""A project that closes while a grant is issued for it: whoever is first, no access outlives the project."""

from concurrent.futures import ThreadPoolExecutor, wait
from datetime import timedelta
from threading import Event as Flag

import pytest
from django.db import connection

from audit.ledger.actors import operator
from audit.ledger.services import audited
from grants.catalogue.testing import make_image
from grants.directory.services import change_project
from grants.directory.testing import cast
from grants.directory.types import ProjectChanges
from grants.lifecycle.clock import database_time
from grants.lifecycle.consequences import end_projects
from grants.lifecycle.models import Grant
from grants.lifecycle.services import issue
from grants.lifecycle.states import Trigger
from grants.lifecycle.types import IssueImage

BY = operator("root")


@pytest.mark.django_db(transaction=True)
def test_a_grant_issued_while_its_project_closes_ends_with_it():
    people, image, now = cast(), make_image("fraud/base"), database_time()
    issued, go_on = Flag(), Flag()

    def approve():
        with audited(by=BY):
            window = {"starts": now, "ends": now + timedelta(days=1)}
            who = {"members": [people.bob], "images": [IssueImage(image)], "role": "viewer"}
            about = {"project": people.project, "origin": "request:1", "environment": "research"}
            issue(**window, **who, **about, by=BY, now=now)
            issued.set()
            go_on.wait(10)
        connection.close()

    def close():
        with audited(by=BY):
            project = change_project(
                project=people.project, changes=ProjectChanges(state="closed"), by=BY, now=now
            )
            end_projects(projects=[project], kind=Trigger.CLOSING, by=BY, now=now)
        connection.close()

    with ThreadPoolExecutor(2) as pool:
        approval = pool.submit(approve)
        assert issued.wait(10)
        closing = pool.submit(close)
        wait([closing], timeout=0.5)  # it should wait for the approval; where it does not, it sees no grant
        go_on.set()
        approval.result(10)
        closing.result(10)
    assert Grant.objects.get().end_reason == "project_done"
