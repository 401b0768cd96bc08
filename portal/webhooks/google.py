"""Google's audit logs by Pub/Sub push: proven by the push's OIDC token, pulls written exactly once."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import structlog
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from prometheus_client import Counter

from grants.catalogue.models import Registry
from grants.connectors.errors import ConnectorError, Malformed, Transient
from grants.connectors.google_pulls import read_push
from grants.connectors.google_push import CERTS, PushKeyUnknown, PushRefused, check_push, read_certs
from grants.tokens.workloads import usable_keys
from portal.webhooks.google_taking import take

PUSHES = Counter("purser_google_pushes", "Google's pushes by what became of them", ["outcome"])
KEPT, TRY_EVERY = 3600, 60  # seconds: Google's keys live for days; an unknown one is looked for once a minute
log = structlog.get_logger(__name__)


# No cookie is read here: Pub/Sub proves itself by the token of its push.
@csrf_exempt
@require_POST
def google_push(request: HttpRequest, target: str) -> HttpResponse:
    """Take one log entry in. Pub/Sub sends again what is not answered 2xx, and so is told of faults of ours only."""
    registry = Registry.objects.filter(key=target, kind="google").first()
    try:
        _check(request, registry)
    except PushRefused as refused:
        return _refused(HTTPStatus.UNAUTHORIZED, refused.code)
    except ConnectorError as error:
        return _refused(HTTPStatus.SERVICE_UNAVAILABLE, error.code or "certs_unread")
    assert registry is not None  # noqa: S101 - narrows the type: what is proven is proven for a registry
    try:
        pull = read_push(request.body, host=str(registry.options.get("host", "")))
    except Malformed as error:
        PUSHES.labels("unreadable").inc()
        log.warning("google_push_unreadable", registry=target, reason=str(error))
        return JsonResponse({"new": 0, "unreadable": str(error)}, status=HTTPStatus.ACCEPTED)
    new = take([pull] if pull else [], registry=registry, now=timezone.now())
    PUSHES.labels("taken").inc()
    return JsonResponse({"new": new}, status=HTTPStatus.ACCEPTED)


def _check(request: HttpRequest, registry: Registry | None) -> None:
    """Raises PushRefused, and ConnectorError when Google's keys cannot be read."""
    account = str(registry.options.get("push_account", "")) if registry else ""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if registry is None or not account or scheme.lower() != "bearer":
        raise PushRefused("no_token")
    where = settings.BASE_URL + reverse("google-push", args=[registry.key])
    said: dict[str, Any] = {
        "audience": str(registry.options.get("push_audience") or where),
        "account": account,
        "now": timezone.now(),
    }
    certs = str(registry.options.get("push_certs") or CERTS)
    try:
        check_push(token, keys=usable_keys(_certs(certs)), **said)
    except PushKeyUnknown:
        check_push(token, keys=usable_keys(_certs(certs, anew=True)), **said)


def _certs(url: str, *, anew: bool = False) -> Mapping[str, Any]:
    """Google's keys as last read; anew at most once a minute, by all processes together. Raises ConnectorError."""
    name = f"google-certs:{url}"
    found: Mapping[str, Any] = cache.get(name) or {}
    if (anew or not found) and cache.add(f"{name}:tried", 1, TRY_EVERY):
        found = read_certs(url)
        cache.set(name, found, KEPT)
    if not found:
        raise Transient("Google's keys could not be read a moment ago.", code="certs_unread")
    return found


def _refused(status: HTTPStatus, code: str) -> HttpResponse:
    PUSHES.labels(str(status.value)).inc()
    log.warning("google_push_refused", status=status.value, reason=code)
    detail = (
        "The push proves nothing." if status == HTTPStatus.UNAUTHORIZED else "Google's keys cannot be read."
    )
    problem = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    return JsonResponse(problem, status=status, content_type="application/problem+json")
