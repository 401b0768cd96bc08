"""Step 2: which images, each by a tag or by one digest."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Prefetch, prefetch_related_objects
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from approvals.requests.errors import DraftFault, NotSendable, StaleRequest
from approvals.requests.models import Request, RequestImage
from approvals.requests.types import DraftChanges
from grants.catalogue.models import Image
from grants.catalogue.selectors import (
    ImageFacts,
    image_facts,
    images_visible_to,
    search_images,
    with_newest,
)
from portal.pages.access import viewer_of
from portal.pages.requests.presenters import step_url
from portal.pages.requests.saving import Problem, reasons, save, stale
from portal.pages.requests.selection import usual_tag
from portal.pages.requests.wizard import next_url, returns_to_check, sent, step_list

FOUND_SHOWN = 10
_BETWEEN = re.compile(r"[\s,;，；、]+")


@dataclass(frozen=True, slots=True)
class Choice:
    """One way to name an image: the reference sent to the service, and how people read it."""

    value: str
    label: str


@dataclass(frozen=True, slots=True)
class ImageRow:
    """An image of the request: what is chosen of it, what else could be, and what policy will look at."""

    image: Image
    current: str
    tags: list[Choice] = field(default_factory=list)
    digests: list[Choice] = field(default_factory=list)
    facts: ImageFacts | None = None


def images_step(http: HttpRequest, request: Request) -> HttpResponse:
    """Show the images; a post saves the choices, adds or removes one, or goes on."""
    if http.method == "POST":
        return _save(http, request)
    return _page(http, request)


def _save(http: HttpRequest, request: Request) -> HttpResponse:
    wanted = _wanted(http, request)
    if not wanted and not {"remove", "later"} & http.POST.keys():
        return _page(http, request, Problem(422, (_("Choose at least one image"),)))
    changes = DraftChanges(images=wanted)
    try:
        save(http, request, changes)
    except StaleRequest as error:
        return _page(http, request, stale(request, error, changes))
    except DraftFault as error:
        texts = [line["message"] for line in error.detail["images"]]
        return _page(http, request, Problem(422, (*texts, *error.detail["fields"].values())))
    except NotSendable as error:
        return _page(http, request, Problem(422, tuple(reasons(error))))
    if {"remove", "add", "paste"} & http.POST.keys():
        return redirect(_here(http, request))
    return redirect(next_url(http, request, "images"))


def _wanted(http: HttpRequest, request: Request) -> list[str]:
    """Every reference asked for by this post: the rows less the removed one, the pasted and the added ones."""
    removed = http.POST.get("remove")
    kept = [row for row in request.images.all() if str(row.image_id) != removed]
    picks = [http.POST.get(f"pick-{row.image_id}") or _reference(row) for row in kept]
    pasted = [text for text in _BETWEEN.split(http.POST.get("references", "")) if text]
    return [*picks, *pasted, *http.POST.getlist("add")]


def _page(http: HttpRequest, request: Request, problem: Problem | None = None) -> HttpResponse:
    text = http.GET.get("q", "").strip()[:100]
    rows = image_rows(request)
    context: dict[str, Any] = {
        "request_row": request,
        "rows": rows,
        "query": text,
        "found": _found(http, text, {row.image.pk for row in rows}) if text else [],
        "pasted": http.POST.get("references", "") if problem else "",
        "problem": problem,
        "errors": [("#id_references", text) for text in problem.texts] if problem else [],
        "has_errors": problem is not None,
        "steps": step_list(request, "images"),
        "sent": sent(request),
        "back": returns_to_check(http),
    }
    return render(http, "pages/requests/step_images.html", context, status=problem.status if problem else 200)


def image_rows(request: Request) -> list[ImageRow]:
    """The images of a request with the tags and digests that could be chosen: a constant number of queries."""
    rows = list(request.images.select_related("image__registry"))
    images = {
        image.pk: image for image in with_newest(Image.objects.filter(pk__in=[r.image_id for r in rows]))
    }
    facts = image_facts([(row.image, row.tag or row.digest) for row in rows])
    return [_image_row(row, images[row.image_id], fact) for row, fact in zip(rows, facts, strict=True)]


def image_summary(request: Request, known: Sequence[Any] = ()) -> list[ImageRow]:
    """The images of a request with what policy looks at, without the choices: for pages that only show them.

    `known` are policy's facts of them, in their order, where they are at hand.
    """
    named = RequestImage.objects.select_related("image__registry")
    prefetch_related_objects([request], Prefetch("images", queryset=named))
    rows = list(request.images.all())
    facts = known or image_facts([(row.image, row.tag or row.digest) for row in rows])
    return [ImageRow(row.image, _reference(row), facts=fact) for row, fact in zip(rows, facts, strict=True)]


def _image_row(row: RequestImage, image: Image, facts: ImageFacts) -> ImageRow:
    name = row.image.reference
    tags = [(tag.name, tag.version.digest) for tag in image.newest_tags]  # type: ignore[attr-defined]
    digests = dict.fromkeys(digest for _tag, digest in tags)
    if row.digest and not row.tag:
        digests.setdefault(row.digest)
    choices = [Choice(f"{name}:{tag}", f"{tag} ({short(digest)})") for tag, digest in tags]
    if row.tag and row.tag not in dict(tags):
        choices.insert(0, Choice(f"{name}:{row.tag}", row.tag))
    pins = [Choice(f"{name}@{digest}", short(digest, 19)) for digest in digests]
    return ImageRow(row.image, _reference(row), choices, pins, facts)


def short(digest: str, length: int = 12) -> str:
    """The beginning of a digest, as registries show it."""
    return digest.removeprefix("sha256:")[:length]


def _reference(row: RequestImage) -> str:
    if row.tag:
        return f"{row.image.reference}:{row.tag}"
    return f"{row.image.reference}@{row.digest}" if row.digest else row.image.reference


def _found(http: HttpRequest, text: str, chosen: set[int]) -> list[dict[str, Any]]:
    images = search_images(images_visible_to(viewer_of(http)), text).exclude(pk__in=chosen)
    rows = []
    for image in with_newest(images.order_by("repository"))[:FOUND_SHOWN]:
        tags = [tag.name for tag in image.newest_tags]  # type: ignore[attr-defined]
        tag = usual_tag(tags)
        rows.append({"image": image, "tag": tag, "reference": f"{image.reference}:{tag}" if tag else ""})
    return rows


def _here(http: HttpRequest, request: Request) -> str:
    url = step_url(request, "images", back=returns_to_check(http))
    query = http.POST.get("q", "")
    if not query:
        return url
    return f"{url}{'&' if '?' in url else '?'}{urlencode({'q': query})}"
