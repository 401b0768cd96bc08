import pytest
from django.core.management import CommandError, call_command

from portal.cli.management.commands.state_diagram import render


def test_committed_page_is_what_the_tables_say():
    call_command("state_diagram", "--check")


def test_check_names_a_stale_or_missing_page(tmp_path):
    page = tmp_path / "states.md"
    with pytest.raises(CommandError, match=r"states\.md is stale"):
        call_command("state_diagram", "--check", path=str(page))
    page.write_text("old", "utf-8")
    with pytest.raises(CommandError, match=r"states\.md is stale"):
        call_command("state_diagram", "--check", path=str(page))
    assert page.read_text("utf-8") == "old"


def test_writing_makes_the_check_pass(tmp_path):
    page = tmp_path / "docs" / "states.md"
    call_command("state_diagram", path=str(page))
    call_command("state_diagram", "--check", path=str(page))
    assert page.read_text("utf-8") == render()
    assert "revoking --> ended: finish (delivery)" in render()
