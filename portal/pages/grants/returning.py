"""Giving several grants back: a page that says what happens to each ticked one, then the result for each."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from audit.ledger.errors import PurserError
from grants.directory.standing import Standing
from grants.lifecycle.errors import error_for
from grants.lifecycle.models import Grant
from grants.lifecycle.selectors import grants_visible_to, with_bundle
from grants.lifecycle.services import give_back
from portal.pages.access import acting, signed_in, viewer_of
from portal.pages.grants.forms import ManyReturnForm
from portal.pages.grants.listing import why_not_returnable
from portal.pages.paging import number

MOST = 200


@dataclass(frozen=True)
class Candidate:
    """A ticked grant: how many people it is for, and why it cannot be given back; empty when it can."""

    grant: Grant
    people: int
    why_not: str


@dataclass(frozen=True)
class Outcome:
    """What became of one grant: `problem` is empty when it was given back."""

    grant: Grant
    people: int
    problem: str


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def give_many_back(request: HttpRequest) -> HttpResponse:
    """Say what giving the ticked grants back does, then give back each by itself and tell how each went."""
    posted = request.POST if request.method == "POST" else None
    grants = _ticked(viewer_of(request), (posted or request.GET).getlist("sel"))
    form = ManyReturnForm(posted)
    if posted is not None and grants and form.is_valid():
        outcomes = [_return(request, grant, posted, form.cleaned_data["note"]) for grant in grants]
        return render(request, "pages/grants/returned.html", _told(outcomes))
    return _asking(request, form, grants, failed=posted is not None)


def _asking(
    request: HttpRequest, form: ManyReturnForm, grants: Sequence[Grant], *, failed: bool
) -> HttpResponse:
    viewer = viewer_of(request)
    candidates = [_candidate(grant, viewer) for grant in grants]
    able = [one for one in candidates if not one.why_not]
    context = {
        "form": form,
        "able": able,
        "unable": [one for one in candidates if one.why_not],
        "people": sum(one.people for one in able),
        "has_errors": failed,
    }
    return render(request, "pages/grants/return_many.html", context, status=422 if failed else 200)


def _ticked(viewer: Standing, ticks: Iterable[str]) -> list[Grant]:
    """The ticked grants that the viewer may see, in the order of the list: three queries."""
    keys = [key for text in ticks if (key := number(text)) is not None][:MOST]
    return list(with_bundle(grants_visible_to(viewer).filter(pk__in=keys))) if keys else []


def _candidate(grant: Grant, viewer: Standing) -> Candidate:
    code = why_not_returnable(grant, viewer)
    return Candidate(grant, _people(grant), str(error_for(code, grant).message) if code else "")


def _return(request: HttpRequest, grant: Grant, posted: QueryDict, note: str) -> Outcome:
    """Give one grant back by the same service as its own page, against the end that was shown."""
    people, seen = _people(grant), _seen(posted.get(f"seen-{grant.pk}", ""))
    if seen is None:
        return Outcome(grant, people, _("Open the page again and repeat this"))
    grant.ends = seen
    try:
        give_back(grant=grant, note=note, by=acting(request), now=timezone.now())
    except PurserError as error:
        return Outcome(grant, people, str(error.message))
    return Outcome(grant, people, "")


def _told(outcomes: Sequence[Outcome]) -> dict[str, object]:
    done = [one for one in outcomes if not one.problem]
    return {
        "outcomes": outcomes,
        "done": len(done),
        "total": len(outcomes),
        "people": sum(one.people for one in done),
    }


def _people(grant: Grant) -> int:
    return sum(row.removed_at is None for row in grant.members.all())


def _seen(text: str) -> datetime | None:
    try:
        at = parse_datetime(text)
    except ValueError:
        return None
    return None if at is None or timezone.is_naive(at) else at
