"""Images: list, read, keep a scan, and the marks administrators set."""

from collections.abc import Callable, Sequence
from typing import Any

from django.db.models import Case, Exists, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from drf_spectacular.types import OpenApiTypes
from rest_framework.parsers import BaseParser
from rest_framework.request import Request as Call
from rest_framework.response import Response

from grants.catalogue import services
from grants.catalogue.models import Image, Scan, Tag
from grants.catalogue.selectors import images_visible_to, search_images, with_newest
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
from portal.api.paging import listing
from portal.api.parsers import RawJSONParser
from portal.api.schema import operation, pages_of
from portal.api.serializers.catalogue import (
    BlockBody,
    ImageQuery,
    ImageSerializer,
    ScanQuery,
    UploadedScanSerializer,
)
from portal.api.serializers.common import ReasonBody


class Images(Endpoint):
    """The images one may see."""

    @operation("images_list", "List images", answer=pages_of(ImageSerializer), query=ImageQuery)
    def get(self, request: Call) -> Response:
        """List images, those that can be asked for first; restricted, flawed and blocked ones come after."""
        asked = query(request, ImageQuery)
        wanted = {name: asked[name] for name in ("restricted", "blocked") if asked[name] is not None}
        images = search_images(images_visible_to(viewer_of(request)).filter(**wanted), asked["q"])
        # search_images may repeat rows by its joins; ranking needs each image once.
        rows = _ranked(images_visible_to(viewer_of(request)).filter(pk__in=images.values("pk")))
        return listing(request, with_newest(rows), shown, cursor=asked["cursor"], limit=asked["limit"])


class OneImage(Endpoint):
    """One image."""

    @operation("images_retrieve", "Read an image", answer=ImageSerializer, problems=(404,))
    def get(self, request: Call, pk: int) -> Response:
        """Read one image with its tags and their scans."""
        return Response(_shown(request, pk))


class Scans(Endpoint):
    """Scan reports of an image."""

    parser_classes: Sequence[type[BaseParser]] = (RawJSONParser,)

    @operation(
        "images_scan",
        "Keep a scan report",
        body={"application/json": OpenApiTypes.OBJECT},
        query=ScanQuery,
        answer=UploadedScanSerializer,
        status=201,
        problems=(403, 404, 413, 415, 422),
    )
    def post(self, request: Call, pk: int) -> Response:
        """Keep a Trivy report (`trivy image --format json`) for the version it names; for administrators."""
        image = _administered(request, pk)
        digest = query(request, ScanQuery)["digest"]
        report: Any = request.data or b""
        scan = services.upload_scan(
            image=image, report=report, digest=digest, by=acting(request), now=moment()
        )
        return Response(UploadedScanSerializer(scan).data, status=201)


class Block(Endpoint):
    """Blocking an image."""

    @operation(
        "images_block", "Block an image", body=BlockBody, answer=ImageSerializer, problems=(403, 404, 422)
    )
    def post(self, request: Call, pk: int) -> Response:
        """Let nobody use the image from now on; live access to it ends. Needs a reason; for administrators."""
        return _marked(request, pk, services.block_image, BlockBody)


class Unblock(Endpoint):
    """Unblocking an image."""

    @operation(
        "images_unblock",
        "Unblock an image",
        body=ReasonBody,
        answer=ImageSerializer,
        problems=(403, 404, 422),
    )
    def post(self, request: Call, pk: int) -> Response:
        """Let the image be asked for again; access that ended stays ended. For administrators."""
        return _marked(request, pk, services.unblock_image)


class Restrict(Endpoint):
    """Restricting an image."""

    @operation(
        "images_restrict",
        "Restrict an image",
        body=ReasonBody,
        answer=ImageSerializer,
        problems=(403, 404, 422),
    )
    def post(self, request: Call, pk: int) -> Response:
        """Have Security approve requests for it too. Needs a reason; for administrators."""
        return _marked(request, pk, services.restrict_image)


class Allow(Endpoint):
    """Lifting a restriction."""

    @operation(
        "images_allow",
        "Lift a restriction",
        body=ReasonBody,
        answer=ImageSerializer,
        problems=(403, 404, 422),
    )
    def post(self, request: Call, pk: int) -> Response:
        """Have MLOps alone approve requests for it. For administrators."""
        return _marked(request, pk, services.allow_image)


def shown(images: Sequence[Image]) -> list[Any]:
    """Images read by `with_newest`, as the API shows them."""
    return rendered(ImageSerializer, images)


def _ranked(images: "QuerySet[Image]") -> "QuerySet[Image]":
    """Those a request would pass with first: present, tagged, not blocked, no critical finding, not restricted."""
    newest = Scan.objects.filter(version=OuterRef("version")).order_by("-scanned_at", "-pk")
    tags = Tag.objects.filter(image=OuterRef("pk"))
    flawed = tags.annotate(worst=Subquery(newest.values("critical")[:1])).filter(worst__gt=0)
    rank = Case(
        When(blocked=True, then=Value(4)),
        When(Q(present=False) | ~Exists(tags), then=Value(3)),
        When(Exists(flawed), then=Value(2)),
        When(restricted=True, then=Value(1)),
        default=Value(0),
        output_field=IntegerField(),
    )
    return images.annotate(rank=rank).order_by("rank", "repository", "pk")


def _shown(request: Call, pk: int) -> Any:
    return shown([found(with_newest(images_visible_to(viewer_of(request))), pk=pk)])[0]


def _administered(request: Call, pk: int) -> Image:
    image = found(images_visible_to(viewer_of(request)), pk=pk)
    require_administrator(viewer_of(request))
    return image


def _marked(
    request: Call, pk: int, act: Callable[..., Image], takes: type[ReasonBody] = ReasonBody
) -> Response:
    image = _administered(request, pk)
    act(image=image, by=acting(request), now=moment(), **body(request, takes))
    return Response(_shown(request, pk))
