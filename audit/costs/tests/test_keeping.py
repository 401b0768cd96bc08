"""The operator's file of sources, files brought by command, and sources read again."""

from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from audit.costs.bringing import bring_file, look_at_file
from audit.costs.errors import CostConflict, CostError
from audit.costs.keeping import ask_now, keep_sources, read_again
from audit.costs.models import Load, Slice, Source, Usage
from audit.costs.source_file import read_sources
from audit.ledger.actors import operator
from audit.ledger.models import Event

pytestmark = pytest.mark.django_db(transaction=True)

ROOT = operator("root")
NOW = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
SAMPLES = Path(__file__).parent / "samples"
EXAMPLE = Path(__file__).parents[3] / "deploy" / "costs.example.toml"
OPENCOST = (
    '[[source]]\nkey = "oc"\nname = "OpenCost"\nkind = "opencost"\n[source.options]\nurl = "http://oc:9003"\n'
)


def keep(text):
    return keep_sources(file=read_sources(text.encode()), by=ROOT, now=NOW)


def faults(text):
    with pytest.raises(CostError) as caught:
        read_sources(text.encode() if isinstance(text, str) else text)
    assert caught.value.code == "bad_source_file"
    return caught.value.detail["faults"]


def test_example_can_be_kept_as_it_is():
    kept = keep_sources(file=read_sources(EXAMPLE.read_bytes()), by=ROOT, now=NOW)
    assert [key for key, _changed in kept] == ["opencost", "dcgm", "google", "files"]
    assert list(Source.objects.filter(next_attempt_at=None).values_list("key", flat=True)) == ["files"]


def test_kept_source_is_asked_and_the_same_file_again_changes_nothing():
    assert keep(OPENCOST) == [("oc", True)]
    row = Source.objects.get()
    assert (row.next_attempt_at, row.every_seconds) == (NOW, 3600)
    assert keep(OPENCOST) == [("oc", False)]
    assert Event.objects.filter(kind="audit.cost-source.added").count() == 1


def test_changed_source_is_recorded_with_what_changed_and_takes_it_from_its_worker():
    keep(OPENCOST)
    keep(OPENCOST.replace('"OpenCost"', '"OpenCost EU"') + 'timeout = 2.5\ntoken = "env:OC"\n')
    row = Source.objects.get()
    assert (row.name, row.fence) == ("OpenCost EU", 2)
    event = Event.objects.get(kind="audit.cost-source.changed")
    assert event.detail["fields"]["options"]["timeout"] == "2.5"


def test_another_kind_under_the_same_key_is_refused():
    keep(OPENCOST)
    with pytest.raises(CostConflict):
        keep(OPENCOST.replace("opencost", "prometheus"))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("key =", "This is no TOML file"),
        (b"\xff", "This is no TOML file"),
        ('[[source]]\nkey = "A B"\nname = ""\nkind = "excel"\n', "source.1.key"),
        (OPENCOST + OPENCOST, "the same key stands twice: oc"),
        (OPENCOST + 'token = "s3cret"\n', "oc: options.token"),
        (OPENCOST.replace("http://oc", "http://me:pw@oc"), "oc: options.url"),
        (OPENCOST + "steps = 4\n", "oc: options.steps"),
        (OPENCOST + 'facts = ["activity"]\n', "oc: options.facts.0"),
        (
            '[[source]]\nkey="g"\nname="g"\nkind="google"\n[source.options]\ntable = "x`; DROP"\n',
            "g: options.table",
        ),
    ],
)
def test_file_with_a_fault_is_refused_by_place_and_never_repeats_a_secret(text, expected):
    found = faults(text)
    assert any(one.startswith(expected) or expected in one for one in found)
    assert not any("s3cret" in one or "pw@" in one for one in found)


def test_every_fault_of_the_file_is_named():
    assert len(faults('[[source]]\nkey = "A B"\nname = ""\nkind = "excel"\nevery_minutes = 0\n')) == 4


@pytest.fixture
def files():
    return Source.objects.create(key="files", kind="csv", name="Files")


def bring(files, name="plain.csv", now=NOW):
    data = (SAMPLES / name).read_bytes()
    return bring_file(source=files, data=data, name=name, format="auto", by=ROOT, now=now)


def test_file_is_stored_with_its_digest_and_the_same_again_changes_nothing(files):
    load = bring(files)
    assert (load.file_name, load.changed_slices > 0) == ("plain.csv", True)
    rows = Usage.objects.count()
    again = bring(files)
    assert (again.digest, again.changed_slices) == (load.digest, 0)
    assert Usage.objects.count() == rows


def test_look_at_a_file_stores_nothing(files):
    data = (SAMPLES / "plain.csv").read_bytes()
    look = look_at_file(source=files, data=data, name="plain.csv", format="auto", now=NOW)
    assert [one.after.rows > 0 for one in look.preview.days]
    assert (Slice.objects.count(), Load.objects.count(), Usage.objects.count()) == (0, 0, 0)


def test_file_of_a_day_that_is_not_over_ends_before_it(files):
    bring(files, now=datetime(2026, 3, 3, 10, tzinfo=UTC))
    files.refresh_from_db()
    assert files.complete_through == datetime(2026, 3, 3, tzinfo=UTC)


def test_malformed_file_stores_nothing(files):
    data = (SAMPLES / "plain.csv").read_bytes() + b"nonsense\n"
    with pytest.raises(CostError):
        bring_file(source=files, data=data, name="plain.csv", format="auto", by=ROOT, now=NOW)
    assert (Slice.objects.count(), Load.objects.count(), Event.objects.count()) == (0, 0, 0)


def test_command_brings_a_file_or_says_what_would_change(files):
    out = StringIO()
    call_command("bring_usage", str(SAMPLES / "plain.csv"), source="files", dry_run=True, stdout=out)
    assert "2026-03-02: rows 0 -> " in out.getvalue()
    assert Slice.objects.count() == 0
    call_command("bring_usage", str(SAMPLES / "plain.csv"), source="files", stdout=out)
    assert "SHA-256" in out.getvalue()
    assert Slice.objects.count() > 0


def test_command_names_every_fault_and_unknown_sources(files, tmp_path):
    bad = tmp_path / "bad.csv"
    bad.write_text("start,end,cluster,gpu_type,gpus\nx,y,lab,l40s,many\n")
    with pytest.raises(CommandError, match="Line 2, start"):
        call_command("bring_usage", str(bad), source="files")
    with pytest.raises(CommandError, match="There are: files"):
        call_command("bring_usage", str(bad), source="nobody")


def test_command_keeps_sources(tmp_path):
    file = tmp_path / "costs.toml"
    file.write_text(OPENCOST)
    out = StringIO()
    call_command("keep_cost_sources", str(file), stdout=out)
    assert out.getvalue() == "oc: written down\n"
    file.write_text(OPENCOST + "x = 1\n")
    with pytest.raises(CommandError, match=r"options\.x"):
        call_command("keep_cost_sources", str(file))


def test_source_is_asked_at_once_and_read_again_from_a_day_on(files):
    keep(OPENCOST)
    row = Source.objects.get(key="oc")
    Source.objects.filter(pk=row.pk).update(next_attempt_at=NOW + timedelta(hours=5), cursor=NOW)
    assert ask_now(source=row, by=ROOT, now=NOW).next_attempt_at == NOW
    since = NOW - timedelta(days=9)
    assert read_again(source=row, since=since, by=ROOT, now=NOW).cursor == since
    with pytest.raises(CostError) as caught:
        ask_now(source=files, by=ROOT, now=NOW)
    assert caught.value.code == "not_asked"
