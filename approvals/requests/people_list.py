"""Reads a pasted list of people into lines, whatever it was copied from. Pure, linear in the text."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from grants.directory.folding import clean, fold
from grants.directory.list_errors import ListError

MAX_PEOPLE = 500
MAX_BYTES = 64 * 1024
MAX_RAW = 400  # characters kept of what was written

# One character for one, so that a place in the plain text is the same place in what was written.
_PLAIN = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)}
_PLAIN |= dict.fromkeys(map(ord, "、､﹐﹑"), ord(",")) | {0x3000: ord("\t"), ord("﹔"): ord(";")}
_PLAIN |= dict.fromkeys(map(ord, "\xa0\u1680\u2007\u202f\u205f"), ord(" "))
_PLAIN |= dict.fromkeys(map(ord, "“”„«»"), ord('"')) | dict.fromkeys(map(ord, "‘’"), ord("'"))

_QUOTED = r""""[^"\n]*"(?=\ *<)|'[^'\n]*'(?=\ *<)"""
_PIECE = re.compile(rf"{_QUOTED}|<[^<>\n]*>|(?P<separator>[\n\t,;])")
_NUMBERING = re.compile(r"^[ \t\u3000]*\d{1,3}、(?=\s*[^\W\d])", re.MULTILINE)
_BULLET = re.compile(r"^(?:[-*•·>]|\d{1,3}[.)])\s+")
_NAMED = re.compile(r"(?P<name>[^<>()]*)[<(](?i:mailto:)?(?P<address>[^\s<>()@]+@[^\s<>()@]+)[>)]")
_WORD = re.compile(r"\S+")
_EDGES = " \t\n\"'<>()[]{}.,;:"
_NAME_EDGES = " \"',;:"

Span = tuple[int, int, str]  # from, to, and the separator that ended it


@dataclass(frozen=True, slots=True)
class Line:
    """One entry of a list: its number, what was written, what to look up, and the name written beside it."""

    number: int
    raw: str
    token: str
    display_name: str | None = None


def parse_people(text: str) -> list[Line]:
    """The entries of a pasted list, numbered from 1 in the order written.

    Raises ListError `list_too_long` (limit_kb, size_kb) above 64 KB of UTF-8 and `too_many_people`
    (limit, count) above 500 entries.
    """
    size = len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        raise ListError("list_too_long", {"limit_kb": MAX_BYTES // 1024, "size_kb": -(-size // 1024)})
    lines: list[Line] = []
    for raw in _entries(_NUMBERING.sub("", clean(text))):
        line = read_entry(raw, len(lines) + 1)
        if line:
            lines.append(line)
    return within_limit(lines)


def within_limit(lines: list[Line]) -> list[Line]:
    """The same lines; raises ListError `too_many_people` (limit, count) above 500."""
    if len(lines) > MAX_PEOPLE:
        raise ListError("too_many_people", {"limit": MAX_PEOPLE, "count": len(lines)})
    return lines


def read_entry(raw: str, number: int) -> Line | None:
    """One entry as a line, e.g. a row edited in place; None where nothing in it could name a person."""
    written = clean(raw).strip()
    plain = _BULLET.sub("", written.translate(_PLAIN)).strip()
    name, said = _name_and_token(plain)
    token = fold(said.strip(_EDGES)).removeprefix("mailto:")
    if not any(character.isalnum() for character in token):
        return None
    display_name = " ".join(unicodedata.normalize("NFKC", name).split()).strip(_NAME_EDGES)
    return Line(number, _shortened(written), token, display_name or None)


def _name_and_token(plain: str) -> tuple[str, str]:
    """What is the name and what is to be looked up: `Li Na <li.na@x>`, `Li Na (li.na@x)`, `Li Na li.na@x`."""
    named = _NAMED.fullmatch(plain)
    if named:
        return named["name"], named["address"]
    words = plain.split()
    addresses = [word for word in words if "@" in word]
    if len(addresses) != 1:
        return "", plain
    return " ".join(word for word in words if "@" not in word), addresses[0]


def _shortened(written: str) -> str:
    return written if len(written) <= MAX_RAW else written[: MAX_RAW - 1] + "…"


def _entries(text: str) -> Iterator[str]:
    """What stands between separators; quoted names and addresses in brackets hold theirs."""
    plain = text.translate(_PLAIN)
    for start, end, _ in _with_surnames(plain, _spans(plain)):
        words = list(_WORD.finditer(plain, start, end))
        if len(words) > 1 and all("@" in word[0] and "<" not in word[0] for word in words):
            yield from (text[slice(*word.span())] for word in words)
        else:
            yield text[start:end]


def _spans(plain: str) -> Iterator[Span]:
    start = 0
    for piece in _PIECE.finditer(plain):
        if piece["separator"]:
            yield start, piece.start(), piece[0]
            start = piece.end()
        elif piece[0].startswith("<"):
            yield start, piece.end(), ""
            start = piece.end()
    yield start, len(plain), ""


def _with_surnames(plain: str, spans: Iterator[Span]) -> Iterator[Span]:
    """Put `Li` and `Na <li.na@x>` together again where a mail program wrote the name without quotes."""
    held = next(spans)
    for span in spans:
        if held[2] == "," and _is_surname(plain[held[0] : held[1]], plain[span[0] : span[1]]):
            held = (held[0], span[1], span[2])
        else:
            yield held
            held = span
    yield held


def _is_surname(left: str, right: str) -> bool:
    """Whether the address itself says so. A guess would lose a person who was listed before another."""
    named = _NAMED.fullmatch(right.strip())
    if not named or "@" in left:
        return False
    words, given = fold(left).split(), fold(named["name"]).split()
    local = fold(named["address"].partition("@")[0])
    return 0 < len(words) <= 3 and all(
        len(word) > 1 and word in local and word not in given for word in words
    )
