"""The catalogue of texts: what is new, gone, untranslated or guessed is named."""

from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from portal.cli.management.commands import messages

HEADER = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
GOOD = 'msgid "Approve"\nmsgstr "批准"\n'
LONG = 'msgid ""\n"First line\\n"\n"second line"\nmsgstr ""\n"一\\n"\n"二"\n'


@pytest.fixture
def catalogue(tmp_path: Path, settings: pytest.FixtureRequest) -> Path:
    settings.BASE_DIR = tmp_path  # type: ignore[attr-defined]
    path = tmp_path / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"
    path.parent.mkdir(parents=True)
    path.write_text(HEADER + GOOD)
    return path


def collected(monkeypatch: pytest.MonkeyPatch, path: Path, content: str) -> None:
    monkeypatch.setattr(messages, "_collect", lambda: path.write_text(HEADER + content))


def test_a_complete_catalogue_passes_and_stays_as_it_is(
    catalogue: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    collected(monkeypatch, catalogue, GOOD)
    call_command("messages", "--check")
    assert catalogue.read_text() == HEADER + GOOD


@pytest.mark.parametrize(
    ("now", "named"),
    [
        (GOOD + '\nmsgid "Deny"\nmsgstr "拒绝"\n', "Not in the catalogue: Deny"),
        (GOOD + "\n" + LONG, r"Not in the catalogue: First line\nsecond line"),
        ("", "No longer used: Approve"),
        ('msgid "Approve"\nmsgstr ""\n', "Not translated: Approve"),
        ('#, fuzzy\nmsgid "Approve"\nmsgstr "批"\n', "Translation is a guess: Approve"),
    ],
)
def test_each_fault_is_named_and_nothing_is_changed(
    catalogue: Path, monkeypatch: pytest.MonkeyPatch, now: str, named: str
) -> None:
    if named.startswith(("Not t", "Transl")):
        catalogue.write_text(HEADER + now)
    before = catalogue.read_text()
    collected(monkeypatch, catalogue, now)
    with pytest.raises(CommandError) as refused:
        call_command("messages", "--check")
    assert str(refused.value).splitlines() == [named, "Run `make messages` and translate."]
    assert catalogue.read_text() == before


def test_a_missing_catalogue_says_what_to_do(catalogue: Path) -> None:
    catalogue.unlink()
    with pytest.raises(CommandError, match="make messages"):
        call_command("messages", "--check")


def test_without_check_the_texts_are_compiled(catalogue: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    collected(monkeypatch, catalogue, GOOD)
    call_command("messages")
    assert "批准".encode() in catalogue.with_suffix(".mo").read_bytes()
