"""Reservations, overhead and settings of GPU costs."""

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers
from rest_framework.request import Request as Call
from rest_framework.response import Response

from audit.costs.listing import overheads, reservations
from audit.costs.models import Overhead, Reservation
from audit.costs.overheads import remove_overhead, set_overhead
from audit.costs.reservations import ReservationTerms, remove_reservation, set_reservation
from audit.costs.settings import change_settings, cost_settings
from audit.ledger.selectors import events_visible_to
from audit.ledger.types import EventFilters
from portal.api.base import (
    Endpoint,
    acting,
    body,
    found,
    moment,
    query,
    rendered,
    require_administrator,
    viewer_of,
)
from portal.api.costs import require_everything
from portal.api.paging import listing
from portal.api.schema import operation, pages_of
from portal.api.serializers.common import PageQuery
from portal.api.serializers.cost_keeping import (
    OverheadBody,
    OverheadSerializer,
    ReservationBody,
    ReservationSerializer,
    ReservationsSerializer,
    SettingsBody,
    SettingsSerializer,
)
from portal.edges.cost_owners import owners
from portal.edges.scopes import history_scope


class Reservations(Endpoint):
    """GPUs that teams have reserved."""

    @operation("costs_reservations_list", "List reservations", answer=ReservationsSerializer, problems=(403,))
    def get(self, request: Call) -> Response:
        """List reservations; for budget owners, auditors and administrators."""
        require_everything(request)
        return Response({"results": rendered(ReservationSerializer, reservations())})

    @operation(
        "costs_reservations_set",
        "Set a reservation",
        body=ReservationBody,
        answer=ReservationSerializer,
        problems=(403, 422),
    )
    def put(self, request: Call) -> Response:
        """Make a reservation, or change the one of this name; its days are added up again. For administrators."""
        require_administrator(viewer_of(request))
        terms = _terms(body(request, ReservationBody))
        made = set_reservation(terms=terms, by=acting(request), now=moment())
        return Response(ReservationSerializer(made).data)


class OneReservation(Endpoint):
    """One reservation."""

    @operation(
        "costs_reservations_remove", "Remove a reservation", answer=None, status=204, problems=(403, 404)
    )
    def delete(self, request: Call, pk: int) -> Response:
        """Take a reservation away as if it had never been. For administrators."""
        require_everything(request)
        row: Reservation = found(reservations(), pk=pk)
        require_administrator(viewer_of(request))
        remove_reservation(name=row.name, by=acting(request), now=moment())
        return Response(status=204)


class Overheads(Endpoint):
    """Costs of months that belong to nobody alone."""

    @operation(
        "costs_overhead_list",
        "List overhead",
        answer=pages_of(OverheadSerializer),
        query=PageQuery,
        problems=(403,),
    )
    def get(self, request: Call) -> Response:
        """List overhead, newest month first; for budget owners, auditors and administrators."""
        require_everything(request)
        asked = query(request, PageQuery)
        return listing(request, overheads(), _overheads, cursor=asked["cursor"], limit=asked["limit"])

    @operation(
        "costs_overhead_set",
        "Set overhead",
        body=OverheadBody,
        answer=OverheadSerializer,
        problems=(403, 422),
    )
    def put(self, request: Call) -> Response:
        """Say what something cost in a month, or change it. For administrators."""
        require_administrator(viewer_of(request))
        given = body(request, OverheadBody)
        given["month"] = given["month"].replace(day=1)
        return Response(OverheadSerializer(set_overhead(**given, by=acting(request))).data)


class OneOverhead(Endpoint):
    """One overhead."""

    @operation("costs_overhead_remove", "Remove overhead", answer=None, status=204, problems=(403, 404))
    def delete(self, request: Call, pk: int) -> Response:
        """Take overhead away. For administrators."""
        require_everything(request)
        row: Overhead = found(overheads(), pk=pk)
        require_administrator(viewer_of(request))
        remove_overhead(month=row.month, name=row.name, by=acting(request))
        return Response(status=204)


class Settings(Endpoint):
    """The choices that figures are printed with."""

    @operation("costs_settings_read", "Read the cost settings", answer=SettingsSerializer, problems=(403,))
    def get(self, request: Call) -> Response:
        """Read the settings and who changed them last; for budget owners, auditors and administrators."""
        require_everything(request)
        return Response(_settings())

    @operation(
        "costs_settings_change",
        "Change the cost settings",
        body=SettingsBody,
        answer=SettingsSerializer,
        problems=(403, 422),
    )
    def patch(self, request: Call) -> Response:
        """Change settings; what is absent stays. For administrators."""
        require_administrator(viewer_of(request))
        change_settings(by=acting(request), **body(request, SettingsBody, partial=True))
        return Response(_settings())


def _terms(given: dict[str, Any]) -> ReservationTerms:
    first, last = given.pop("first_day"), given.pop("last_day", None)
    if last and (last < first or last == date.max):
        raise serializers.ValidationError({"last_day": [_("The last day must not be before the first")]})
    if not owners().knows("team", given["team"]):
        raise serializers.ValidationError({"team": [_("There is no such team.")]})
    return ReservationTerms(**given, starts=first, ends=last + timedelta(days=1) if last else None)


def _overheads(rows: Sequence[Overhead]) -> list[Any]:
    return rendered(OverheadSerializer, rows)


def _settings() -> Any:
    present = cost_settings()
    event = events_visible_to(history_scope(), EventFilters(kind="audit.costs-settings")).first()
    names = [name for name in SettingsSerializer().get_fields() if not name.startswith("changed_")]
    told = {"changed_by": event.actor_name if event else "", "changed_at": event.at if event else None}
    return SettingsSerializer({name: getattr(present, name) for name in names} | told).data
