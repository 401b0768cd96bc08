"""Every kind of event that the source can record is said in words, and no words are kept for what nobody records."""

import re
from itertools import groupby

import pytest

from portal.pages.audit.kinds import KINDS
from portal.pages.audit.tests.recorded import ROOT, Source

FORM = re.compile(r"(audit|grants|approvals|portal)\.[a-z]+(-[a-z]+)*\.[a-z]+([-_][a-z]+)*")


@pytest.fixture(scope="module")
def recorded() -> set[str]:
    return Source().recorded()


def test_every_kind_that_is_recorded_has_words(recorded: set[str]) -> None:
    assert sorted(recorded - set(KINDS)) == []


def test_no_words_are_kept_for_what_nobody_records(recorded: set[str]) -> None:
    assert sorted(set(KINDS) - recorded) == []


def test_kinds_are_app_subject_and_verb(recorded: set[str]) -> None:
    assert sorted(kind for kind in recorded if not FORM.fullmatch(kind)) == []


def test_the_reader_finds_constants_tables_branches_and_what_callers_give(recorded: set[str]) -> None:
    assert recorded >= {
        "portal.session.started",
        "grants.grant.expired",
        "approvals.lane.reopened",
        "grants.registry.added",
        "grants.registry.changed",
        "grants.credential.revoked",
        "grants.team.changed",
        "grants.delivery.proven",
        "audit.checkpoint.refused",
    }
    apps = groupby(sorted(recorded), key=lambda kind: kind.partition(".")[0])
    assert [app for app, _kinds in apps] == ["approvals", "audit", "grants", "portal"]
    assert (ROOT / "manage.py").is_file()
