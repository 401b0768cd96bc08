"""The API against its own schema: whatever is sent, no fault of ours, and only answers the schema tells of."""

import os
from collections.abc import Iterator
from typing import Any
from unittest import SkipTest

import pytest
import schemathesis
from django.core.cache import cache
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from approvals.requests.testing import make_draft, make_request
from grants.lifecycle.testing import make_grant
from portal.api.tests.conftest import token_for
from portal.wsgi import application

EXAMPLES = int(os.environ.get("PURSER_FUZZ_EXAMPLES", "6"))
"""For each operation. `PURSER_FUZZ_EXAMPLES=500` looks harder."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture
def world(scene: Any) -> Iterator[Any]:
    make_draft(scene)
    make_request(scene)
    make_grant(project=scene.project, members=[scene.people.bob], images=[scene.image])
    # A real request begins and ends its connection; here it is the test's, in a transaction.
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield scene
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def operations(only: str = "") -> Iterator[Any]:
    schema = schemathesis.openapi.from_wsgi("/api/v1/schema/", application)
    for found in schema.get_all_operations():
        operation = found.ok()
        if only in operation.definition.raw["operationId"]:
            yield operation


@pytest.mark.parametrize(("who", "mode"), [("root", "POSITIVE"), ("alice", "POSITIVE"), ("root", "NEGATIVE")])
def test_nothing_that_is_sent_breaks_the_api(world: Any, who: str, mode: str) -> None:
    headers = {"Authorization": f"Bearer {token_for(getattr(world.people, who))}"}
    tried = [try_operation(operation, headers, GenerationMode[mode]) for operation in operations()]
    tried = [name for name in tried if name]
    assert len(tried) > (45 if mode == "POSITIVE" else 25)


def try_operation(operation: Any, headers: dict[str, str], mode: GenerationMode) -> str:
    """Its name; empty where nothing can be sent that the schema forbids."""

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def sent(case: Any) -> None:
        cache.clear()
        case.call_and_validate(headers=headers, checks=CHECKS)

    try:
        sent()
    except (Unsatisfiable, SkipTest):
        return ""
    return str(operation.definition.raw["operationId"])
