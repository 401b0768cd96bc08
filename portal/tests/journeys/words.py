"""English left on a Chinese page: Latin words that are no name, code or address."""

import re
from pathlib import Path

from playwright.sync_api import Page

ALLOWED = frozenset(
    (Path(__file__).parent / "names_and_codes.txt").read_text(encoding="utf-8").split(),
)
TEXT = """() => {
  const lines = [];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode;
    const around = node.parentElement;
    const skipped = "script, style, noscript, code, pre, kbd, .mono, textarea, time, [lang=en]";
    if (!node.data.trim() || around.closest(skipped)) continue;
    lines.push(node.data.trim());
  }
  for (const one of document.querySelectorAll("[aria-label], [title], [placeholder]"))
    for (const name of ["aria-label", "title", "placeholder"]) lines.push(one.getAttribute(name) ?? "");
  return lines;
}"""
WORD = re.compile(r"[A-Za-z][A-Za-z'-]+")
ADDRESS = re.compile(r"\S*[@/:._]\S*|\b[A-Z]+-\d+\b")


def english_left(page: Page) -> list[str]:
    """The texts of the page that hold an English word which nobody allowed."""
    found = [text for text in page.evaluate(TEXT) if _strange(text)]
    return sorted(set(found))[:8]


def _strange(text: str) -> list[str]:
    plain = ADDRESS.sub(" ", text)
    return [word for word in WORD.findall(plain) if word.lower() not in ALLOWED and len(word) > 2]
