"""Health: a page for administrators, JSON for machines."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from grants.delivery.selectors import overdue
from grants.tokens.selectors import unread_keys
from portal.notify.selectors import failing_mail
from portal.pages.access import signed_in, viewer_of
from portal.pages.health.parts import all_well, parts
from portal.pages.health.words import rows_of

MOST_OVERDUE = 20


@require_safe
@signed_in
def health(request: HttpRequest) -> HttpResponse:
    """Show each part with its state, the reason, and what breaks without it. Raises PermissionDenied."""
    viewer, now = viewer_of(request), timezone.now()
    if not viewer.is_administrator:
        raise PermissionDenied
    found = parts(now)
    readable = all(part.ok for part in found if part.name == "database")
    context: dict[str, Any] = {
        "rows": rows_of(found),
        "attention": sum(not part.ok for part in found),
        "now": now,
        "overdue": list(overdue(now)[:MOST_OVERDUE]) if readable else [],
        "keys": list(unread_keys()) if readable else [],
        "mails": list(failing_mail().select_related("recipient")[:MOST_OVERDUE]) if readable else [],
    }
    return render(request, "pages/health/health.html", context)


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Say to anybody whether Purser can serve (200) or not (503): names of parts, ok or failing, short reasons."""
    with override("en"):
        found = parts(timezone.now())
    well = all_well(found)
    body = {
        "status": "ok" if well else "failing",
        "parts": {
            part.name: {"status": "ok" if part.ok else "failing", "reason": part.reason} for part in found
        },
    }
    return JsonResponse(body, status=200 if well else 503)
