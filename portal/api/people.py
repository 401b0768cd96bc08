"""People, and filling the directory from CSV."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from drf_spectacular.types import OpenApiTypes
from rest_framework.parsers import BaseParser
from rest_framework.request import Request as Call
from rest_framework.response import Response

from grants.directory.folding import fold
from grants.directory.models import Person
from grants.directory.selectors import people_visible_to
from grants.directory.services import disable_person, enable_person, import_directory, release_identities
from grants.directory.texts import explain_fault
from grants.directory.types import ImportReport
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
from portal.api.errors import ImportRefused
from portal.api.paging import listing
from portal.api.parsers import BoundedMultiPartParser, CsvParser
from portal.api.schema import operation, pages_of
from portal.api.serializers.common import Empty
from portal.api.serializers.directory import (
    DisableBody,
    ImportQuery,
    ImportSerializer,
    PeopleQuery,
    PersonSerializer,
    UploadBody,
)

PARTS = ("memberships__team", "roles", "addresses")


class People(Endpoint):
    """The people one may see."""

    @operation("people_list", "List people", answer=pages_of(PersonSerializer), query=PeopleQuery)
    def get(self, request: Call) -> Response:
        """List people: of your own teams, or all for approvers, auditors and administrators."""
        asked = query(request, PeopleQuery)
        rows = people_visible_to(viewer_of(request)).prefetch_related(*PARTS).order_by("user_name")
        if asked["active"] is not None:
            rows = rows.filter(active=asked["active"])
        if asked.get("team"):
            rows = rows.filter(memberships__team__key=asked["team"])
        if asked["q"]:
            rows = rows.filter(_named(asked["q"]))
        return listing(request, rows, shown, cursor=asked["cursor"], limit=asked["limit"])


class OnePerson(Endpoint):
    """One person."""

    @operation("people_retrieve", "Read a person", answer=PersonSerializer, problems=(404,))
    def get(self, request: Call, pk: int) -> Response:
        """Read one person."""
        return Response(_shown(request, pk))


class Disable(Endpoint):
    """Disabling a person."""

    @operation(
        "people_disable",
        "Disable a person",
        body=DisableBody,
        answer=PersonSerializer,
        problems=(403, 404, 422),
    )
    def post(self, request: Call, pk: int) -> Response:
        """Let the person do nothing anywhere from now on; their access ends. For administrators."""
        person = _administered(request, pk)
        reason = body(request, DisableBody)["reason"]
        disable_person(person=person, reason=reason, by=acting(request), now=moment())
        return Response(_shown(request, pk))


class Enable(Endpoint):
    """Enabling a person."""

    @operation("people_enable", "Enable a person", body=Empty, answer=PersonSerializer, problems=(403, 404))
    def post(self, request: Call, pk: int) -> Response:
        """Let the person sign in again; access that ended stays ended. For administrators."""
        person = _administered(request, pk)
        body(request, Empty)
        enable_person(person=person, by=acting(request), now=moment())
        return Response(_shown(request, pk))


class Release(Endpoint):
    """Forgetting a person's sign-in."""

    @operation(
        "people_release",
        "Forget a person's sign-in",
        body=Empty,
        answer=PersonSerializer,
        problems=(403, 404, 422),
    )
    def post(self, request: Call, pk: int) -> Response:
        """Forget how the person signs in; their next verified sign-in is linked anew. For administrators."""
        person = _administered(request, pk)
        body(request, Empty)
        release_identities(person=person, by=acting(request), now=moment())
        return Response(_shown(request, pk))


class DirectoryImport(Endpoint):
    """Filling the directory from a file."""

    parser_classes: Sequence[type[BaseParser]] = (CsvParser, BoundedMultiPartParser)

    @operation(
        "directory_import",
        "Import people, projects or teams",
        body={"text/csv": OpenApiTypes.BINARY, "multipart/form-data": UploadBody},
        query=ImportQuery,
        answer=ImportSerializer,
        problems=(403, 413, 415, 422),
    )
    def post(self, request: Call) -> Response:
        """Import a CSV file, told apart by its header; with any fault nothing is changed. For administrators."""
        require_administrator(viewer_of(request))
        asked = query(request, ImportQuery)
        data, filename = _file(request, asked["filename"])
        report = import_directory(
            data=data, filename=filename, by=acting(request), now=moment(), apply=not asked["dry_run"]
        )
        if report.faults and not asked["dry_run"]:
            words = _("Nothing was imported: the file has faults.")
            raise ImportRefused("import_faults", words, {"faults": _faults(report), "rows": report.rows})
        return Response({**ImportSerializer(_parts(report)).data})


def shown(people: Sequence[Person]) -> list[Any]:
    """People as the API shows them."""
    return rendered(PersonSerializer, people)


def _named(text: str) -> Q:
    return (
        Q(folded_name__contains=fold(text))
        | Q(user_name__icontains=text)
        | Q(pk__in=Person.objects.filter(addresses__address__icontains=text).values("pk"))
    )


def _shown(request: Call, pk: int) -> Any:
    people = people_visible_to(viewer_of(request)).prefetch_related(*PARTS)
    return shown([found(people, pk=pk)])[0]


def _administered(request: Call, pk: int) -> Person:
    person = found(people_visible_to(viewer_of(request)), pk=pk)
    require_administrator(viewer_of(request))
    return person


def _file(request: Call, filename: str) -> tuple[bytes, str]:
    """The bytes and the name, from the body itself or from the form's `file`."""
    if isinstance(request.data, bytes):
        return request.data, filename
    form = UploadBody(data=request.data)
    form.is_valid(raise_exception=True)
    upload = form.validated_data["file"]
    return upload.read(), str(upload.name)


def _parts(report: ImportReport) -> dict[str, Any]:
    names = ("kind", "rows", "applied", "created", "changed", "unchanged", "disabled", "held")
    parts = {name: getattr(report, name) for name in names}
    return parts | {"ignored_columns": list(report.ignored_columns), "faults": _faults(report)}


def _faults(report: ImportReport) -> list[dict[str, Any]]:
    return [
        {
            "field": fault.column,
            "line": fault.line,
            "code": fault.code,
            "value": fault.value,
            "detail": explain_fault(fault),
        }
        for fault in report.faults
    ]
