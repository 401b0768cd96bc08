"""The invoice of a month beside the rate card and what was recorded."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from audit.costs.invoices import InvoiceLine, InvoicePlace, invoice, invoice_months
from audit.costs.listing import gpu_types
from audit.costs.types import ZERO
from portal.pages.access import signed_in
from portal.pages.costs.wording import number
from portal.pages.costs_admin.frame import draw, require_reader
from portal.pages.costs_admin.rate_effects import signed
from portal.pages.costs_admin.rate_rows import price_text
from portal.pages.costs_admin.words import class_word


@require_safe
@signed_in
def invoices(request: HttpRequest) -> HttpResponse:
    """Show what was billed in a month, SKU by SKU, against our prices and records. Raises Http404, PermissionDenied."""
    require_reader(request)
    months = invoice_months()
    month = request.GET.get("month") or (months[0] if months else "")
    if month and month not in months:
        raise Http404
    found = invoice(month) if month else None
    labels = {one.key: one.label for one in gpu_types()}
    context: dict[str, Any] = {"months": [(one, month_text(one)) for one in months], "month": month}
    if found:
        ours = [one for one in found.lines if not one.foreign]
        context |= {
            "first": found.first,
            "last": found.last,
            "lines": [_line(one, labels) for one in found.lines],
            "places": [_place(one, labels) for one in found.places],
            "net": number(sum((one.net for one in ours), ZERO), 2),
            "card": number(sum((one.card for one in ours), ZERO), 2),
            "difference": signed(sum((one.card - one.net for one in ours), ZERO)),
        }
    return draw(request, "invoice", context)


def month_text(month: str) -> str:
    """A month of invoices as people write it: 2026-11."""
    return f"{month[:4]}-{month[4:]}"


def _line(one: InvoiceLine, labels: dict[str, str]) -> dict[str, Any]:
    return {
        "line": one,
        "gpu_type": labels.get(one.gpu_type, one.gpu_type) or _("Unknown"),
        "pricing_class": class_word(one.pricing_class),
        "hours": number(one.hours, 1),
        "price": price_text(one.price),
        "card": number(one.card, 2),
        "unpriced": number(one.unpriced, 1) if one.unpriced else "",
        "difference": "" if one.difference is None else signed(one.difference),
    }


def _place(one: InvoicePlace, labels: dict[str, str]) -> dict[str, Any]:
    return {
        "place": one,
        "gpu_type": labels.get(one.gpu_type, one.gpu_type) or _("Unknown"),
        "billed": number(one.billed, 1),
        "recorded": number(one.recorded, 1),
        "missing": signed(one.missing, 1),
        "difference": signed(one.difference),
    }
