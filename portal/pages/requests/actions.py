"""What its people do with a request: withdraw it, answer a question, remind the approvers, start one like it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from approvals.requests import services
from approvals.requests.errors import Conflict, RequestError
from portal.pages.access import acting, signed_in, viewer_of
from portal.pages.requests.detail import detail_page, whole
from portal.pages.requests.forms import AnswerForm, WithdrawForm
from portal.pages.requests.presenters import title_of
from portal.pages.requests.wizard import editable, first_open_step, posted, visible


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def request_withdraw(http: HttpRequest, pk: int) -> HttpResponse:
    """Ask whether to take the request back, then do it."""
    request = editable(http, pk)
    form = WithdrawForm(posted(http))
    if http.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        services.withdraw(request=request, by=acting(http), now=timezone.now(), reason=reason)
        messages.success(http, _("%(number)s was withdrawn.") % {"number": request.number})
        return redirect("requests" if request.submitted_at is None else _detail(pk))
    context = {"request_row": request, "title": title_of(request), "form": form}
    return render(http, "pages/requests/withdraw.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def request_answer(http: HttpRequest, pk: int) -> HttpResponse:
    """Answer what an approver asked; the conversation has the form."""
    request = visible(http, pk)
    if http.method != "POST":
        return redirect(_detail(pk, "conversation"))
    form = AnswerForm(http.POST)
    if form.is_valid():
        person, by = viewer_of(http).person, acting(http)
        try:
            services.answer(
                request=request, text=form.cleaned_data["text"], author=person, by=by, now=timezone.now()
            )
        except RequestError as error:
            if error.status != 422:
                raise
            form.add_error("text", error.message)
    if form.errors:
        return detail_page(http, whole(http, pk), "conversation", status=422, form=form)
    messages.success(http, _("Your answer was sent. The approvers can decide now."))
    return redirect(_detail(pk, "conversation"))


@require_POST
@signed_in
def request_nudge(http: HttpRequest, pk: int) -> HttpResponse:
    """Remind the approvers; at most once in 24 hours, which is said when it is too soon."""
    request = visible(http, pk)
    try:
        services.nudge(request=request, by=acting(http), now=timezone.now())
    except Conflict as error:
        messages.warning(http, error.message)
    else:
        messages.success(http, _("The approvers were reminded."))
    return redirect(_detail(pk))


@require_POST
@signed_in
def request_copy(http: HttpRequest, pk: int) -> HttpResponse:
    """Start a draft like this request."""
    source = visible(http, pk)
    draft = services.clone(request=source, by=acting(http), now=timezone.now())
    words = _("This draft has the answers of %(number)s. Check them and change what differs.")
    messages.info(http, words % {"number": source.number})
    return redirect(first_open_step(draft))


def _detail(pk: int, tab: str = "") -> str:
    url = reverse("request-detail", args=[pk])
    return f"{url}?tab={tab}" if tab else url
