"""The images to start a request with: those ticked in the catalogue, and one named by a link."""

from django.http import HttpRequest

from approvals.requests.types import ImageChoice
from grants.catalogue.selectors import images_visible_to, with_newest
from portal.pages.access import viewer_of
from portal.pages.catalogue.selection import clear_selection, selected_ids
from portal.pages.paging import number


def chosen_images(http: HttpRequest) -> list[ImageChoice]:
    """The ticked images and those of `?image=<id>`, each with a tag that exists.

    The tag is `latest` or `stable` where there is one, else the one moved last. What the viewer may not see, and
    what has no tag, is passed over.
    """
    named = [number(text) for text in http.GET.getlist("image")]
    ids = list(dict.fromkeys([*selected_ids(http), *(pk for pk in named if pk is not None)]))
    images = {image.pk: image for image in with_newest(images_visible_to(viewer_of(http)).filter(pk__in=ids))}
    tags = {pk: [tag.name for tag in image.newest_tags] for pk, image in images.items()}  # type: ignore[attr-defined]
    return [ImageChoice(pk, usual_tag(tags[pk])) for pk in ids if tags.get(pk)]


def forget_selection(http: HttpRequest) -> None:
    """Empty the selection: its images are in a draft now."""
    clear_selection(http)


def usual_tag(tags: list[str]) -> str:
    """The tag most people mean: `latest` or `stable` where there is one, else the one moved last; "" for none."""
    return next((name for name in ("latest", "stable") if name in tags), tags[0] if tags else "")
