"""The HTTP of the stand-in: objects by path, server-side apply, dry runs, reviews, tokens."""

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from portal.sandbox.faults import Schedule
from portal.sandbox.kubernetes.access import allowed
from portal.sandbox.kubernetes.admission import refusal
from portal.sandbox.kubernetes.applying import ManagerConflict, applied, merged, shown
from portal.sandbox.kubernetes.state import GROUPS, Manifest, Row, State, restored
from portal.sandbox.kubernetes.tokens import discovery, key_set, new_key, token_for
from portal.sandbox.standin import Standin
from portal.sandbox.wire import HttpError, Request, Response, json_response

_ROOT = r"/(?:api/v1|apis/(?P<group>[a-z0-9.-]+/v[a-z0-9]+))"
_SPACE = r"(?:/namespaces/(?P<namespace>[^/]+))?"
COLLECTION = rf"{_ROOT}{_SPACE}/(?P<plural>[a-z]+)"
OBJECT = rf"{COLLECTION}/(?P<name>[^/]+)"
REASONS = {
    400: "BadRequest",
    403: "Forbidden",
    404: "NotFound",
    409: "Conflict",
    412: "Conflict",
    422: "Invalid",
    429: "TooManyRequests",
    500: "InternalError",
}


class Kubernetes(Standin[State]):
    """One cluster. `extras`: which of `kyverno`, `kueue`, `kserve` are installed; switched by POST /sandbox/extras."""

    def __init__(
        self,
        *,
        extras: tuple[str, ...] = (),
        schedule: Schedule | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(State(extras=set(extras), key=new_key()), schedule=schedule)
        self.now = now
        self.steering.router.add("POST", "/sandbox/extras", self._switch)
        for method, pattern, handler in (
            ("GET", "/apis", self._groups),
            ("GET", "/version", lambda request: json_response({"gitVersion": "v1.36.0-standin"})),
            ("GET", "/openid/v1/jwks", lambda request: json_response(key_set(self.state))),
            ("GET", "/.well-known/openid-configuration", self._discovery),
            ("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", self._review),
            ("POST", f"{OBJECT}/token", self._token),
            ("PATCH", f"{OBJECT}/ephemeralcontainers", self._ephemeral),
            ("GET", COLLECTION, self._list),
            ("POST", COLLECTION, self._create),
            ("GET", OBJECT, self._get),
            ("PATCH", OBJECT, self._patch),
            ("DELETE", OBJECT, self._delete),
        ):
            self.router.add(method, pattern, handler)

    def picture(self) -> Any:
        """The objects by path; no key."""
        return {
            "objects": {path: row.object for path, row in self.state.rows.items()},
            "extras": self.state.extras,
        }

    def restore(self, document: Any) -> None:
        """Take up a state that `dump` gave."""
        self.state = restored(document)

    def error(self, status: int, message: str, request: Request) -> Response:
        """A Status document."""
        return _status(status, message)

    def _switch(self, request: Request) -> Response:
        for name, on in request.json().items():
            if name not in GROUPS:
                raise HttpError(400, f"There is no {name}.")
            (self.state.extras.add if on else self.state.extras.discard)(name)
        return json_response({"extras": sorted(self.state.extras)})

    def _groups(self, request: Request) -> Response:
        groups = [
            {"name": one.partition("/")[0], "versions": [{"groupVersion": one}]}
            for one in self.state.served()
        ]
        return json_response({"kind": "APIGroupList", "apiVersion": "v1", "groups": groups})

    def _discovery(self, request: Request) -> Response:
        return json_response(discovery(request.base))

    def _served(self, group: str | None) -> None:
        if group and group not in self.state.served():
            raise HttpError(404, "the server could not find the requested resource")

    def _get(self, request: Request, group: str | None, **_: Any) -> Response:
        self._served(group)
        return json_response(_view(self._row(request.path), request))

    def _row(self, path: str) -> Row:
        row = self.state.rows.get(path)
        if row is None:
            *_, plural, name = path.split("/")
            raise HttpError(404, f'{plural} "{name}" not found')
        return row

    def _list(self, request: Request, group: str | None, namespace: str | None, plural: str) -> Response:
        self._served(group)
        root = request.path if namespace else request.path.rpartition("/")[0]
        suffix = f"/{plural}"
        found = [row for _, row in self.state.below(root + "/", suffix) if _selected(row.object, request)]
        start = int(request.arg("continue") or 0)
        limit = int(request.arg("limit") or 0) or len(found) or 1
        page, more = found[start : start + limit], len(found) > start + limit
        meta = {
            "resourceVersion": str(self.state.version),
            **({"continue": str(start + limit)} if more else {}),
        }
        items = [_view(row, request) for row in page]
        return json_response({"kind": "List", "apiVersion": "v1", "metadata": meta, "items": items})

    def _create(self, request: Request, group: str | None, namespace: str | None, plural: str) -> Response:
        self._served(group)
        manifest = request.json()
        path = f"{request.path}/{manifest['metadata']['name']}"
        self._namespace_is_there(namespace)
        if path in self.state.rows:
            return _status(409, f"{path} already exists", reason="AlreadyExists")
        if plural == "pods" and (why := refusal(self.state, namespace or "", manifest)):
            return _status(403, f'pods "{manifest["metadata"]["name"]}" is forbidden: {why}')
        row = applied(None, manifest, manager=request.arg("fieldManager") or "unknown", force=True)
        return self._keep(path, row, request, namespace, status=201)

    def _namespace_is_there(self, namespace: str | None) -> None:
        if namespace and f"/api/v1/namespaces/{namespace}" not in self.state.rows:
            raise HttpError(404, f'namespaces "{namespace}" not found')

    def _patch(self, request: Request, group: str | None, namespace: str | None, **_: Any) -> Response:
        self._served(group)
        self._namespace_is_there(namespace)
        row, manifest = self.state.rows.get(request.path), request.json()
        manager = request.arg("fieldManager") or "unknown"
        version = (manifest.get("metadata") or {}).get("resourceVersion")
        if row and version and version != row.object["metadata"]["resourceVersion"]:
            return _status(409, "the object has been modified")
        if "apply-patch" not in request.headers.get("content-type", ""):
            made = merged(self._row(request.path), manifest, manager=manager)
            return self._keep(request.path, made, request, namespace)
        try:
            made = applied(row, manifest, manager=manager, force=request.arg("force") == "true")
        except ManagerConflict as conflict:
            return _conflict(conflict)
        if row and made.object.get("roleRef") != row.object.get("roleRef"):
            return _status(422, "roleRef: Invalid value: cannot change roleRef")
        return self._keep(request.path, made, request, namespace)

    def _keep(
        self, path: str, row: Row, request: Request, namespace: str | None, *, status: int = 200
    ) -> Response:
        """Note the object, with what the server adds; an object that did not change keeps its version."""
        before = self.state.rows.get(path)
        if before is None or (before.object, before.managers) != (row.object, row.managers):
            row = Row(self._completed(path, row.object, namespace), row.managers)
        if not request.arg("dryRun"):
            self.state.rows[path] = row
            if path.count("/") == 4 and path.startswith("/api/v1/namespaces/"):
                self._default_account(path)
        return json_response(_view(row, request), status)

    def _completed(self, path: str, made: Manifest, namespace: str | None) -> Manifest:
        name = path.rpartition("/")[2]
        meta = {"uid": str(uuid.uuid4()), **made.get("metadata", {}), "name": name}
        meta["resourceVersion"] = self.state.next_version()
        meta.setdefault("creationTimestamp", self.now().strftime("%Y-%m-%dT%H:%M:%SZ"))
        if namespace:
            meta["namespace"] = namespace
        if made["kind"] == "Namespace":
            meta["labels"] = {**meta.get("labels", {}), "kubernetes.io/metadata.name": name}
            made = {**made, "status": {"phase": "Active"}}
        return {**made, "metadata": meta}

    def _default_account(self, path: str) -> None:
        account = f"{path}/serviceaccounts/default"
        if account not in self.state.rows:
            made = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}}
            self.state.rows[account] = Row(self._completed(account, made, path.rpartition("/")[2]), {})

    def _delete(self, request: Request, group: str | None, plural: str, **_: Any) -> Response:
        self._served(group)
        row = self._row(request.path)
        wanted = (request.json().get("preconditions") or {}).get("uid")
        if wanted and wanted != row.object["metadata"]["uid"]:
            return _status(409, "the UID in the precondition does not match")
        del self.state.rows[request.path]
        if plural == "namespaces" or request.path.count("/") == 4:
            for path, _row in self.state.below("/", ""):
                if f"{request.path.removeprefix('/api/v1')}/" in path:
                    del self.state.rows[path]
        return json_response({"kind": "Status", "apiVersion": "v1", "status": "Success"})

    def _ephemeral(self, request: Request, **groups: Any) -> Response:
        path = request.path.rpartition("/")[0]
        row = self._row(path)
        more = (request.json().get("spec") or {}).get("ephemeralContainers") or []
        spec = {**row.object["spec"]}
        spec["ephemeralContainers"] = [*(spec.get("ephemeralContainers") or []), *more]
        pod = {**row.object, "spec": spec}
        if why := refusal(self.state, str(groups["namespace"]), pod, before=row.object):
            return _status(403, f'pods "{groups["name"]}" is forbidden: {why}')
        return self._keep(path, Row(pod, row.managers), request, groups["namespace"])

    def _review(self, request: Request) -> Response:
        review = request.json()
        status = {"allowed": allowed(self.state, review.get("spec") or {})}
        return json_response({**review, "status": status}, 201)

    def _token(self, request: Request, **_: Any) -> Response:
        account = self._row(request.path.rpartition("/")[0]).object
        spec = request.json().get("spec") or {}
        token, ends = token_for(
            self.state, account, issuer=request.base, audiences=spec.get("audiences") or [],
            seconds=int(spec.get("expirationSeconds") or 3600), now=self.now(),
        )  # fmt: skip
        status = {"token": token, "expirationTimestamp": ends.strftime("%Y-%m-%dT%H:%M:%SZ")}
        made = {
            "kind": "TokenRequest",
            "apiVersion": "authentication.k8s.io/v1",
            "spec": spec,
            "status": status,
        }
        return json_response(made, 201)


def _selected(found: Manifest, request: Request) -> bool:
    labels = found["metadata"].get("labels") or {}
    for part in filter(None, request.arg("labelSelector").split(",")):
        name, equals, value = part.partition("=")
        if name not in labels or (equals and labels[name] != value):
            return False
    wanted = re.fullmatch("type=(.+)", request.arg("fieldSelector"))
    return wanted is None or found.get("type") == wanted[1]


def _view(row: Row, request: Request) -> Manifest:
    """The object as asked for: whole, or its metadata only."""
    found = shown(row)
    if "as=PartialObjectMetadata" not in request.headers.get("accept", ""):
        return found
    return {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": found["metadata"]}


def _conflict(conflict: ManagerConflict) -> Response:
    causes = [
        {
            "reason": "FieldManagerConflict",
            "message": f'conflict with "{manager}"',
            "field": "." + path.replace("\t", "."),
        }
        for manager, path in conflict.held
    ]
    return _status(409, f"Apply failed with {len(causes)} conflicts", details={"causes": causes})


def _status(status: int, message: str, *, reason: str = "", details: Manifest | None = None) -> Response:
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": message,
        "reason": reason or REASONS.get(status, "Unknown"),
        "code": status,
        **({"details": details} if details else {}),
    }
    return json_response(body, status)
