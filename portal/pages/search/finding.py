"""What matches the words of a search, by kind; each kind through the selector of its own page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from approvals.requests.selectors import requests_visible_to
from grants.catalogue.selectors import images_visible_to, search_images
from grants.directory.standing import Standing
from grants.lifecycle.selectors import grants_visible_to, with_bundle
from portal.pages.directory.finding import find_people, find_projects
from portal.pages.grants.listing import narrowed
from portal.pages.paging import number
from portal.pages.shell import ADMIN_NAV, NAV, navigation

MOST = 8


@dataclass(frozen=True)
class Hit:
    """One thing found: its link, its name, and what tells it apart."""

    key: str
    url: str
    name: str
    hint: str


@dataclass(frozen=True)
class Section:
    """What was found of one kind; `more_url` lists all."""

    label: str | Promise
    icon: str
    hits: Sequence[Hit]
    more_url: str = ""


def find(viewer: Standing, text: str, *, now: datetime) -> list[Section]:
    """The sections that found something: one to three queries each."""
    found = [
        Section(_("Images"), icon="package", hits=_images(viewer, text), more_url=_list("catalogue", text)),
        Section(_("Requests"), icon="clipboard-check", hits=_requests(viewer, text)),
        Section(_("Grants"), icon="key", hits=_grants(viewer, text, now), more_url=_list("grants", text)),
        Section(_("Projects"), icon="folder", hits=_projects(viewer, text), more_url=_list("projects", text)),
        Section(_("People"), icon="users", hits=_people(viewer, text), more_url=_list("people", text)),
    ]
    return [section for section in found if section.hits]


def places_of(request: HttpRequest, text: str) -> list[Any]:
    """The pages of the navigation whose names hold the words; all before anything was typed."""
    links = [*navigation(request, NAV), *navigation(request, ADMIN_NAV)]
    return [link for link in links if text.lower() in str(link.label).lower()]


def _images(viewer: Standing, text: str) -> list[Hit]:
    images = search_images(images_visible_to(viewer), text).order_by("repository", "pk")[:MOST]
    return [
        Hit(
            f"image-{one.pk}",
            reverse("image-detail", args=[one.pk]),
            one.repository,
            one.purpose or one.title,
        )
        for one in images
    ]


def _requests(viewer: Standing, text: str) -> list[Hit]:
    requests = requests_visible_to(viewer).order_by("-pk")
    key = number(text.upper().removeprefix("REQ-"))
    if key is not None:
        requests = requests.filter(pk=key)
    else:
        for word in text.split():
            named = Q(project__name__icontains=word) | Q(requester__name__icontains=word)
            requests = requests.filter(named | Q(use_case__icontains=word) | Q(ticket__icontains=word))
    return [
        Hit(
            f"request-{one.pk}",
            reverse("request-detail", args=[one.pk]),
            one.number,
            _joined(one.project.name if one.project else "", one.requester.name),
        )
        for one in requests[:MOST]
    ]


def _grants(viewer: Standing, text: str, now: datetime) -> list[Hit]:
    found = narrowed(grants_visible_to(viewer), text=text, state="all", now=now)
    return [
        Hit(
            f"grant-{one.pk}",
            reverse("grant-detail", args=[one.pk]),
            one.project.name,
            _joined(*(row.image.repository for row in one.images.all())),
        )
        for one in with_bundle(found)[:MOST]
    ]


def _projects(viewer: Standing, text: str) -> list[Hit]:
    return [
        Hit(
            f"project-{one.pk}",
            reverse("project-detail", args=[one.key]),
            one.name,
            _joined(one.key, one.team.name),
        )
        for one in find_projects(viewer, text)[:MOST]
    ]


def _people(viewer: Standing, text: str) -> list[Hit]:
    return [
        Hit(f"person-{one.pk}", reverse("person-detail", args=[one.pk]), one.name, one.user_name)
        for one in find_people(viewer, text)[:MOST]
    ]


def _list(name: str, text: str) -> str:
    return f"{reverse(name)}?{urlencode({'q': text})}"


def _joined(*words: str) -> str:
    return " · ".join(word for word in words if word)
