"""Reads from the source which kinds of events Purser can record: every `record(kind, ...)`, followed to its callers."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from pathlib import Path

from approvals.requests.states import LANE_MOVES, REQUEST_MOVES
from grants.delivery.states import Status
from grants.lifecycle.states import MOVES
from portal.accounts.devices import ALLOWED, DENIED

ROOT = Path(__file__).resolve().parents[4]
APPS = ("audit", "grants", "approvals", "portal")
NOT_OURS = {"tests", "bench", "migrations", "testing.py", "bench.py", "connectors"}
"""What runs in tests and measurements only, or writes no events."""

TABLES = [*MOVES.values(), *REQUEST_MOVES.values(), *LANE_MOVES.values()]
READ = {
    "kind": frozenset(move.kind for move in TABLES),
    "status": frozenset({Status.VERIFIED.value, Status.PROVEN.value}),
    "state": frozenset({ALLOWED, DENIED}),
}
"""What attributes hold that a kind is made of: the tables of moves, and the states that delivery and devices record."""

Function = ast.FunctionDef | ast.AsyncFunctionDef


class CannotSay(AssertionError):
    """A kind that is made in a way this reader does not know; `str()` says where."""


@dataclass(frozen=True)
class Place:
    """An expression in a module, and the function around it."""

    node: ast.expr
    function: Function | None
    module: "Module"


class Module:
    """One source file, with its calls and the functions around them."""

    def __init__(self, path: Path) -> None:
        """Read and parse the file."""
        self.path = path
        self.tree = ast.parse(path.read_text())

    @cached_property
    def calls(self) -> list[tuple[ast.Call, Function | None]]:
        """Every call with the innermost function around it."""
        return list(_calls(self.tree, None))

    def calls_of(self, name: str, home: "Module | None") -> list[tuple[ast.Call, Function | None]]:
        """The calls of a function, but not those of another that this module imports under the same name."""
        sources = {
            node.module
            for node in ast.walk(self.tree)
            if isinstance(node, ast.ImportFrom) and _names(node, name)
        }
        if home and sources and home.dotted not in sources:
            return []
        return [(call, function) for call, function in self.calls if _called(call) == name]

    @property
    def dotted(self) -> str:
        """The name it is imported by."""
        return ".".join(self.path.relative_to(ROOT).with_suffix("").parts)

    def assigned(self, name: str, scope: ast.AST) -> list[ast.expr]:
        """What is assigned to a name within a function or the module."""
        return [
            node.value
            for node in ast.walk(scope)
            if isinstance(node, ast.Assign)
            and any(isinstance(to, ast.Name) and to.id == name for to in node.targets)
        ]


class Source:
    """All of Purser's own source."""

    def __init__(self) -> None:
        """Parse every module that may record events."""
        paths = [path for app in APPS for path in sorted((ROOT / app).rglob("*.py"))]
        own = [path for path in paths if not NOT_OURS & set(path.relative_to(ROOT).parts)]
        self.modules = [Module(path) for path in own]

    def recorded(self) -> set[str]:
        """Every kind that a `record` can be called with. Raises CannotSay."""
        return set().union(*(self.values(place) for place in self.arguments("record", 0, "kind", None)))

    def arguments(self, name: str, position: int, keyword: str, home: Module | None) -> list[Place]:
        """The argument of every call of a function; `home` is its module, which alone calls what is private to it."""
        found = []
        for module in [home] if home and name.startswith("_") else self.modules:
            for call, function in module.calls_of(name, home):
                if (node := _argument(call, position, keyword)) is not None:
                    found.append(Place(node, function, module))
        return found

    def values(self, place: Place) -> set[str]:
        """Every text the expression can have. Raises CannotSay."""
        match place.node:
            case ast.Constant(value=str(text)):
                return {text}
            case ast.IfExp() | ast.Dict():
                return set().union(*(self._at(place, choice) for choice in _choices(place.node)))
            case ast.JoinedStr(values=parts):
                return {"".join(texts) for texts in product(*(self._at(place, part) for part in parts))}
            case ast.FormattedValue(value=value):
                return self._at(place, value)
            case ast.Attribute(attr=name) if name in READ:
                return set(READ[name])
            case ast.Name(id=name) | ast.Subscript(value=ast.Name(id=name)):
                return self._named(place, name)
        raise _unknown(place)

    def _at(self, place: Place, node: ast.expr) -> set[str]:
        return self.values(Place(node, place.function, place.module))

    def _named(self, place: Place, name: str) -> set[str]:
        """What a name holds: assigned in its function, given by the callers, or a constant of the module."""
        function, module = place.function, place.module
        inside = module.assigned(name, function) if function else []
        if function and not inside and name in (given := _parameters(function)):
            # A function that nobody calls records nothing.
            callers = self.arguments(function.name, given.index(name), name, module)
            return set().union(*(self.values(caller) for caller in callers))
        assigned = inside or module.assigned(name, module.tree)
        if not assigned:
            raise _unknown(place)
        return set().union(*(self._at(place, node) for node in assigned))


def _unknown(place: Place) -> CannotSay:
    where = f"{place.module.path.relative_to(ROOT)}:{place.node.lineno}"
    return CannotSay(f"{where}: which kinds are recorded here? {ast.unparse(place.node)}")


def _choices(node: ast.IfExp | ast.Dict) -> list[ast.expr]:
    return node.values if isinstance(node, ast.Dict) else [node.body, node.orelse]


def _calls(node: ast.AST, function: Function | None) -> Iterator[tuple[ast.Call, Function | None]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call):
            yield child, function
        yield from _calls(child, child if isinstance(child, Function) else function)


def _names(node: ast.ImportFrom, name: str) -> bool:
    return any((alias.asname or alias.name) == name for alias in node.names)


def _called(call: ast.Call) -> str:
    return getattr(call.func, "id", "") or getattr(call.func, "attr", "")


def _argument(call: ast.Call, position: int, keyword: str) -> ast.expr | None:
    named = next((given.value for given in call.keywords if given.arg == keyword), None)
    return named or (call.args[position] if position < len(call.args) else None)


def _parameters(function: Function) -> list[str]:
    given = function.args
    return [parameter.arg for parameter in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
