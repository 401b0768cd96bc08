"""Images ticked in the catalogue, kept in the session until a request is made of them."""

from collections.abc import Iterable

from django.http import HttpRequest

from grants.catalogue.models import Image
from grants.catalogue.selectors import images_visible_to
from portal.pages.access import viewer_of
from portal.pages.paging import number

SESSION_KEY = "selected_images"
MOST = 50


def selected_ids(request: HttpRequest) -> list[int]:
    """The numbers of the ticked images, in the order they were ticked."""
    return list(request.session.get(SESSION_KEY, []))


def selected_images(request: HttpRequest) -> list[Image]:
    """The ticked images that the viewer may see, by name."""
    ids = selected_ids(request)
    return (
        list(images_visible_to(viewer_of(request)).filter(pk__in=ids).order_by("repository")) if ids else []
    )


def keep_ticks(request: HttpRequest, *, shown: Iterable[str], ticked: Iterable[str]) -> list[int]:
    """Of the images shown keep those ticked; ticks on other pages of the list stay as they are."""
    on_page = {key for text in shown if (key := number(text)) is not None}
    now = [key for text in ticked if (key := number(text)) is not None]
    kept = [key for key in selected_ids(request) if key not in on_page]
    request.session[SESSION_KEY] = list(dict.fromkeys([*kept, *now]))[:MOST]
    return selected_ids(request)


def clear_selection(request: HttpRequest) -> None:
    """Forget every tick."""
    request.session.pop(SESSION_KEY, None)
