"""Notifications of registries: authenticated, exactly once, tied to people by the token's row."""

import hmac
from collections.abc import Mapping, Sequence

import structlog
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from audit.pulls.notifications import UnreadableNotification, read_notification
from audit.pulls.services import Attribution, record_reports
from grants.catalogue.models import Registry
from grants.directory.models import Person
from grants.tokens.selectors import TokenOwner, owners_of

log = structlog.get_logger(__name__)


# No cookie is read here: a registry proves itself by the shared secret in its Authorization header.
@csrf_exempt
@require_POST
def registry_notification(request: HttpRequest, target: str) -> HttpResponse:
    """Take one notification. Anything but 2xx makes the registry send it again, before all that came later.

    So only faults of ours do that: a body nobody can read is said in the log, and its pull shows as a gap.
    """
    if not _is_registry(request):
        return JsonResponse({"detail": "The shared secret is missing or wrong."}, status=401)
    if not Registry.objects.filter(key=target).exists():
        return JsonResponse({"detail": "There is no such registry."}, status=404)
    try:
        reports = read_notification(request.body)
    except UnreadableNotification as error:
        log.warning("registry_notification_unreadable", registry=target, reason=str(error))
        return JsonResponse({"new": 0, "unreadable": str(error)}, status=202)
    new = record_reports(registry=target, reports=reports, attribute=attribute, now=timezone.now())
    return JsonResponse({"new": new}, status=202)


def attribute(pairs: Sequence[tuple[str, str]]) -> Mapping[tuple[str, str], Attribution]:
    """Whom the registry's actors stand for, with the names of the people."""
    owners = owners_of(pairs)
    numbers = {int(owner.principal[7:]) for owner in owners.values() if owner.principal.startswith("person:")}
    names = {
        f"person:{pk}": name for pk, name in Person.objects.filter(pk__in=numbers).values_list("pk", "name")
    }
    return {pair: _attribution(owner, names) for pair, owner in owners.items()}


def _attribution(owner: TokenOwner, names: Mapping[str, str]) -> Attribution:
    return Attribution(
        token=owner.token,
        person=owner.principal,
        person_name=names.get(owner.principal, owner.login),
        project=owner.project,
        team=owner.team,
        grant=f"grant:{owner.grant}" if owner.grant else "",
    )


def _is_registry(request: HttpRequest) -> bool:
    secret = settings.REGISTRY["notification_secret"]
    given = request.headers.get("Authorization", "")
    expected = f"Bearer {secret}"
    return bool(secret) and hmac.compare_digest(given.encode(), expected.encode())
