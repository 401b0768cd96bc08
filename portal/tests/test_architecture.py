"""The form of the house: the arrow between models, the budgets of form, what pure modules may import."""

import ast
from itertools import chain
from pathlib import Path
from statistics import quantiles

import pytest
from django.apps import apps
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
ORDER = ["audit", "grants", "approvals", "portal"]
ROOM_ORDER = {
    "audit": [["ledger"], ["pulls", "costs"]],
    "grants": [["connectors"], ["directory", "catalogue"], ["lifecycle"], ["delivery", "tokens", "tracker"]],
    "approvals": [["policy"], ["routing"], ["requests"]],
}
PURE = [
    "grants/connectors/*.py",
    "grants/lifecycle/states.py",
    "grants/lifecycle/rules.py",
    "grants/directory/roles.py",
    "grants/catalogue/reference.py",
    "grants/catalogue/reports.py",
    "approvals/policy/facts.py",
    "approvals/policy/checks.py",
    "approvals/policy/evaluation.py",
    "approvals/policy/types.py",
    "approvals/requests/states.py",
    "approvals/requests/people_list.py",
    "audit/pulls/counting.py",
    "audit/costs/records.py",
    "audit/costs/types.py",
    "audit/costs/figures.py",
    "audit/costs/forecasting.py",
    "audit/costs/sharing.py",
    "audit/costs/attribution.py",
    "audit/costs/pricing.py",
    "audit/ledger/offline.py",
    "audit/ledger/merkle.py",
]
LONGEST_FUNCTION, LONGEST_FILE, LONGEST_TEST_FILE = 50, 300, 450
TABLES = {"portal/pages/words.py"}  # tables of words: data, not code


def python_files() -> list[Path]:
    files = chain.from_iterable((ROOT / app).rglob("*.py") for app in ORDER)
    return sorted(path for path in files if "migrations" not in path.parts)


def is_test(path: Path) -> bool:
    return "tests" in path.parts or path.name == "testing.py"


def functions(path: Path) -> list[tuple[str, int]]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return [
        (
            f"{path.relative_to(ROOT)}:{node.lineno} {node.name}",
            (node.end_lineno or node.lineno) - node.lineno + 1,
        )
        for node in ast.walk(tree)
        if isinstance(node, kinds)
    ]


def rank(module: str) -> tuple[int, int]:
    app, _, room = module.partition(".")
    rooms = ROOM_ORDER.get(app, [])
    level = next((i for i, names in enumerate(rooms) if room.split(".")[0] in names), 0)
    return ORDER.index(app), level


def test_foreign_keys_follow_the_arrow() -> None:
    upward = []
    for model in apps.get_models():
        source = model.__module__.removesuffix(".models")
        if source.split(".")[0] not in ORDER:
            continue
        for field in model._meta.get_fields():
            target = field.related_model if field.is_relation and field.concrete else None
            if target is None or target.__module__.split(".")[0] not in ORDER:
                continue
            if rank(target.__module__) > rank(source):
                upward.append(f"{model.__name__}.{field.name} -> {target.__module__}")
    assert upward == []


def test_audit_holds_no_foreign_keys_out() -> None:
    out = [
        f"{model.__name__}.{field.name}"
        for model in apps.get_models()
        if model.__module__.startswith("audit.")
        for field in model._meta.get_fields()
        if field.is_relation and field.concrete and not field.related_model.__module__.startswith("audit.")
    ]
    assert out == []


@pytest.mark.parametrize("pattern", PURE)
def test_pure_modules_do_not_import_django(pattern: str) -> None:
    paths = list(ROOT.glob(pattern))
    assert paths, f"no file matches {pattern}"
    imports = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in paths
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in imported(node)
        if name.split(".")[0] in {"django", "rest_framework", "celery", "portal"}
    ]
    assert imports == []


def imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module] if isinstance(node, ast.ImportFrom) and node.module else []


def test_no_function_is_over_its_budget() -> None:
    long = [name for path in python_files() for name, lines in functions(path) if lines > LONGEST_FUNCTION]
    assert long == []


def test_functions_are_short_as_a_rule() -> None:
    lengths = [lines for path in python_files() if not is_test(path) for _, lines in functions(path)]
    deciles = quantiles(lengths, n=10)
    assert (deciles[4] <= 8, deciles[8] <= 25) == (True, True), deciles


def test_files_are_within_their_budget() -> None:
    def budget(path: Path) -> int:
        return LONGEST_TEST_FILE if is_test(path) else LONGEST_FILE

    long = [
        f"{path.relative_to(ROOT)}: {lines}"
        for path in python_files()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > budget(path)
        and str(path.relative_to(ROOT)) not in TABLES
    ]
    assert long == []


def test_the_application_runs_no_request_in_one_transaction() -> None:
    assert not settings.DATABASES["default"].get("ATOMIC_REQUESTS", False)
