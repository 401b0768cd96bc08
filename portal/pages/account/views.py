"""One's own account: settings, API tokens, pull tokens."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_http_methods, require_POST

from audit.ledger.errors import PurserError
from grants.directory.services import set_language
from grants.tokens.selectors import credentials_visible_to
from grants.tokens.services import create_personal, revoke_credential
from portal.accounts.tokens import create_token, revoke_token, tokens_visible_to
from portal.pages.access import acting, refused, signed_in, viewer_of
from portal.pages.account.forms import CredentialForm, LanguageForm, TokenForm
from portal.pages.account.secrets import credential_page, token_page
from portal.pages.shellviews import YEAR


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def account(request: HttpRequest) -> HttpResponse:
    """Show settings and tokens; a post keeps the language for pages and mail."""
    person = viewer_of(request).person
    form = LanguageForm(request.POST) if request.method == "POST" else None
    if form is None or not form.is_valid():
        return _page(request, language=form)
    chosen = form.cleaned_data["language"]
    set_language(person=person, language=chosen, by=acting(request), now=timezone.now())
    with override(chosen or None):
        messages.success(request, _("Your language is saved."))
    response = redirect("account")
    if chosen:
        name, secure = settings.LANGUAGE_COOKIE_NAME, settings.SECURE
        response.set_cookie(name, chosen, max_age=YEAR, secure=secure, httponly=True, samesite="Lax")
    else:
        response.delete_cookie(settings.LANGUAGE_COOKIE_NAME)
    return response


@require_POST
@signed_in
def token_create(request: HttpRequest) -> HttpResponse:
    """Make an API token and show its secret, this once."""
    viewer = viewer_of(request)
    form = TokenForm(request.POST, administrator=viewer.is_administrator)
    if not form.is_valid():
        return _page(request, token=form)
    given = form.cleaned_data
    try:
        token, secret = create_token(
            person=viewer.person,
            name=given["name"],
            scopes=given["scopes"].split(),
            days=given["days"],
            by=acting(request),
            now=timezone.now(),
        )
    except PurserError as error:
        form.add_error(None, error.message)
        return _page(request, token=form)
    return token_page(request, token, secret)


@require_POST
@signed_in
def token_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """End one of one's own API tokens. Raises Http404."""
    viewer = viewer_of(request)
    token = get_object_or_404(tokens_visible_to(viewer), pk=pk, person=viewer.person)
    revoke_token(token=token, by=acting(request), now=timezone.now())
    messages.success(request, _("The API token is revoked."))
    return redirect("account")


@require_POST
@signed_in
def credential_create(request: HttpRequest) -> HttpResponse:
    """Make a pull token of one's own and show its secret with the sign-in command, this once."""
    form = CredentialForm(request.POST)
    if not form.is_valid():
        return _page(request, credential=form)
    try:
        credential, secret = create_personal(
            person=viewer_of(request).person,
            hours=form.cleaned_data["hours"],
            by=acting(request),
            now=timezone.now(),
        )
    except PurserError as error:
        return refused(request, error)
    return credential_page(request, credential, secret)


@require_POST
@signed_in
def credential_revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """End a pull token of one's own. Raises Http404."""
    viewer = viewer_of(request)
    credential = get_object_or_404(credentials_visible_to(viewer), pk=pk, person=viewer.person)
    revoke_credential(credential=credential, by=acting(request), now=timezone.now())
    messages.success(request, _("The pull token is revoked. The registry refuses it from now on."))
    return redirect("account")


def _page(request: HttpRequest, **forms: Form | None) -> HttpResponse:
    viewer, now = viewer_of(request), timezone.now()
    person = viewer.person
    faulty = any(form is not None and form.errors for form in forms.values())
    context: dict[str, Any] = {
        "person": person,
        "addresses": list(person.addresses.order_by("-primary", "address")),
        "teams": list(person.memberships.select_related("team").order_by("team__name")),
        "roles": sorted(viewer.roles),
        "language_form": forms.get("language") or LanguageForm(initial={"language": person.language}),
        "token_form": forms.get("token")
        or TokenForm(initial={"scopes": "read", "days": 90}, administrator=viewer.is_administrator),
        "credential_form": forms.get("credential") or CredentialForm(initial={"hours": 12}),
        "tokens": list(tokens_visible_to(viewer).filter(person=person, revoked_at=None)),
        "credentials": list(
            credentials_visible_to(viewer).filter(person=person, revoked_at=None, expires_at__gt=now)
        ),
        "has_errors": faulty,
    }
    return render(request, "pages/account/account.html", context, status=422 if faulty else 200)
