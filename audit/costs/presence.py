"""Whether anything was used at all: by whom in which project, and under which grants."""

from collections.abc import Iterable
from datetime import date

from django.db.models import Sum

from audit.costs.models import DayTotal, UsageKey


def people_with_use(projects: Iterable[str], *, since: date) -> set[tuple[str, str]]:
    """(project, person label) of everybody who held GPUs of these projects since a day: two queries."""
    keys = UsageKey.objects.filter(project__in=list(projects)).exclude(person="")
    known = {pk: (project, person) for pk, project, person in keys.values_list("pk", "project", "person")}
    return {known[pk] for pk in _used(known, since)}


def grants_with_use(grants: Iterable[str], *, since: date) -> set[str]:
    """Those of these grants (`grant:12`) that GPUs were held under since a day: two queries."""
    known = dict(UsageKey.objects.filter(grant__in=list(grants)).values_list("pk", "grant"))
    return {known[pk] for pk in _used(known, since)}


def _used(keys: Iterable[int], since: date) -> list[int]:
    held = DayTotal.objects.filter(key_id__in=list(keys), day__gte=since).values("key_id")
    return list(held.annotate(ms=Sum("held_ms")).filter(ms__gt=0).values_list("key_id", flat=True))
