"""A program in a terminal asks to sign in: the person types its code, sees what asks, and allows or denies."""

from contextlib import suppress
from typing import Any

from django import forms
from django.contrib import messages
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods
from redis.exceptions import RedisError

from grants.directory.standing import Standing
from portal.accounts.devices import DAYS, decide_device, waiting_device
from portal.accounts.models import DeviceSignIn
from portal.pages.access import acting, signed_in, viewer_of

WRONG_MOST, WRONG_SECONDS = 10, 600
"""Wrong codes of one person in so many seconds: there are 26 thousand million codes, and guessing stays hopeless."""


class CodeForm(forms.Form):
    """The code that the terminal shows."""

    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=20,
        help_text=gettext_lazy("For example BCDF-GHJK"),
        error_messages={"required": gettext_lazy("Enter the code from the terminal")},
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@signed_in
def device(request: HttpRequest) -> HttpResponse:
    """Find the program behind a code; a post allows or denies it. Nothing is allowed by a link alone."""
    given = request.POST if request.method == "POST" else request.GET
    if "code" not in given:
        return _page(request, CodeForm())
    form = CodeForm({"code": given["code"]})
    found = _found(form, viewer_of(request)) if form.is_valid() else None
    answer = request.POST.get("answer")
    if found is None or answer not in {"allow", "deny"}:
        return _page(request, form, found)
    decide_device(device=found, allow=answer == "allow", person=viewer_of(request).person, by=acting(request))
    said = (
        _("“%(client)s” is signed in as you. Go back to the terminal.")
        if answer == "allow"
        else _("“%(client)s” was refused. It has no access.")
    )
    messages.success(request, said % {"client": found.client})
    return redirect("account")


def _found(form: CodeForm, viewer: Standing) -> DeviceSignIn | None:
    if _wrong(viewer) >= WRONG_MOST:
        form.add_error("code", _("Too many wrong codes. Wait ten minutes."))
        return None
    found = waiting_device(form.cleaned_data["code"])
    if found is None:
        _count_wrong(viewer)
        form.add_error("code", _("Nothing waits for this code. Check it, or start again in the terminal."))
    return found


def _wrong(viewer: Standing) -> int:
    with suppress(RedisError):
        return int(cache.get(_key(viewer), 0))
    return 0


def _count_wrong(viewer: Standing) -> None:
    with suppress(RedisError, ValueError):
        cache.add(_key(viewer), 0, WRONG_SECONDS)
        cache.incr(_key(viewer))


def _key(viewer: Standing) -> str:
    return f"device:wrong:{viewer.person.pk}"


def _page(request: HttpRequest, form: CodeForm, found: DeviceSignIn | None = None) -> HttpResponse:
    faulty = bool(form.is_bound and form.errors)
    context: dict[str, Any] = {
        "form": form,
        "device": found,
        "code": form.data.get("code", ""),
        "days": DAYS,
        "has_errors": faulty,
    }
    return render(request, "pages/account/device.html", context, status=422 if faulty else 200)
