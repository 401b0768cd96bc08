"""Entries of any target as YAML documents, in Purser's own words for them. Pure."""

from collections.abc import Iterable
from typing import Any

import yaml

from grants.connectors.base import Entry


def plain_yaml(entries: Iterable[Entry]) -> str:
    """A document for each entry; a fact may have several values, and those about the look only are left out."""
    documents = [{"kind": one.kind, "key": one.key, "facts": _facts(one)} for one in entries]
    return yaml.safe_dump_all(documents, sort_keys=False, allow_unicode=True, explicit_start=True, width=110)


def _facts(entry: Entry) -> dict[str, Any]:
    facts: dict[str, list[str]] = {}
    for name, value in sorted(entry.attributes):
        if not name.startswith("seen_"):
            facts.setdefault(name, []).append(value)
    return facts
