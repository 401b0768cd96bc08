"""Jira's webhooks: authenticated, taken in once each, believed only as a hint to read Jira again."""

import hmac
from http import HTTPStatus

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from prometheus_client import Counter

from grants.connectors.errors import Malformed
from grants.connectors.jira import parse_webhook, verify_signature
from grants.connectors.jira_webhooks import MAX_BYTES
from grants.tracker.receiving import receive

WEBHOOKS = Counter("purser_jira_webhooks", "Jira's webhooks by what became of them", ["outcome"])
STATUSES = {"stored": HTTPStatus.ACCEPTED, "ignored": HTTPStatus.ACCEPTED, "duplicate": HTTPStatus.OK}
log = structlog.get_logger(__name__)


# No cookie is read here: Jira proves itself by a signature of the body, Automation by a shared secret.
@csrf_exempt
@require_POST
def jira_webhook(request: HttpRequest) -> HttpResponse:
    """Take one webhook in. Jira sends it again only after faults of ours, and is not asked anything here."""
    if _length(request) > MAX_BYTES:
        return _refused(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The body is longer than {MAX_BYTES} bytes.")
    if not (_is_signed(request) or _has_bearer(request)):
        return _refused(HTTPStatus.UNAUTHORIZED, "The signature or the shared secret is missing or wrong.")
    try:
        facts = parse_webhook(request.body)
    except Malformed as error:
        return _refused(HTTPStatus.BAD_REQUEST, str(error))
    identifier = request.headers.get("X-Atlassian-Webhook-Identifier", "")
    outcome = receive(facts, raw=request.body, identifier=identifier, now=timezone.now())
    WEBHOOKS.labels(outcome).inc()
    return JsonResponse({"outcome": outcome}, status=STATUSES[outcome])


def _length(request: HttpRequest) -> int:
    """What the sender says, so that nothing too long is read; servers hold it to that."""
    given = request.headers.get("Content-Length", "")
    return int(given) if given.isdecimal() else 0


def _is_signed(request: HttpRequest) -> bool:
    header = request.headers.get("X-Hub-Signature", "")
    return bool(header) and verify_signature(request.body, header, settings.JIRA["webhook_secrets"])


def _has_bearer(request: HttpRequest) -> bool:
    """Whether one of the shared secrets is given; every one is compared, in constant time."""
    given = request.headers.get("Authorization", "").encode()
    fits = False
    for secret in settings.JIRA["bearer_secrets"]:
        fits |= hmac.compare_digest(given, f"Bearer {secret}".encode()) and bool(secret)
    return fits


def _refused(status: HTTPStatus, detail: str) -> HttpResponse:
    WEBHOOKS.labels(str(status.value)).inc()
    log.warning("jira_webhook_refused", status=status.value, reason=detail)
    problem = {"type": "about:blank", "title": status.phrase, "status": status.value, "detail": detail}
    return JsonResponse(problem, status=status, content_type="application/problem+json")
