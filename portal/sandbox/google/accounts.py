"""IAM's service accounts over gRPC, with the same faults as HTTP, and the tokens of IAM Credentials over REST."""

import copy
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, NoReturn

import grpc
from google.cloud.iam_admin_v1 import types
from google.protobuf import any_pb2, duration_pb2, empty_pb2
from google.rpc import error_details_pb2, status_pb2

from portal.sandbox.faults import Fault, FaultKind
from portal.sandbox.google.state import Document, GoogleState, stamp
from portal.sandbox.standin import NEVER, Standin
from portal.sandbox.wire import HttpError, Request, Response, json_response

SERVICE = "/google.iam.admin.v1.IAM/"
_CODES = {
    FaultKind.CONFLICT: grpc.StatusCode.ABORTED,
    FaultKind.PRECONDITION: grpc.StatusCode.FAILED_PRECONDITION,
    FaultKind.BROKEN: grpc.StatusCode.INTERNAL,
    FaultKind.PARTIAL: grpc.StatusCode.INTERNAL,
}
_NAMES = {400: "INVALID_ARGUMENT", 404: "NOT_FOUND", 409: "ALREADY_EXISTS"}
Handler = Callable[[Any], Any]


class AccountCalls(grpc.GenericRpcHandler):  # type: ignore[misc]
    """The handlers of google.iam.admin.v1.IAM, and generateAccessToken."""

    def __init__(self, app: Standin[GoogleState]) -> None:
        self._app = app
        self._handlers: dict[str, tuple[Any, Handler]] = {
            "CreateServiceAccount": (types.CreateServiceAccountRequest, self.create),
            "GetServiceAccount": (types.GetServiceAccountRequest, self.get),
            "ListServiceAccounts": (types.ListServiceAccountsRequest, self.list),
            "EnableServiceAccount": (types.EnableServiceAccountRequest, self.enable),
            "DisableServiceAccount": (types.DisableServiceAccountRequest, self.disable),
            "DeleteServiceAccount": (types.DeleteServiceAccountRequest, self.delete),
        }
        path = r"/v1/projects/(?P<project>[^/]+)/serviceAccounts/(?P<email>[^/]+):generateAccessToken"
        app.router.add("POST", path, self.token)

    @property
    def _state(self) -> GoogleState:
        return self._app.state

    def service(self, details: Any) -> Any:
        """The handler of one gRPC method; None for one that is not known."""
        found = self._handlers.get(details.method.removeprefix(SERVICE))
        if found is None:
            return None
        kind, handler = found

        def answer(body: bytes, context: Any) -> bytes:
            return _bytes(handler(kind.deserialize(body)))

        return grpc.unary_unary_rpc_method_handler(answer)

    def create(self, asked: Any) -> Any:
        """Make an account; a deleted one's address comes back with another unique id."""
        email = f"{asked.account_id}@{asked.name.removeprefix('projects/')}.iam.gserviceaccount.com"
        if email in self._state.accounts:
            raise HttpError(409, f"Service account {asked.account_id} already exists.")
        if not 6 <= len(asked.account_id) <= 30 or len(asked.service_account.description.encode()) > 256:
            raise HttpError(400, "Invalid account.")
        self._state.accounts[email] = {
            "unique_id": str(100000 + self._state.next()),
            "description": asked.service_account.description,
            "display_name": asked.service_account.display_name,
            "disabled": False,
            "since": self._state.clock(),
        }
        return self._shown(email)

    def get(self, asked: Any) -> Any:
        """One account; a new one is not shown for a while."""
        return self._shown(self._visible(asked.name))

    def list(self, asked: Any) -> Any:
        """All accounts of the project that are shown."""
        begin = f"{asked.name.removeprefix('projects/')}.iam.gserviceaccount.com"
        mine = [email for email in sorted(self._state.accounts) if email.endswith(f"@{begin}")]
        shown = [self._shown(email) for email in mine if self._is_shown(email)]
        return types.ListServiceAccountsResponse(accounts=shown)

    def enable(self, asked: Any) -> Any:
        """Let it be used again."""
        self._state.accounts[self._visible(asked.name)]["disabled"] = False
        return empty_pb2.Empty()

    def disable(self, asked: Any) -> Any:
        """Stop it: its tokens are refused at once."""
        self._state.accounts[self._visible(asked.name)]["disabled"] = True
        return empty_pb2.Empty()

    def delete(self, asked: Any) -> Any:
        """Delete it for good."""
        del self._state.accounts[self._visible(asked.name)]
        return empty_pb2.Empty()

    def token(self, request: Request, project: str, email: str) -> Response:
        """generateAccessToken: the project must be written `-`."""
        sent = request.json()
        lifetime = float(sent.get("lifetime", "3600s").removesuffix("s"))
        if project != "-" or not sent.get("scope") or lifetime > 3600:
            raise HttpError(400, "Invalid request.")
        account = self._state.accounts.get(email)
        if account is None or account["disabled"]:
            raise HttpError(403, "The account does not exist, or is disabled.")
        token, until = f"ya29.{secrets.token_urlsafe(24)}", self._state.clock() + lifetime
        self._state.tokens[token] = {"email": email, "until": until}
        return json_response({"accessToken": token, "expireTime": stamp(until)})

    def _visible(self, name: str) -> str:
        email = name.rpartition("/")[2]
        if email not in self._state.accounts or not self._is_shown(email):
            raise HttpError(404, f"Unknown service account {email}.")
        return email

    def _is_shown(self, email: str) -> bool:
        return bool(self._state.accounts[email]["since"] + self._state.delays.account <= self._state.clock())

    def _shown(self, email: str) -> Any:
        kept: Document = self._state.accounts[email]
        project = email.partition("@")[2].removesuffix(".iam.gserviceaccount.com")
        return types.ServiceAccount(
            name=f"projects/{project}/serviceAccounts/{email}",
            project_id=project,
            email=email,
            unique_id=kept["unique_id"],
            description=kept["description"],
            display_name=kept["display_name"],
            disabled=kept["disabled"],
        )


class FaultsOverGrpc(grpc.ServerInterceptor):  # type: ignore[misc]
    """Lets the faults of the schedule befall gRPC calls as they befall HTTP."""

    def __init__(self, app: Any) -> None:
        self._app = app

    def intercept_service(self, continuation: Any, details: Any) -> Any:
        """Wrap the method's handler."""
        handler = continuation(details)
        if handler is None:
            return None
        name = details.method.removeprefix(SERVICE)
        method = "GET" if name.startswith(("Get", "List")) else "POST"

        def answer(body: bytes, context: Any) -> bytes:
            fault = self._app.schedule.next_for(method, details.method)
            if fault is not None:
                _refuse(fault, context)
            return self._answer(lambda: handler.unary_unary(body, context), method, fault, context)

        return grpc.unary_unary_rpc_method_handler(answer)

    def _answer(self, work: Callable[[], bytes], method: str, fault: Fault | None, context: Any) -> bytes:
        try:
            made: bytes = self._app.at_once(work, writes=method == "POST", fault=fault)
        except HttpError as error:
            name = _NAMES.get(error.status, "UNKNOWN")
            _abort(context, getattr(grpc.StatusCode, name), "; ".join(error.messages))
        match fault.kind if fault else None:
            case FaultKind.LOST:
                _until_they_give_up(context)
            case FaultKind.RESET:
                _abort(context, grpc.StatusCode.UNAVAILABLE, "Socket closed")
            case FaultKind.SLOW:
                time.sleep(fault.seconds if fault else 0)
        return made


@contextmanager
def serving_grpc(app: Any, calls: AccountCalls, *, address: str = "127.0.0.1:0") -> Iterator[str]:
    """Serve the gRPC side; gives `host:port`."""
    server = grpc.server(ThreadPoolExecutor(max_workers=8), interceptors=(FaultsOverGrpc(app),))
    server.add_generic_rpc_handlers((calls,))
    port = server.add_insecure_port(address)
    server.start()
    try:
        yield f"{address.rpartition(':')[0]}:{port}"
    finally:
        server.stop(grace=None)


def against(app: Standin[GoogleState], state: GoogleState, work: Callable[[], bytes]) -> bytes:
    """Do the work on another state than the real one."""
    real, app.state = app.state, state
    try:
        return work()
    finally:
        app.state = real


def copied(state: GoogleState) -> GoogleState:
    """A copy nobody else sees."""
    return copy.deepcopy(state)


def _refuse(fault: Fault, context: Any) -> None:
    if fault.kind in _CODES:
        _abort(context, _CODES[fault.kind], str(fault.kind))
    if fault.kind == FaultKind.THROTTLED:
        wait = duration_pb2.Duration(seconds=max(1, round(fault.seconds)))
        packed = any_pb2.Any()
        packed.Pack(error_details_pb2.RetryInfo(retry_delay=wait))
        status = status_pb2.Status(code=8, message="Quota exceeded", details=[packed])
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
        _abort(context, grpc.StatusCode.RESOURCE_EXHAUSTED, "Quota exceeded")


def _abort(context: Any, code: Any, said: str) -> NoReturn:
    context.abort(code, said)
    raise AssertionError("abort raises")


def _until_they_give_up(context: Any) -> None:
    gone = threading.Event()
    if context.add_callback(gone.set):
        gone.wait(NEVER)


def _bytes(made: Any) -> bytes:
    return bytes(type(made).serialize(made) if hasattr(type(made), "serialize") else made.SerializeToString())
