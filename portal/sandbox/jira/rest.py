"""Jira's REST API as far as its clients here use it: versions 2 and 3 on Cloud, 2 on Data Center."""

import base64
import hashlib

from portal.sandbox.jira import shapes
from portal.sandbox.jira.jira import Jira
from portal.sandbox.jira.search import BadQuery, is_bounded, search
from portal.sandbox.jira.store import STATUSES, Issue, Project
from portal.sandbox.wire import HttpError, Request, Response, Router, json_response

_LARGEST_PAGE = 100
_REMOVED = (
    "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API. "
    "A full migration guideline is available at https://developer.atlassian.com/changelog/#CHANGE-2046"
)
_ISSUE_404 = "Issue does not exist or you do not have permission to see it."


class Rest:
    """The handlers under `/rest/api/`."""

    def __init__(self, jira: Jira) -> None:
        self._jira = jira

    def routes(self, router: Router) -> None:
        """Add all routes."""
        api = (
            r"/rest/api/(?P<version>2|3|latest)"
            if self._jira.is_cloud
            else r"/rest/api/(?P<version>2|latest)"
        )
        one, issue = r"/(?P<name>[^/]+)", rf"{api}/issue/(?P<name>[^/]+)"
        router.add("GET", f"{api}/serverInfo", self.server_info)
        router.add("GET", f"{api}/myself", self.myself)
        router.add("GET", f"{api}/field", self.fields)
        router.add("GET", f"{api}/status", self.statuses)
        router.add("GET", f"{api}/statuscategory", self.categories)
        router.add("GET", f"{api}/statuscategory{one}", self.category)
        router.add("GET", f"{api}/project", self.projects)
        router.add("GET", f"{api}/project{one}", self.project)
        router.add("POST", f"{api}/issue", self.create)
        router.add("GET", issue, self.issue)
        router.add("DELETE", issue, self.delete)
        router.add("GET", f"{issue}/transitions", self.transitions)
        router.add("POST", f"{issue}/transitions", self.transition)
        for method in ("GET", "POST"):
            router.add(method, f"{api}/search", self.removed if self._jira.is_cloud else self.search)
            if self._jira.is_cloud:
                router.add(method, f"{api}/search/jql", self.search_jql)
        if self._jira.is_cloud:
            router.add("POST", f"{api}/search/approximate-count", self.count)

    def server_info(self, request: Request, version: str) -> Response:
        """What this server is; also without signing in."""
        return json_response(shapes.server_info(self._jira.flavour, request.base))

    def myself(self, request: Request, version: str) -> Response:
        """Who is asking."""
        return json_response(shapes.user(self._jira.flavour))

    def fields(self, request: Request, version: str) -> Response:
        """All fields, with the names JQL knows them by."""
        clauses = {"statuscategorychangedate": "statusCategoryChangedDate"}
        return json_response(
            [{"id": name, "name": name, "clauseNames": [clauses.get(name, name)]} for name in shapes.FIELDS]
        )

    def statuses(self, request: Request, version: str) -> Response:
        """All statuses."""
        return json_response([shapes.status_json(each, request.base) for each in STATUSES.values()])

    def categories(self, request: Request, version: str) -> Response:
        """The four status categories."""
        return json_response(list(shapes.CATEGORIES.values()))

    def category(self, request: Request, version: str, name: str) -> Response:
        """One status category by id or key."""
        for each in shapes.CATEGORIES.values():
            if name in (str(each["id"]), each["key"]):
                return json_response(each)
        raise HttpError(404, "The status category was not found.")

    def projects(self, request: Request, version: str) -> Response:
        """All projects outside the trash."""
        known = [each for each in self._jira.store.projects.values() if not each.deleted]
        return json_response([shapes.project_json(each, request.base) for each in known])

    def project(self, request: Request, version: str, name: str) -> Response:
        """One project by key or id."""
        return json_response(shapes.project_json(self._project(name), request.base))

    def issue(self, request: Request, version: str, name: str) -> Response:
        """One issue by key or id."""
        return json_response(self._shape(request, version, self._issue(name), _asked(request)))

    def create(self, request: Request, version: str) -> Response:
        """A new issue from `fields.project` and `fields.summary`."""
        fields = request.json().get("fields") or {}
        place = fields.get("project") or {}
        project = self._project(str(place.get("key") or place.get("id") or ""))
        if not fields.get("summary"):
            raise HttpError(400, "You must specify a summary of the issue.")
        issue = self._jira.create(project, str(fields["summary"]), base=request.base)
        links = {"id": issue.id, "key": issue.key, "self": f"{request.base}/rest/api/2/issue/{issue.id}"}
        return json_response(links, 201)

    def delete(self, request: Request, version: str, name: str) -> Response:
        """Delete an issue."""
        self._jira.delete(self._issue(name), base=request.base)
        return Response(204)

    def transitions(self, request: Request, version: str, name: str) -> Response:
        """The transitions an issue may take now."""
        self._issue(name)
        return json_response(shapes.transitions_json(request.base))

    def transition(self, request: Request, version: str, name: str) -> Response:
        """Take a transition."""
        issue = self._issue(name)
        wanted = request.json().get("transition") or {}
        found = [each for each in STATUSES.values() if each.transition == str(wanted.get("id"))]
        if not found:
            raise HttpError(400, f"Transition id '{wanted.get('id')}' is not valid for this issue.")
        self._jira.move(issue, found[0].id, base=request.base)
        return Response(204)

    def removed(self, request: Request, version: str) -> Response:
        """Cloud's old search."""
        raise HttpError(410, _REMOVED)

    def search(self, request: Request, version: str) -> Response:
        """Data Center's search: `startAt` and `total`."""
        asked = _arguments(request)
        found = self._find(str(asked.get("jql", "")))
        start = _whole(asked.get("startAt"), 0)
        size = min(_whole(asked.get("maxResults"), 50), _LARGEST_PAGE)
        only = _names(asked.get("fields"), default="*navigable")
        page = [self._shape(request, version, issue, only) for issue in found[start : start + size]]
        return json_response({"startAt": start, "maxResults": size, "total": len(found), "issues": page})

    def search_jql(self, request: Request, version: str) -> Response:
        """Cloud's search: only ids unless fields are named, pages by token, no total."""
        asked = _arguments(request)
        jql = str(asked.get("jql", ""))
        if not is_bounded(jql):
            raise HttpError(
                400, "Unbounded JQL queries are not allowed here. Please add a search restriction."
            )
        found = self._find(jql)
        start = _start(jql, str(asked.get("nextPageToken") or ""))
        end = start + min(_whole(asked.get("maxResults"), 50), _LARGEST_PAGE)
        only = _names(asked.get("fields"), default="id")
        page = [self._shape(request, version, issue, only) for issue in found[start:end]]
        more = {"nextPageToken": _token(jql, end)} if end < len(found) else {}
        return json_response({"issues": page, "isLast": not more, **more})

    def count(self, request: Request, version: str) -> Response:
        """Cloud's only total."""
        return json_response({"count": len(self._find(str(request.json().get("jql", ""))))})

    def _find(self, jql: str) -> list[Issue]:
        try:
            return search(self._jira.store, jql)
        except BadQuery as error:
            raise HttpError(400, str(error)) from None

    def _issue(self, name: str) -> Issue:
        issue = self._jira.store.issue(name)
        if issue is None:
            raise HttpError(404, _ISSUE_404)
        return issue

    def _project(self, name: str) -> Project:
        project = self._jira.store.project(name)
        if project is None:
            raise HttpError(404, f"No project could be found with key '{name}'.")
        return project

    def _shape(self, request: Request, version: str, issue: Issue, only: tuple[str, ...]) -> shapes.Json:
        shape = shapes.issue_json(
            self._jira.store, issue, request.base, version="3" if version == "3" else "2", only=only
        )
        if only == ("id",):
            return {"id": issue.id}
        return shape


def _asked(request: Request) -> tuple[str, ...]:
    return _names(request.query.get("fields"), default="*all")


def _names(value: object, *, default: str) -> tuple[str, ...]:
    """Field names from a list or comma-separated text; empty means all of them."""
    given = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    names = tuple(name for part in given for name in str(part).split(",") if name) or (default,)
    return () if {"*all", "*navigable"} & set(names) else names


def _arguments(request: Request) -> dict[str, object]:
    """A search's arguments, from the address or from the body."""
    if request.method == "POST":
        return request.json()
    return {name: values if name == "fields" else values[0] for name, values in request.query.items()}


def _whole(value: object, default: int) -> int:
    try:
        return max(int(str(value)), 0) if value is not None else default
    except ValueError:
        raise HttpError(400, f"'{value}' is not a number.") from None


def _token(jql: str, start: int) -> str:
    """An opaque page token that fits only the query it was made for."""
    return base64.urlsafe_b64encode(f"{start}:{hashlib.sha256(jql.encode()).hexdigest()}".encode()).decode()


def _start(jql: str, token: str) -> int:
    if not token:
        return 0
    start = base64.urlsafe_b64decode(token.encode("ascii", "replace")).partition(b":")[0]
    if not start.isdigit() or _token(jql, int(start)) != token:
        raise HttpError(400, "The next page token is invalid or expired.")
    return int(start)
