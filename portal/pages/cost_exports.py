"""Downloads of costs from the pages: exactly the filters on screen."""

from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_POST

from portal.edges.cost_downloads import FORMS, download
from portal.edges.cost_filters import read_filters
from portal.pages.access import acting, signed_in, viewer_of


@require_POST
@signed_in
def export(request: HttpRequest) -> HttpResponse:
    """Stream the costs of the posted filters as CSV; the download is recorded with its filters."""
    form = next((one for one in FORMS if one == request.POST.get("form")), None)
    asked = read_filters(request.POST, today=timezone.localdate())
    if form is None or asked.faults:
        raise Http404
    name, blocks = download(
        form=form, viewer=viewer_of(request), filters=asked.filters, by=acting(request), now=timezone.now()
    )
    response = StreamingHttpResponse(blocks, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Content-Language"] = "en"
    response["Cache-Control"] = "no-store"
    return response  # type: ignore[return-value]  # both are what Django calls a response
