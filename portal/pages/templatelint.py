"""Lints templates: nothing the Content-Security-Policy would block, and no words that blame or grovel.

Run it: `python -m portal.pages.templatelint [FOLDER ...]`.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOTS = ("templates",)
BANNED_MARKUP = (
    (re.compile(r"<style\b", re.I), "a <style> element is blocked by the Content-Security-Policy"),
    (re.compile(r"<[a-z][^>]*\sstyle\s*=", re.I), "a style attribute is blocked by the Content-Security-Policy"),
    (re.compile(r"<[a-z][^>]*\son[a-z]+\s*=", re.I), "an event attribute is blocked by the Content-Security-Policy"),
    (re.compile(r"\bhx-on\b"), "hx-on needs eval"),
    (re.compile(r"""hx-trigger\s*=\s*["'][^"']*\["""), "a trigger filter needs eval"),
    (re.compile(r"""hx-va(?:ls|rs)\s*=\s*["']\s*js:"""), "js: values need eval"),
    (re.compile(r"<script(?![^>]*\bsrc=)[^>]*>", re.I), "an inline script is blocked by the Content-Security-Policy"),
    (re.compile(r"""<(?:script|link|img|iframe|use|source)\b[^>]*?(?:src|href)\s*=\s*["'](?:https?:)?//""", re.I),
     "an asset from another origin"),
    (re.compile(r"\|\s*safe\b|\{%\s*autoescape off"), "unescaped output"),
)  # fmt: skip
BANNED_WORDS = re.compile(r"\b(please|sorry|invalid|oops|forbidden)\b", re.I)
BANNED_ZH = re.compile("非法|抱歉|亲，")
_MSGID = re.compile(
    r"""\{%\s*(?:translate|trans)\s+(?P<one>"[^"]*"|'[^']*')|_\((?P<two>"[^"]*"|'[^']*')\)"""
    r"""|\{%\s*blocktrans(?:late)?\b[^%]*%\}(?P<three>.*?)\{%\s*endblocktrans""",
    re.S,
)


@dataclass(frozen=True)
class Finding:
    """One thing to change: where, and why."""

    path: Path
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.reason}"


def lint_text(text: str, path: Path) -> Iterator[Finding]:
    """Yield what is wrong with one template's text."""
    for pattern, reason in BANNED_MARKUP:
        for match in pattern.finditer(text):
            yield Finding(path, _line(text, match), reason)
    for match in _MSGID.finditer(text):
        message = match["one"] or match["two"] or match["three"]
        if found := BANNED_WORDS.search(message):
            yield Finding(
                path, _line(text, match), f"the word “{found[0]}”: say what happened and what to do"
            )
    for match in BANNED_ZH.finditer(text):
        yield Finding(path, _line(text, match), f"the word “{match[0]}”: say what happened and what to do")


def lint(roots: list[Path]) -> list[Finding]:
    """Return the findings of every template under `roots`, in the order of paths."""
    paths = sorted(path for root in roots for path in root.rglob("*.html"))
    return [finding for path in paths for finding in lint_text(path.read_text(encoding="utf-8"), path)]


def main(arguments: list[str]) -> int:
    """Write the findings to standard output; return 1 when there are any."""
    findings = lint([Path(name) for name in arguments or ROOTS])
    sys.stdout.writelines(f"{finding}\n" for finding in findings)
    return 1 if findings else 0


def _line(text: str, match: re.Match[str]) -> int:
    return text.count("\n", 0, match.start()) + 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
