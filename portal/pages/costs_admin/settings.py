"""The choices that figures are printed with: what a change does is said before it is saved."""

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from audit.costs.listing import windows_active
from audit.costs.models import CostSettings
from audit.costs.settings import change_settings, cost_settings
from audit.ledger.errors import PurserError
from portal.pages.access import acting, signed_in
from portal.pages.costs_admin.fields import percent_text
from portal.pages.costs_admin.forms import SettingsForm
from portal.pages.costs_admin.frame import draw, last_change, refuse, require_keeper, require_reader
from portal.pages.costs_admin.words import METHODS

LOOKED_AT = timedelta(days=7)
"""Activity of so long ago and since is counted at the old and the new threshold."""


@require_http_methods(["GET", "HEAD", "POST"])
@signed_in
def settings(request: HttpRequest) -> HttpResponse:
    """Show the settings, say what a change would do, and save it when that was seen. Raises PermissionDenied."""
    require_reader(request)
    present = cost_settings()
    form = SettingsForm(request.POST if request.method == "POST" else None, settings=present)
    if request.method == "POST":
        require_keeper(request)
    context: dict[str, Any] = {"changed": last_change("audit.costs-settings")}
    if not form.is_valid():
        return draw(request, "settings", context | {"rows": _rows(present)}, form=form)
    new = form.values()
    changes = {name: value for name, value in new.items() if getattr(present, name) != value}
    if changes and "confirm" not in request.POST and "back" not in request.POST:
        return draw(request, "settings_confirm", _effect(present, changes) | {"form": form})
    if "back" in request.POST:
        return draw(request, "settings", context, form=form)
    return _saved(request, form, changes)


def _saved(request: HttpRequest, form: SettingsForm, changes: dict[str, Any]) -> HttpResponse:
    try:
        change_settings(by=acting(request), **changes)
    except PurserError as error:
        refuse(form, error, {})
        return draw(request, "settings", {"changed": last_change("audit.costs-settings")}, form=form)
    messages.success(request, _("The settings are saved.") if changes else _("Nothing was changed."))
    return redirect("cost-settings")


def _rows(present: CostSettings) -> list[tuple[str, Any]]:
    """What is set, for those who may only look."""
    return [
        (str(SettingsForm.base_fields[name].label), _said(name, getattr(present, name))) for name in NAMES
    ]


def _effect(present: CostSettings, changes: dict[str, Any]) -> dict[str, Any]:
    rows = [
        (
            SettingsForm.base_fields[name].label,
            _said(name, getattr(present, name)),
            _said(name, changes[name]),
        )
        for name in NAMES
        if name in changes
    ]
    found: dict[str, Any] = {"diff": rows, "changes": set(changes)}
    if "active_threshold" in changes:
        thresholds = [present.active_threshold, changes["active_threshold"]]
        since = (timezone.now() - LOOKED_AT).date()
        measured, (before, after) = windows_active(thresholds, since=since)
        found |= {"measured": measured, "active_before": before, "active_after": after}
    return found


NAMES = ("currency", "shared_method", "active_threshold", "closed_after_days", "member_names")


def _said(name: str, value: Any) -> Any:
    if name == "shared_method":
        return METHODS[value]
    if name == "active_threshold":
        return percent_text(value)
    if name == "member_names":
        return _("Yes") if value else _("No")
    return value
