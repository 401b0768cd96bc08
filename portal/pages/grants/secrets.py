"""One's own secret at a registry that does not take Purser's pull token: shown once, never stored, never cached."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from grants.lifecycle.selectors import grants_visible_to, with_bundle
from portal.edges.pull_secrets import GOOGLE, pull_secret
from portal.pages.access import acting, signed_in, viewer_of
from portal.pages.pull_panel import client_of
from portal.pages.pulling import CLIENTS, Place, commands


@require_POST
@never_cache
@signed_in
def show(request: HttpRequest, pk: int) -> HttpResponse:
    """Show the secret this once, with the sign-in command. Raises Http404."""
    viewer = viewer_of(request)
    grant = with_bundle(grants_visible_to(viewer).filter(pk=pk)).first()
    if grant is None:
        raise Http404
    made = pull_secret(
        grant=grant,
        target=request.POST.get("target", ""),
        person=viewer.person,
        by=acting(request),
        now=timezone.now(),
    )
    client, registry = client_of(request), made.registry
    place = Place(registry.host, registry.plain_http, "image", "tag", "", made.username)
    context = {
        "grant": grant,
        "made": made,
        "by_token": registry.kind == GOOGLE,
        "lines": commands(client, place).sign_in,
        "client": CLIENTS[client],
    }
    return render(request, "pages/grants/pull_secret.html", context)
