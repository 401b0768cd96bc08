"""What results of policy are called: in the reader's language, whatever was kept when the request was sent."""

import pytest
from django.utils import translation

from approvals.policy.texts import explain
from approvals.policy.types import Outcome, Result, Rule


@pytest.mark.parametrize(("language", "begins"), [("en", "Grant 26 "), ("zh-hans", "授权 26 ")])
def test_a_grant_is_named_in_the_readers_language(language, begins):
    params = {"id": 26, "label": "Grant 26", "count": 2}
    result = Result(Rule.DUPLICATE, Outcome.WARNING, "duplicate_grant", params)
    with translation.override(language):
        assert explain(result).startswith(begins)


def test_a_request_keeps_its_number():
    params = {"id": 7, "label": "REQ-7", "count": 1}
    result = Result(Rule.DUPLICATE, Outcome.WARNING, "duplicate_request", params)
    assert explain(result).startswith("REQ-7 ")


def test_a_lane_is_named_in_the_readers_language():
    result = Result(
        Rule.APPROVERS, Outcome.NEEDS_PERSON, "approvers_found", {"lane": "security", "names": "Sam"}
    )
    with translation.override("zh-hans"):
        assert explain(result).startswith("安全")
