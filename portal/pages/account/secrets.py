"""Pages that show a secret once: never stored, never cached, gone when left."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.cache import never_cache

from grants.catalogue.selectors import images_visible_to
from grants.tokens.models import Credential
from portal.accounts.models import ApiToken
from portal.pages.access import viewer_of
from portal.pages.pull_panel import SESSION_KEY
from portal.pages.pulling import CLIENTS, DEFAULT, Place, commands


@never_cache
def token_page(request: HttpRequest, token: ApiToken, secret: str) -> HttpResponse:
    """The secret of a new API token, with a call that works as pasted."""
    api = request.build_absolute_uri("/api/v1/projects/")
    call = f'read -rs TOKEN && curl -H "Authorization: Bearer $TOKEN" {api}; unset TOKEN'
    context = {"token": token, "secret": secret, "call": call, "back": reverse("account")}
    return render(request, "pages/account/token_made.html", context)


@never_cache
def credential_page(request: HttpRequest, credential: Credential, secret: str) -> HttpResponse:
    """The secret of a new pull token, and how to sign in with it at each registry."""
    client = request.POST.get("client") or request.session.get(SESSION_KEY, DEFAULT)
    places = [
        Place(host, plain, "image", "tag", "", credential.login) for host, plain in _registries(request)
    ]
    client = client if client in CLIENTS else DEFAULT
    lines = [(place.host, line) for place in places for line in commands(client, place).sign_in]
    context = {
        "credential": credential,
        "secret": secret,
        "lines": lines,
        "client": CLIENTS[client],
        "back": _back(request),
    }
    return render(request, "pages/account/credential_made.html", context)


def _registries(request: HttpRequest) -> list[tuple[str, bool]]:
    """Host, and whether it speaks plain HTTP, of the registries whose images the viewer may see."""
    rows = images_visible_to(viewer_of(request)).order_by()
    pairs = rows.values_list("registry__host", "registry__api_url").distinct()
    asked = request.POST.get("host", "")
    found = sorted((host, url.startswith("http://")) for host, url in pairs)
    return [pair for pair in found if pair[0] == asked] or found


def _back(request: HttpRequest) -> str:
    back = request.POST.get("next", "")
    return back if url_has_allowed_host_and_scheme(back, {request.get_host()}) else reverse("account")
