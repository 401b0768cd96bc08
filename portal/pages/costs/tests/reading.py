"""Reads what a page of costs shows: the rows of a table, the figures on top, the finding of a chart."""

import html
import re


def rows_of(page: str, key: str) -> list[list[str]]:
    """The rows of a table with its heading, each a list of texts."""
    found = re.search(rf'id="{key}-table".*?</table>', page, re.DOTALL)
    assert found, key
    rows = re.findall(r"<tr.*?</tr>", found[0], re.DOTALL)
    return [
        [_text(cell) for cell in re.findall(r"<(?:th|td)[^>]*>(.*?)</(?:th|td)>", row, re.DOTALL)]
        for row in rows
    ]


def column(page: str, key: str, name: str) -> list[str]:
    """One column of a table, without its heading."""
    heading, *rows = rows_of(page, key)
    return [row[heading.index(name)] for row in rows]


def stats_of(page: str) -> dict[str, str]:
    """The figures on top by their name."""
    found = re.findall(r'<div class="stat">.*?<a[^>]*>(.*?)</a>.*?<b>(.*?)</b>', page, re.DOTALL)
    return {_text(name): _text(value) for name, value in found}


def finding(page: str, key: str) -> str:
    """What a chart says it shows."""
    found = re.search(rf'<figure[^>]*id="{key}".*?<p>(.*?)</p>', page, re.DOTALL)
    assert found, key
    return _text(found[1])


def number(text: str) -> float:
    """A shown number."""
    return float(text.replace(",", ""))


def _text(markup: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup)).split())
