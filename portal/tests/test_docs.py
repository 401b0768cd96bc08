"""docs/operations.md and .env.example name every setting, with the default the code has, and no other."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

from portal.environment import ADDRESSES

ROOT = Path(settings.BASE_DIR)
READERS = ["portal/settings.py", "portal/sign_in_settings.py", "portal/secret_key.py", "portal/asgi.py"]
ROW = re.compile(r"^\| `([A-Z_]+)` \| (.*?) \|", re.MULTILINE)
EXAMPLE = re.compile(r"^(?:# )?([A-Z][A-Z_]+)=(.*)$", re.MULTILINE)
IN_COMPOSE = re.compile(r"\$\{([A-Z_]+)")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\((?!https?:|mailto:|#)([^)#\s]+)")
COMMAND = re.compile(r"manage\.py ([a-z_]+)")


def reads() -> Iterator[tuple[str, ast.expr | None]]:
    """Each name that the settings read from the environment, with the expression of its default."""
    for path in READERS:
        for node in ast.walk(ast.parse((ROOT / path).read_text("utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {
                *("env.text", "env.flag", "env.number", "env.words", "os.environ.get"),
            }:
                name = ast.literal_eval(node.args[0])
                given = [*node.args[1:2], *(k.value for k in node.keywords if k.arg == "default")]
                yield name, given[0] if given else None
    yield from ((name, None) for name in ADDRESSES)


def names() -> set[str]:
    return {name for name, _default in reads()}


def constant_defaults() -> dict[str, str]:
    """Defaults that stand in the code as plain values, as the table writes them."""
    found = {}
    for name, default in reads():
        if isinstance(default, ast.Constant):
            value = str(default.value).lower() if isinstance(default.value, bool) else str(default.value)
            found[name] = value
    return found


def table() -> dict[str, str]:
    return dict(ROW.findall((ROOT / "docs/operations.md").read_text("utf-8")))


def example() -> dict[str, str]:
    return dict(EXAMPLE.findall((ROOT / ".env.example").read_text("utf-8")))


def compose_names() -> set[str]:
    return set(IN_COMPOSE.findall((ROOT / "deploy/compose.yaml").read_text("utf-8")))


def documents() -> list[Path]:
    written = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    return sorted(path for path in written if path.is_file())


def test_operations_names_exactly_the_settings_that_are_read() -> None:
    assert set(table()) == names()


def test_the_example_names_exactly_the_settings_that_are_read() -> None:
    assert set(example()) - compose_names() == names() - compose_names()
    assert compose_names() <= set(example())


def test_operations_gives_the_defaults_of_the_code() -> None:
    written = {name: cell.strip("`") for name, cell in table().items()}
    expected = {name: value for name, value in constant_defaults().items() if value}
    assert {name: written[name] for name in expected} == expected


def test_the_example_gives_the_defaults_of_the_code() -> None:
    shown = {
        name: value
        for name, value in re.findall(
            r"^# ([A-Z_]+)=(\S.*)$", (ROOT / ".env.example").read_text("utf-8"), re.MULTILINE
        )
        if name in constant_defaults() and "example.com" not in value
    }
    assert shown == {name: constant_defaults()[name] for name in shown}


@pytest.mark.parametrize("path", documents(), ids=lambda path: str(path.relative_to(ROOT)))
def test_links_lead_somewhere(path: Path) -> None:
    targets = LINK.findall(path.read_text("utf-8"))
    assert [link for link in targets if not (path.parent / link).exists()] == []


def test_what_holds_the_invariants_exists() -> None:
    code = [
        path.read_text("utf-8")
        for app in ("audit", "grants", "approvals", "portal")
        for path in (ROOT / app).rglob("*.py")
    ]
    rows = [
        line
        for line in (ROOT / "docs/architecture.md").read_text("utf-8").splitlines()
        if line.startswith("| I")
    ]
    named = [name for line in rows for name in re.findall(r"`([a-z_]+)`", line)]
    missing = [
        name for name in named if not any(f"def {name}(" in text or f'"{name}"' in text for text in code)
    ]
    assert (len(rows), missing) == (12, [])


def test_commands_in_the_documents_exist() -> None:
    known = {path.stem for path in ROOT.glob("*/*/management/commands/*.py")} | {
        *("migrate", "check", "shell", "makemigrations", "collectstatic"),
    }
    named = {name for path in documents() for name in COMMAND.findall(path.read_text("utf-8"))}
    assert named - known == set()
