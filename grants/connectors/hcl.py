"""Terraform's language written as `terraform fmt` would write it. Pure.

Alignment, as seen with terraform 1.11: the equal signs of neighbouring lines stand in one column; a value of several
lines ends a run of neighbours and is not aligned itself.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import wrap
from typing import Any

STEP = "  "
WIDTH = 100
SHORT = 3  # plain values that still stand on one line
_CONTROL = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_UNWRITABLE = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Raw:
    """An expression, written as it is."""

    text: str


@dataclass(frozen=True, slots=True)
class Comment:
    """Lines for people. Whatever they hold, no line of them is read as code. `above`: about the next block."""

    text: str
    above: bool = False


@dataclass(frozen=True, slots=True)
class Attribute:
    """`name = value`: text, a number, a boolean, an expression, lists and mappings of these."""

    name: str
    value: Any


@dataclass(frozen=True, slots=True)
class Block:
    """`kind "label" "label" { body }`. Blocks stand behind the attributes, as in Terraform's own documents."""

    kind: str
    labels: tuple[str, ...] = ()
    body: "Sequence[Attribute | Block]" = field(default=())


Item = Block | Comment


def document(items: Iterable[Item]) -> str:
    """A file of these items, an empty line between them."""
    lines: list[str] = []
    joined = True
    for item in items:
        lines += [] if joined else [""]
        joined = isinstance(item, Comment) and item.above
        lines += _comment(item) if isinstance(item, Comment) else _block(item)
    return "\n".join(lines) + "\n"


def quoted(text: str) -> str:
    """Text as a string of the language: nothing in it ends the string or begins an expression.

    What cannot be written in UTF-8 becomes a question mark; Terraform itself brings text into its composed form (NFC).
    """
    plain = "".join(_character(one) for one in _UNWRITABLE.sub("?", text))
    # By its number where a dollar or percent sign stands before a brace: doubling is ambiguous behind another one.
    plain = re.sub(r"[$](?=\{)", r"\\u0024", plain)
    return '"' + re.sub(r"%(?=\{)", r"\\u0025", plain) + '"'


def label(*parts: str) -> str:
    """A name for a block from these parts; what had to be changed lives on in six digits, so that no two are one."""
    plain = "_".join(re.sub("[^A-Za-z0-9-]+", "_", part) for part in parts)
    if not re.match("[A-Za-z_]", plain):
        plain = f"_{plain}"
    kept = all(re.fullmatch("[A-Za-z0-9-]+", part) for part in parts) and plain[0] != "_"
    return plain if kept else f"{plain}_{digest(*parts)}"


def digest(*parts: str) -> str:
    """Six digits that tell apart what is otherwise named alike."""
    return hashlib.sha256("\n".join(parts).encode("utf-8", "replace")).hexdigest()[:6]


def _character(one: str) -> str:
    if one in _CONTROL:
        return _CONTROL[one]
    return one if one.isprintable() else f"\\U{ord(one):08x}"


def _comment(comment: Comment) -> list[str]:
    paragraphs = [" ".join(_printable(line).split()) for line in comment.text.split("\n")]
    return [f"# {line}".rstrip() for one in paragraphs for line in wrap(one, WIDTH) or [""]]


def _printable(text: str) -> str:
    return "".join(one if one.isprintable() else " " for one in _UNWRITABLE.sub("?", text))


def _block(block: Block, indent: str = "") -> list[str]:
    head = " ".join([block.kind, *map(quoted, block.labels)])
    attributes = [(one.name, one.value) for one in block.body if isinstance(one, Attribute)]
    lines = _aligned(attributes, indent + STEP)
    for inner in (one for one in block.body if isinstance(one, Block)):
        lines += [""] if lines else []
        lines += _block(inner, indent + STEP)
    return [f"{indent}{head} {{", *lines, f"{indent}}}"] if lines else [f"{indent}{head} {{}}"]


def _aligned(pairs: Iterable[tuple[str, Any]], indent: str) -> list[str]:
    """`name = value` lines, with the equal signs of each run of one-line values in one column."""
    lines: list[str] = []
    run: list[tuple[str, str]] = []
    for name, value in pairs:
        written = _value(value, indent)
        if len(written) == 1:
            run.append((name, written[0]))
            continue
        lines += _run(run, indent)
        run = []
        lines += [f"{indent}{name} = {written[0]}", *written[1:]]
    return lines + _run(run, indent)


def _run(run: Sequence[tuple[str, str]], indent: str) -> list[str]:
    width = max((len(name) for name, _ in run), default=0)
    return [f"{indent}{name.ljust(width)} = {value}" for name, value in run]


def _value(value: Any, indent: str) -> list[str]:
    """The lines of a value; the first one goes behind the equal sign, the others bring their indent along."""
    if isinstance(value, Mapping):
        inner = _aligned(((quoted(str(name)), one) for name, one in value.items()), indent + STEP)
        return ["{", *inner, f"{indent}}}"] if inner else ["{}"]
    if isinstance(value, (list, tuple)):
        return _list(value, indent)
    return [_scalar(value)]


def _list(values: Sequence[Any], indent: str) -> list[str]:
    if len(values) <= SHORT and not any(isinstance(one, (Mapping, list, tuple)) for one in values):
        return [f"[{', '.join(map(_scalar, values))}]"]
    lines: list[str] = []
    for one in values:
        first, *rest = _value(one, indent + STEP)
        lines += [f"{indent}{STEP}{first}", *rest]
        lines[-1] += ","
    return ["[", *lines, f"{indent}]"]


def _scalar(value: object) -> str:
    match value:
        case Raw():
            return value.text
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
    return quoted(str(value))
