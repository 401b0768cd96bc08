"""The part of JQL that clients of the stand-in use: joined by AND, then an order (by creation, always)."""

import re
from collections.abc import Callable

from portal.sandbox.jira.store import Issue, Store, now_ms

_ORDER = re.compile(r"\s*\border\s+by\b.*$", re.IGNORECASE | re.DOTALL)
_CLAUSE = re.compile(
    r'\s*([A-Za-z]+)\s*(not\s+in|in|>=|!=|=)\s*(\([^()]*\)|"[^"]*"|[^\s()]+)\s*', re.IGNORECASE
)
_AGO = re.compile(r"-(\d{1,9})([mhdw])")
_UNIT = {"m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 604_800_000}

Test = Callable[[Issue], bool]


class BadQuery(Exception):
    """The query cannot be answered; the text is what Jira would say."""


def search(store: Store, jql: str) -> list[Issue]:
    """The issues a query finds, oldest first. Raises BadQuery."""
    tests = [_test(store, *clause) for clause in _clauses(_ORDER.sub("", jql))]
    found = (issue for issue in store.issues.values() if all(test(issue) for test in tests))
    return sorted(found, key=lambda issue: (issue.created, int(issue.id)))


def is_bounded(jql: str) -> bool:
    """Whether a query restricts anything: Cloud refuses those that do not."""
    return bool(_ORDER.sub("", jql).strip())


def _clauses(text: str) -> list[tuple[str, str, list[str]]]:
    found, place = [], 0
    while text[place:].strip():
        match = _CLAUSE.match(text, place)
        if match is None:
            raise BadQuery(
                f"Error in the JQL Query: Expecting a clause near '{text[place : place + 20].strip()}'."
            )
        values = [value.strip().strip('"') for value in match[3].strip("()").split(",")]
        found.append((match[1].lower(), " ".join(match[2].lower().split()), values))
        place = match.end()
        if joined := re.compile(r"and\b", re.IGNORECASE).match(text, place):
            place = joined.end()
        elif text[place:].strip():
            raise BadQuery(
                f"Error in the JQL Query: Expecting 'AND' near '{text[place : place + 20].strip()}'."
            )
    return found


def _test(store: Store, field: str, operator: str, values: list[str]) -> Test:
    negated = operator in ("!=", "not in")
    if field in ("key", "issuekey", "issue", "id"):
        wanted = {_known_issue(store, value) for value in values}
        return lambda issue: (issue.id in wanted) != negated
    if field == "project":
        wanted = {_known_project(store, value) for value in values}
        return lambda issue: (issue.project_id in wanted) != negated
    if field == "statuscategory":
        wanted = {_CATEGORY.get(value.lower(), value.lower()) for value in values}
        return lambda issue: (issue.category in wanted) != negated
    if field in ("updated", "statuscategorychangeddate") and operator == ">=":
        since = _since(values[0])
        moment = "updated" if field == "updated" else "category_changed"
        # Jira counts in minutes: what changed in the minute of the limit is found too.
        return lambda issue: getattr(issue, moment) // 60_000 >= since // 60_000
    raise BadQuery(f"Field '{field}' does not exist or you do not have permission to view it.")


_CATEGORY = {"to do": "new", "in progress": "indeterminate", "done": "done"}


def _known_issue(store: Store, key: str) -> str:
    issue = store.issue(key)
    if issue is None:
        raise BadQuery(f"An issue with key '{key}' does not exist for field 'key'.")
    return issue.id


def _known_project(store: Store, key: str) -> str:
    project = store.project(key)
    if project is None:
        raise BadQuery(f"The value '{key}' does not exist for the field 'project'.")
    return project.id


def _since(value: str) -> int:
    match = _AGO.fullmatch(value)
    if match is None:
        raise BadQuery(f"Date value '{value}' is invalid. Valid formats include: '-5m', '-2h', '-1d', '-1w'.")
    return now_ms() - int(match[1]) * _UNIT[match[2]]
