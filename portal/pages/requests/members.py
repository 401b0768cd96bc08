"""Step 3: the people. Pasted, uploaded or copied, shown as one list, and mended in place."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from approvals.requests import services
from approvals.requests.errors import DraftFault, RequestError, StaleRequest
from approvals.requests.models import Request
from approvals.requests.selectors import requests_visible_to
from approvals.requests.types import DraftChanges
from portal.pages.access import acting, viewer_of
from portal.pages.paging import PAGE_SIZE, number, page_of_list
from portal.pages.requests.forms import CopyForm, PeopleForm, UploadForm
from portal.pages.requests.people import (
    GROUPS,
    PersonLine,
    chips,
    faulty_summary,
    group_counts,
    in_group,
    lines_csv,
    person_lines,
    place_of,
)
from portal.pages.requests.presenters import step_url
from portal.pages.requests.saving import put_faults, revision_of, stale
from portal.pages.requests.sent_members import sent_members_step
from portal.pages.requests.uploads import read_column, show_columns
from portal.pages.requests.wizard import lines_of, next_url, returns_to_check, sent, step_list

COPY_FROM = 50
Act = Callable[[HttpRequest, Request], HttpResponse]


def members_step(http: HttpRequest, request: Request) -> HttpResponse:
    """Show the list, or do what the pressed button names; `?format=csv` downloads the shown lines."""
    if sent(request):
        return sent_members_step(http, request)
    if http.GET.get("format") == "csv":
        return lines_csv(request, in_group(person_lines(request), http.GET.get("show", "all")))
    if http.method != "POST":
        return members_page(http, request)
    act = next((act for name, act in ACTS.items() if name in http.POST), go_on)
    try:
        return act(http, request)
    except StaleRequest as error:
        problem = stale(request, error, DraftChanges())
        return members_page(http, request, PeopleForm(http.POST), status=409, stale=problem.stale)


def members_page(
    http: HttpRequest,
    request: Request,
    *forms: Form,
    status: int = 200,
    errors: list[tuple[str, str]] | None = None,
    stale: str = "",
    at: int = 0,
) -> HttpResponse:
    """The step as a page; `forms` are those to show again with what was typed, `at` the line to show."""
    given = {type(form): form for form in forms}
    lines = person_lines(request)
    counts, url, shown = group_counts(lines), here(http, request), http.GET.get("show", "all")
    listed = in_group(lines, shown)
    page = page_of_list(http, listed, start=place_of(listed, at) if at else None)
    context: dict[str, Any] = {
        "request_row": request,
        "paste": given.get(PeopleForm) or PeopleForm(),
        "upload": given.get(UploadForm) or UploadForm(),
        "copy": given.get(CopyForm) or _copy_form(http, request),
        "lines": page.rows,
        "page": page,
        "counts": counts,
        "chips": chips(counts, shown if shown in GROUPS else "all", step_address(http, request)),
        "all_lines": step_address(http, request),
        "errors": errors or [],
        "has_errors": status >= 400,
        "stale": stale,
        "steps": step_list(request, "members", lines_of(line.code for line in lines if line.included)),
        "back": returns_to_check(http),
        "here": url,
        "shown": shown,
    }
    return render(http, "pages/requests/step_members.html", context, status=status)


def add_pasted(http: HttpRequest, request: Request) -> HttpResponse:
    """Append the pasted people."""
    form = PeopleForm(http.POST)
    if form.is_valid():
        put_faults(form, _add(http, request, people_text=form.cleaned_data["people_text"]))
    if form.errors:
        return members_page(http, request, form, status=422)
    return redirect(f"{here(http, request)}#people")


def upload(http: HttpRequest, request: Request) -> HttpResponse:
    """Read a file and ask which of its columns names the people."""
    form = UploadForm(http.POST, http.FILES)
    page = show_columns(http, request, form) if form.is_valid() else None
    return page or members_page(http, request, form, status=422)


def take_column(http: HttpRequest, request: Request) -> HttpResponse:
    """Append the people of the chosen column."""
    entries, page = read_column(http, request)
    if page is not None:
        return page
    if faults := _add(http, request, people_lines=entries):
        return members_page(
            http, request, status=422, errors=[("#id_file", text) for text in faults.values()]
        )
    return redirect(f"{here(http, request)}#people")


def copy(http: HttpRequest, request: Request) -> HttpResponse:
    """Replace the list by the people of an earlier request."""
    form = _copy_form(http, request, http.POST)
    if not form.is_valid():
        return members_page(http, request, form, status=422)
    source = form.cleaned_data["source"]
    services.copy_members(
        request=request, source=source, revision=revision_of(http), by=acting(http), now=timezone.now()
    )
    messages.success(http, _("The people of %(number)s were copied.") % {"number": source.number})
    return redirect(f"{here(http, request)}#people")


def fix(http: HttpRequest, request: Request) -> HttpResponse:
    """Mend one line: the button says which and how (`remove:7`, `use:7:li@example.com`).

    A new text or a person stands in the row's field.
    """
    action, line, value = (*http.POST["fix"].split(":", 2), "", "")[:3]
    position = number(line) or 0
    try:
        services.repair_line(
            request=request,
            position=position,
            action=action,
            value=value or http.POST.get("value", ""),
            revision=revision_of(http),
            by=acting(http),
            now=timezone.now(),
        )
    except StaleRequest:
        raise
    except RequestError as error:
        if error.status != 422:
            raise
        errors = [(f"#value-{position}", error.message)]
        return members_page(http, request, status=422, errors=errors, at=position)
    return redirect(_next_place(http, request, position))


def leave_out(http: HttpRequest, request: Request) -> HttpResponse:
    """Leave out every line that needs fixing; they stay in the draft."""
    before = group_counts(person_lines(request)).get("fixing", 0)
    services.leave_out_faulty(
        request=request, revision=revision_of(http), by=acting(http), now=timezone.now()
    )
    words = ngettext(
        "%(count)d line is left out for now. It stays in the draft.",
        "%(count)d lines are left out for now. They stay in the draft.",
        before,
    )
    messages.success(http, words % {"count": before})
    return redirect(f"{here(http, request)}#people")


def clear(http: HttpRequest, request: Request) -> HttpResponse:
    """Empty the list, to start it again."""
    services.update_draft(
        request=request,
        changes=DraftChanges(people_text=""),
        revision=revision_of(http),
        by=acting(http),
        now=timezone.now(),
    )
    return redirect(here(http, request))


def go_on(http: HttpRequest, request: Request) -> HttpResponse:
    """Leave the step: text that is still in the box is added first, lines that need fixing hold it up."""
    if http.POST.get("people_text", "").strip():
        response = add_pasted(http, request)
        if response.status_code >= 400:
            return response
        request.refresh_from_db()
    lines = person_lines(request)
    errors = [] if "later" in http.POST else _unfinished(lines)
    if errors:
        first = next((line.position for line in lines if line.group == "fixing"), 0)
        return members_page(http, request, status=422, errors=errors, at=first)
    return redirect(next_url(http, request, "members"))


ACTS: Mapping[str, Act] = {
    "fix": fix,
    "add": add_pasted,
    "upload": upload,
    "import": take_column,
    "copy": copy,
    "leave_out": leave_out,
    "clear": clear,
}


def step_address(http: HttpRequest, request: Request) -> str:
    """The step's own address, of the whole list."""
    return step_url(request, "members", back=returns_to_check(http))


def here(http: HttpRequest, request: Request, start: int = 0) -> str:
    """The step's address with the group of lines that is shown, from line `start` of it on."""
    url, show = step_address(http, request), http.POST.get("show", "")
    wanted = {"show": show} if show in GROUPS and show != "all" else {}
    query = urlencode(wanted | ({"n": str(start)} if start else {}))
    return f"{url}{'&' if '?' in url else '?'}{query}" if query else url


def _next_place(http: HttpRequest, request: Request, position: int) -> str:
    """Where to look after a line was mended: the next line that needs fixing, else the line itself."""
    lines = person_lines(request)
    faulty = [line.position for line in lines if line.group == "fixing"]
    target = next((place for place in faulty if place > position), faulty[0] if faulty else position)
    listed = in_group(lines, http.POST.get("show", "all"))
    if all(line.position != target for line in listed):
        return f"{here(http, request)}#people"
    return f"{here(http, request, place_of(listed, target) // PAGE_SIZE * PAGE_SIZE)}#line-{target}"


def _unfinished(lines: Sequence[PersonLine]) -> list[tuple[str, str]]:
    """What keeps the list from being finished: lines to fix, or nobody at all."""
    if any(line.group in ("found", "held", "fixing") for line in lines):
        return faulty_summary(lines)
    return [("#id_people_text", _("Add at least one person"))]


def _add(http: HttpRequest, request: Request, **people: Any) -> dict[str, str]:
    """Append people; answers the faults by field, none when they were added."""
    try:
        services.add_people(
            request=request,
            changes=DraftChanges(**people),
            revision=revision_of(http),
            by=acting(http),
            now=timezone.now(),
        )
    except DraftFault as error:
        return dict(error.detail["fields"])
    return {}


def _copy_form(http: HttpRequest, request: Request, data: Any = None) -> CopyForm:
    form = CopyForm(data)
    seen = requests_visible_to(viewer_of(http))
    others = seen.exclude(pk=request.pk).filter(members__left_out=False).order_by("-pk").distinct()
    newest = list(others.values_list("pk", flat=True)[:COPY_FROM])
    form.fields["source"].queryset = seen.filter(pk__in=newest).order_by("-pk")  # type: ignore[attr-defined]
    form.offered = bool(newest)
    return form
