"""Pulls out of an exported log: each once, whether it was pushed before or not, and on record who brought them."""

import json
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from audit.ledger.models import Event
from audit.pulls.models import Pull
from portal.webhooks.tests.test_google import AT, asked, grant, line, push, registry  # noqa: F401 - fixtures

pytestmark = pytest.mark.django_db


def read(path, **options):
    said = StringIO()
    call_command("read_pull_log", str(path), stdout=said, **options)
    return said.getvalue().strip()


def written(path, entries, *, array=False):
    path.write_text(json.dumps(entries) if array else "\n".join(map(json.dumps, entries)) + "\n\n")
    return path


@pytest.mark.parametrize("array", [False, True])
def test_each_line_counts_once_and_the_reading_is_on_record(tmp_path, grant, push, array):  # noqa: F811
    assert push(line(number=1)).json() == {"new": 1}
    old = line(number=4, at=timezone.now() - timedelta(days=500))
    entries = [
        line(number=1),
        line(number=2, at=AT + timedelta(minutes=5)),
        line(number=3, location="us"),
        old,
        {},
    ]
    path = written(tmp_path / "pulls.json", entries, array=array)
    counts = "google: 2 pulls and looks, {} of them new; 1 other lines, 1 too old, 1 unreadable"
    assert [read(path), read(path)] == [counts.format(1), counts.format(0)]
    assert list(Pull.objects.order_by("pk").values_list("grant", "counted")) == [(grant.label, True)] * 2
    first, again = Event.objects.filter(kind="audit.pulls.imported").order_by("sequence")
    assert (first.subject, first.detail["file"], first.detail["new"]) == ("registry:google", "pulls.json", 1)
    assert (again.detail["sha256"], again.detail["new"]) == (first.detail["sha256"], 0)


def test_a_file_that_is_not_there_or_of_nobody_is_said(tmp_path, registry):  # noqa: F811
    with pytest.raises(CommandError, match="cannot be read"):
        read(tmp_path / "nothing")
    path = written(tmp_path / "pulls.json", [line()])
    with pytest.raises(CommandError, match="Registries of Google's: google"):
        read(path, registry="other")
    path.write_text("no json\n[1]\n")
    assert read(path).endswith("0 too old, 2 unreadable")
