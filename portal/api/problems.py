"""RFC 9457 problem details: every answer of the API that is no success has this one form."""

import secrets
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from django.core.exceptions import PermissionDenied, RequestDataTooBig
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework import exceptions
from rest_framework.response import Response
from rest_framework.views import set_rollback

from approvals.policy.texts import explain
from approvals.policy.types import Result
from audit.ledger.errors import PurserError

MOST_FAULTS = 1_000
log = structlog.get_logger(__name__)
MEDIA_TYPE = "application/problem+json"
TITLES = {
    400: gettext_lazy("We could not read this request"),
    401: gettext_lazy("Sign in first"),
    403: gettext_lazy("You cannot do this"),
    404: gettext_lazy("We could not find that"),
    405: gettext_lazy("This method is not allowed here"),
    406: gettext_lazy("We cannot answer in that format"),
    409: gettext_lazy("Something changed meanwhile"),
    413: gettext_lazy("This is too large"),
    415: gettext_lazy("We cannot read that format"),
    422: gettext_lazy("Something needs to be changed"),
    429: gettext_lazy("Too many calls"),
    500: gettext_lazy("Something went wrong on our side"),
    503: gettext_lazy("This cannot be done right now"),
}
FIELDS = {"people_text": "members", "people_lines": "members"}
"""What services call by another name than the API does."""


class Unreadable(exceptions.ParseError):
    """A body that is not what its media type says; `line` and `column` count from 1."""

    def __init__(self, detail: str, *, line: int, column: int) -> None:
        super().__init__(detail, code="unreadable_body")
        self.line, self.column = line, column


class TooLarge(exceptions.APIException):
    """A body above its limit."""

    status_code = 413
    default_code = "too_large"


def problem_response(error: Exception, context: Mapping[str, Any]) -> Response:
    """Answer any error of a view as a problem document; what nobody expected is logged under a reference."""
    set_rollback()
    if isinstance(error, PurserError):
        return _of_purser(error)
    if isinstance(error, Http404):
        error = exceptions.NotFound()
    elif isinstance(error, PermissionDenied):
        error = exceptions.PermissionDenied()
    elif isinstance(error, RequestDataTooBig):
        error = TooLarge(_("The body is too large."))
    if isinstance(error, exceptions.ValidationError):
        return problem(400, "bad_fields", _("Some fields cannot be read."), errors=list(_faults(error)))
    if isinstance(error, exceptions.APIException):
        return _of_framework(error)
    return _unexpected(error)


def problem(
    status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None, **more: Any
) -> Response:
    """A problem document. `type` is stable for each code, `title` for each status; `more` are its extensions."""
    body = {
        "type": f"urn:purser:problem:{code}",
        "title": str(TITLES.get(status, HTTPStatus(status).phrase)),
        "status": status,
        "detail": detail,
        "code": code,
        **more,
    }
    return Response(body, status=status, headers=dict(headers or {}), content_type=MEDIA_TYPE)


def _of_purser(error: PurserError) -> Response:
    more: dict[str, Any] = {}
    faults = list(_faults_of(error.detail, error.code))[:MOST_FAULTS]
    if faults:
        more["errors"] = faults
    if "results" in error.detail:
        more["checks"] = [check_of(result) for result in error.detail["results"]]
    facts = {
        k: v for k, v in error.detail.items() if k not in {"fields", "images", "missing", "results", "faults"}
    }
    if facts:
        more["context"] = facts
    headers = {"Retry-After": "5"} if error.status == 503 else {}
    return problem(error.status, error.code, error.message, headers=headers, **more)


def _of_framework(error: exceptions.APIException) -> Response:
    headers: dict[str, str] = {}
    if getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = error.auth_header  # type: ignore[attr-defined]
    if getattr(error, "wait", None):
        headers["Retry-After"] = str(int(error.wait) + 1)  # type: ignore[attr-defined]
    place = {"line": error.line, "column": error.column} if isinstance(error, Unreadable) else {}
    return problem(error.status_code, str(error.get_codes()), str(error.detail), headers=headers, **place)


def _unexpected(error: Exception) -> Response:
    reference = secrets.token_hex(6)
    log.error("api_failed", reference=reference, exc_info=error)
    words = _("Something went wrong on our side. Tell the platform team this reference: %(reference)s")
    return problem(500, "unexpected", words % {"reference": reference}, reference=reference)


def check_of(result: Mapping[str, Any]) -> dict[str, str]:
    """A policy result that was stored as JSON, as the API tells it: rule, result, text in the active language."""
    return check_from(Result.from_json(result))


def check_from(result: Result) -> dict[str, str]:
    """A policy result as the API tells it. A sentence that a newer rule set no longer has is its code."""
    try:
        text = explain(result)
    except KeyError:
        text = result.code
    return {"rule": str(result.rule), "result": str(result.result), "code": result.code, "text": text}


def _faults_of(detail: Mapping[str, Any], code: str) -> Iterator[dict[str, Any]]:
    for name, sentence in detail.get("fields", {}).items():
        yield {"field": FIELDS.get(name, name), "code": "bad_value", "detail": sentence}
    for line in detail.get("images", ()):
        yield {"field": f"images.{line['line'] - 1}", "code": line["code"], "detail": line["message"]}
    for missing in detail.get("missing", ()):
        yield {"field": missing["field"], "code": missing["code"], "detail": missing["message"]}
    for fault in detail.get("faults", ()):
        yield _fault(fault, code)


def _fault(fault: Any, code: str) -> dict[str, Any]:
    """A fault as a service told it: ready, with its sentence under another name, or the sentence alone."""
    if not isinstance(fault, Mapping):
        return {"field": "", "code": code, "detail": str(fault)}
    said = {"field": "", "code": code, **fault}
    words = said.pop("message", "")
    return {"detail": str(words), **said}


def _faults(error: exceptions.ValidationError) -> Iterator[dict[str, str]]:
    yield from _walk("", error.detail)


def _walk(path: str, found: Any) -> Iterator[dict[str, str]]:
    """One entry for each sentence; nested fields and list places are joined with dots."""
    if isinstance(found, Mapping):
        for name, value in found.items():
            inner = "" if name == "non_field_errors" else str(name)
            yield from _walk(".".join(filter(None, (path, inner))), value)
    elif isinstance(found, Sequence) and not isinstance(found, str):
        for place, value in enumerate(found):
            nested = isinstance(value, Mapping | list)
            yield from _walk(f"{path}.{place}" if nested and value else path, value)
    else:
        yield {"field": path, "code": str(getattr(found, "code", "invalid")), "detail": str(found)}
