"""The stand-in as one ASGI application: REST, the page, and `/sandbox/` to steer it."""

import asyncio
import base64
import hmac
from collections.abc import Mapping
from typing import Any

from portal.sandbox.jira.control import Control, fault_response, read_control
from portal.sandbox.jira.jira import PROJECT_ACTIONS, Jira
from portal.sandbox.jira.pages import Pages
from portal.sandbox.jira.rest import Rest
from portal.sandbox.jira.store import STATUSES, TO_DO, Flavour, Project, Store
from portal.sandbox.jira.webhooks import Dispatcher
from portal.sandbox.wire import (
    HttpError,
    Receive,
    Request,
    Response,
    Router,
    Send,
    json_response,
    receive_request,
    send_response,
)


class App:
    """`token`: the password or bearer token REST calls must carry; empty accepts any."""

    def __init__(
        self,
        store: Store,
        *,
        flavour: Flavour,
        webhook_url: str = "",
        webhook_secret: str = "",
        retry_delays: tuple[float, ...] = (0.5, 1, 2, 4, 8),
        token: str = "",
    ) -> None:
        self._token = token
        self._control = Control()
        self._dispatcher = Dispatcher(
            webhook_url,
            webhook_secret,
            flavour=flavour,
            retry_delays=retry_delays,
            control=lambda: self._control,
        )
        self._jira = Jira(store, flavour, self._dispatcher.send)
        self._router = Router()
        Rest(self._jira).routes(self._router)
        Pages(self._jira).routes(self._router)
        self._sandbox_routes()

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Serve one ASGI scope."""
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await send_response(send, await self._answer(scope, receive))

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                await send({"type": "lifespan.startup.complete"})
            else:
                await self._dispatcher.close()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _answer(self, scope: Mapping[str, Any], receive: Receive) -> Response:
        try:
            request = await receive_request(scope, receive)
            self._check_signed_in(request)
            if (request.method, request.path) == ("POST", "/sandbox/settle"):
                await self._dispatcher.settled()
                return self._deliveries(request)
            spoiled = await self._meet_fault(request)
            return spoiled or self._router.dispatch(request) or _dead_link()
        except HttpError as error:
            return _error_response(error)

    async def _meet_fault(self, request: Request) -> Response | None:
        fault = self._control.fault_for(request)
        if fault is None:
            return None
        if fault.kind == "slow":
            await asyncio.sleep(fault.seconds)
        return fault_response(fault)

    def _check_signed_in(self, request: Request) -> None:
        """Cloud takes Basic (address and API token), Data Center also Bearer; serverInfo is open."""
        if not request.path.startswith("/rest/") or request.path.endswith("/serverInfo"):
            return
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        given = value if scheme == "Bearer" and not self._jira.is_cloud else _password(scheme, value)
        if not given or (self._token and not hmac.compare_digest(given.encode(), self._token.encode())):
            raise HttpError(401, "Client must be authenticated to access this resource.")

    def _sandbox_routes(self) -> None:
        self._router.add("GET", "/healthz", lambda request: json_response({"status": "ok"}))
        self._router.add("GET", "/sandbox/control", lambda request: json_response(self._control.model_dump()))
        self._router.add("POST", "/sandbox/control", self._set_control)
        self._router.add("POST", "/sandbox/issues", self._seed)
        self._router.add("GET", "/sandbox/deliveries", self._deliveries)
        self._router.add(
            "POST", "/sandbox/flush", lambda request: json_response({"sent": self._dispatcher.flush()})
        )
        actions = "|".join(PROJECT_ACTIONS)
        self._router.add(
            "POST", rf"/sandbox/projects/(?P<name>[^/]+)/(?P<action>{actions})", self._mark_project
        )

    def _set_control(self, request: Request) -> Response:
        self._control = read_control(request.body)
        return json_response(self._control.model_dump())

    def _seed(self, request: Request) -> Response:
        """One issue or `{"issues": [...]}`; the keys of those made, in order. A known key is left alone."""
        asked = request.json()
        wanted = asked["issues"] if isinstance(asked.get("issues"), list) else [asked]
        return json_response({"issues": [self._seed_one(each, request.base) for each in wanted]}, 201)

    def _seed_one(self, asked: Mapping[str, Any], base: str) -> dict[str, str]:
        key = str(asked.get("key") or "")
        issue = self._jira.store.issue(key) if key else None
        if issue is None:
            project = self._seed_project(asked, key)
            status = str(asked.get("status") or STATUSES[TO_DO].name)
            found = [each.id for each in STATUSES.values() if status in (each.name, each.id)]
            if not found or not asked.get("summary"):
                raise HttpError(400, "An issue needs a summary and a known status.")
            issue = self._jira.create(project, str(asked["summary"]), base=base, status=found[0], key=key)
        return {"id": issue.id, "key": issue.key}

    def _seed_project(self, asked: Mapping[str, Any], key: str) -> Project:
        name = str(asked.get("project") or key.rpartition("-")[0])
        if not name:
            raise HttpError(400, "An issue needs a project or a key.")
        return self._jira.store.add_project(name, str(asked.get("project_name") or ""))

    def _deliveries(self, request: Request) -> Response:
        return json_response({"deliveries": [each.shown() for each in self._dispatcher.deliveries]})

    def _mark_project(self, request: Request, name: str, action: str) -> Response:
        known = (each for each in self._jira.store.projects.values() if name in (each.key, each.id))
        project = next(known, None)
        if project is None:
            raise HttpError(404, f"No project could be found with key '{name}'.")
        self._jira.mark_project(project, action, base=request.base)
        return Response(204)


def _password(scheme: str, value: str) -> str:
    """The password of Basic credentials, empty when there are none."""
    if scheme != "Basic":
        return ""
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""


def _error_response(error: HttpError) -> Response:
    """An error as Jira writes it."""
    return json_response({"errorMessages": list(error.messages), "errors": {}}, error.status)


def _dead_link() -> Response:
    page = b"<!doctype html><html lang=en><title>Oops</title><p>Sorry, this is a dead link.</html>"
    return Response(404, page, {"Content-Type": "text/html;charset=UTF-8"})
