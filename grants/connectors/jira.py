"""Jira, Cloud and Data Center, through the `jira` library: what an issue and a project are now.

Facts it stands on: python-jira waits for ever and retries with sleeps unless told otherwise, the text of its
errors holds headers and bodies, and Cloud has no `/search` any more (so the library must ask which it is).
"""

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar

import requests
from jira import JIRA, JIRAError

from grants.connectors.errors import ConnectorError, Malformed, NotFound, Permanent, Transient
from grants.connectors.http_rules import error_for_status
from grants.connectors.jira_documents import IssueFacts, Page, ProjectFacts, issue_facts, project_facts, read
from grants.connectors.jira_webhooks import WebhookFacts, parse_webhook, verify_signature

__all__ = [
    "IssueFacts",
    "JiraAuth",
    "JiraClient",
    "ProjectFacts",
    "WebhookFacts",
    "parse_webhook",
    "verify_signature",
]

_FIELDS = ["summary", "status", "project", "updated", "statuscategorychangedate"]
_ISSUE = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}-[0-9]{1,19}|[0-9]{1,19}")
_PROJECT = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}|[0-9]{1,19}")
_PAGE = 100
_MAX_PAGES = 100
_NAMES_PER_QUERY = 50

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class JiraAuth:
    """An API token with its owner's address (Cloud), or a personal access token alone (Data Center)."""

    token: str = field(repr=False)
    email: str = ""


class JiraClient:
    """Reads one Jira. Only reads: every call may be repeated.

    `timeout`: seconds to connect and for each silence. `verify`: False, or the path of a CA bundle. The
    connection is made at the first call; each call raises only `ConnectorError`s, and NotFound also when
    Jira hides the thing from us.
    """

    def __init__(
        self, base_url: str, auth: JiraAuth, *, timeout: float = 10.0, verify: bool | str = True
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._auth = auth
        self._timeout = timeout
        self._verify = verify
        self._made: JIRA | None = None

    def close(self) -> None:
        """Close the pooled connections."""
        if self._made is not None:
            self._made.close()  # type: ignore[no-untyped-call]
            self._made = None

    def is_cloud(self) -> bool:
        """Whether this is Jira Cloud, as the server says itself."""
        return self._ask(lambda jira: jira.deploymentType == "Cloud")

    def issue(self, key_or_id: str) -> IssueFacts:
        """The issue with this key or numeric id."""
        if not _ISSUE.fullmatch(key_or_id):
            raise NotFound("This is neither an issue key nor an issue id.")
        found = self._ask(lambda jira: jira.issue(key_or_id, fields=",".join(_FIELDS)).raw)
        return issue_facts(found)

    def project(self, key: str) -> ProjectFacts:
        """The project with this key or numeric id."""
        if not _PROJECT.fullmatch(key):
            raise NotFound("This is neither a project key nor a project id.")
        return project_facts(self._ask(lambda jira: jira.project(key).raw))

    def changed_since(
        self, since: datetime, *, now: datetime, keys: Sequence[str] = (), projects: Sequence[str] = ()
    ) -> list[IssueFacts]:
        """The issues among `keys` (keys or ids) and in `projects` that changed at or after `since`.

        Answers may hold issues changed up to a minute earlier (JQL counts in minutes) and, on Cloud, miss
        the changes of the last moments (its search lags): ask with an overlap. Unknown keys are left out.
        """
        minutes = max(1, -int(-(now - since).total_seconds() // 60) + 1)
        found: dict[str, IssueFacts] = {}
        when = f'updated >= "-{minutes}m" ORDER BY created ASC'
        for chunk in _chunks(keys, _ISSUE):
            found |= {issue.id: issue for issue in self._changed_issues(chunk, when)}
        for chunk in _chunks(projects, _PROJECT):
            found |= {issue.id: issue for issue in self._changed_in(chunk, when)}
        oldest = now - timedelta(minutes=minutes + 1)
        return [issue for issue in found.values() if issue.updated is None or issue.updated >= oldest]

    def _changed_issues(self, keys: Sequence[str], when: str) -> list[IssueFacts]:
        """Jira refuses a whole query for one key it does not know: then the keys are read one by one."""
        try:
            return list(self._search(f"key in ({_quoted(keys)}) AND {when}"))
        except Permanent as error:
            if error.code != "400":
                raise
        return [issue for key in keys if (issue := self._issue_or_none(key)) is not None]

    def _changed_in(self, projects: Sequence[str], when: str) -> list[IssueFacts]:
        try:
            return list(self._search(f"project in ({_quoted(projects)}) AND {when}"))
        except Permanent as error:
            if error.code != "400":
                raise
            known = [key for key in projects if self._project_is_known(key)]
            if len(known) == len(projects):
                raise
        return self._changed_in(known, when) if known else []

    def _project_is_known(self, key: str) -> bool:
        try:
            self.project(key)
        except NotFound:
            return False
        return True

    def _issue_or_none(self, key: str) -> IssueFacts | None:
        try:
            return self.issue(key)
        except NotFound:
            return None

    def _search(self, jql: str) -> Iterator[IssueFacts]:
        page = self._cloud_page if self.is_cloud() else self._server_page
        cursor: str | None = ""
        for _ in range(_MAX_PAGES):
            issues, cursor = page(jql, cursor or "")
            yield from map(issue_facts, issues)
            if not cursor:
                return
        raise Permanent(f"Jira found more than {_MAX_PAGES * _PAGE} issues: ask for a shorter time.")

    def _cloud_page(self, jql: str, cursor: str) -> tuple[list[Any], str | None]:
        answer = self._ask(
            lambda jira: jira.enhanced_search_issues(
                jql, nextPageToken=cursor or None, maxResults=_PAGE, fields=list(_FIELDS), json_result=True
            )
        )
        page = read(Page, answer)
        return page.issues, None if page.is_last else page.next_page_token

    def _server_page(self, jql: str, cursor: str) -> tuple[list[Any], str | None]:
        start = int(cursor or 0)
        answer = self._ask(
            lambda jira: jira.search_issues(
                jql, startAt=start, maxResults=_PAGE, fields=list(_FIELDS), json_result=True
            )
        )
        page = read(Page, answer)
        reached = start + len(page.issues)
        return page.issues, str(reached) if page.issues and reached < page.total else None

    def _ask(self, call: Callable[[JIRA], Result]) -> Result:
        with _jira_errors():
            if self._made is None:
                self._made = self._connect()
            return call(self._made)

    def _connect(self) -> JIRA:
        signed: dict[str, Any] = (
            {"basic_auth": (self._auth.email, self._auth.token)}
            if self._auth.email
            else {"token_auth": self._auth.token}
        )
        return JIRA(
            self._base_url,
            options={"verify": self._verify},
            timeout=(self._timeout, self._timeout),
            max_retries=0,  # its retries sleep in our worker; ours are rows
            logging=False,  # it logs bodies
            get_server_info=True,  # without it the library takes Cloud for a server
            **signed,
        )


def _chunks(names: Sequence[str], pattern: re.Pattern[str]) -> Iterator[list[str]]:
    """Names that can be names, in queries of bearable length; others cannot exist in Jira."""
    valid = [name for name in dict.fromkeys(names) if pattern.fullmatch(name)]
    for start in range(0, len(valid), _NAMES_PER_QUERY):
        yield valid[start : start + _NAMES_PER_QUERY]


def _quoted(names: Sequence[str]) -> str:
    """Keys quoted (a key may be a word of JQL), ids as numbers. The patterns leave nothing to escape."""
    return ", ".join(name if name.isdecimal() else f'"{name}"' for name in names)


@contextmanager
def _jira_errors() -> Iterator[None]:
    """Turn the library's exceptions into ours. Their texts hold headers and bodies and are dropped."""
    try:
        yield
    except JIRAError as error:
        raise _from_jira(error) from None
    except requests.exceptions.SSLError:
        raise Permanent("Jira's certificate could not be verified.") from None
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
        raise Permanent(f"Jira's address cannot be used ({type(error).__name__}).") from None
    except (ValueError, KeyError, TypeError) as error:
        raise Malformed(f"Jira's answer is not what it should be ({type(error).__name__}).") from None
    except requests.exceptions.RequestException as error:
        raise Transient(f"Jira did not answer ({type(error).__name__}).") from None


def _from_jira(error: JIRAError) -> ConnectorError:
    if error.status_code is None:
        return Permanent("The Jira library refused the call.")
    if error.status_code == requests.codes.gone:
        return Permanent("Jira answered 410: it no longer has this address.", code="410")
    headers = error.response.headers if error.response is not None else {}
    return error_for_status(error.status_code, what="Jira", headers=headers)
