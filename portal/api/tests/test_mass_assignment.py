"""No endpoint takes a field it does not know, and no known model field slips through beside the allowed ones."""

import pytest
from django.apps import apps
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rest_framework import serializers

from approvals.requests.models import Request
from approvals.requests.testing import make_draft
from grants.directory.models import Project
from portal.api.serializers import (
    account,
    catalogue,
    common,
    cost_keeping,
    cost_rates,
    devices,
    directory,
    grants,
    requests,
)
from portal.api.strict import StrictSerializer
from portal.api.tests.conftest import problem

BODIES = sorted(
    {
        kind
        for module in (
            account,
            catalogue,
            common,
            cost_keeping,
            cost_rates,
            devices,
            directory,
            grants,
            requests,
        )
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, StrictSerializer) and kind is not StrictSerializer
    },
    key=lambda kind: kind.__name__,
)
MODEL_FIELDS = sorted({field.name for model in apps.get_models() for field in model._meta.get_fields()})


@pytest.mark.parametrize("kind", BODIES, ids=lambda kind: kind.__name__)
@given(
    name=st.sampled_from(MODEL_FIELDS) | st.text(min_size=1, max_size=30),
    value=st.none() | st.text() | st.integers(),
)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_unknown_fields_are_refused_by_name(kind, name, value):
    serializer = kind(data={name: value})
    known = name in kind().fields
    serializer.is_valid()
    codes = {error.code for error in serializer.errors.get(name[:100], [])}
    assert ("unknown_field" in codes) == (not known)


def test_there_are_bodies_to_try():
    assert len(BODIES) > 20


@pytest.mark.parametrize(
    "field",
    [
        "status",
        "requester",
        "requester_id",
        "facts",
        "results",
        "submitted_at",
        "decided_at",
        "authors",
        "lanes",
        "id",
    ],
)
def test_a_draft_cannot_be_given_what_is_not_the_writers_to_say(as_, scene, field):
    draft = make_draft(scene)
    before = Request.objects.values().get(pk=draft.pk)
    answer = as_("alice").patch(f"requests/{draft.pk}/", {field: "approved", "ticket": "AF-1"})
    assert problem(answer) == (400, "bad_fields")
    assert [(fault["field"], fault["code"]) for fault in answer.json()["errors"]] == [
        (field, "unknown_field")
    ]
    assert Request.objects.values().get(pk=draft.pk) == before


@pytest.mark.parametrize("field", ["key", "team", "team_id", "id"])
def test_a_project_cannot_be_moved_by_its_settings(as_, scene, field):
    before = Project.objects.values().get()
    answer = as_("root").patch("projects/anti-fraud-v2/", {field: "other", "name": "New"})
    assert problem(answer) == (400, "bad_fields")
    assert Project.objects.values().get() == before


def test_read_only_fields_are_refused_too():
    class Half(StrictSerializer):
        seen = serializers.CharField(read_only=True)

    half = Half(data={"seen": "x"})
    assert not half.is_valid()
    assert half.errors["seen"][0].code == "unknown_field"
