"""What every page's frame needs: navigation by role, counts, language and theme."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

THEMES = ("auto", "light", "dark")
THEME_COOKIE = "theme"
LIVE_COOKIE = "live"
KEYS_COOKIE = "keys"
DENSITY_COOKIE = "density"
KEPT_AT = "kept_at"

_counters: dict[str, Callable[[HttpRequest], int]] = {}
_versions: list[Callable[[Iterable[str]], Mapping[str, int]]] = []


@dataclass(frozen=True)
class NavItem:
    """One entry of the navigation: where it leads, and who sees it (`needs`: any of these powers; empty = all)."""

    url_name: str
    label: Promise
    needs: tuple[str, ...] = ()
    count: str = ""


@dataclass(frozen=True)
class NavLink:
    """A `NavItem` resolved for one request."""

    url: str
    label: Promise
    current: bool
    count: int | None


NAV = (
    NavItem("home", _("Home")),
    NavItem("catalogue", _("Catalogue")),
    NavItem("requests", _("Requests")),
    NavItem("inbox", _("Approvals"), ("is_approver",), "inbox"),
    NavItem("grants", _("Grants")),
    NavItem("costs", _("Costs"), ("in_team", "sees_costs")),
    NavItem("pull-help", _("Pull help")),
    NavItem("events", _("Audit"), ("is_auditor", "is_administrator")),
)
ADMIN_NAV = (
    NavItem("pulls", _("Pulls"), ("is_lead", "is_auditor", "is_administrator")),
    NavItem("projects", _("Projects"), ("is_lead", "is_auditor", "is_administrator")),
    NavItem("teams", _("Teams"), ("is_lead", "is_auditor", "is_administrator")),
    NavItem("people", _("People"), ("is_auditor", "is_administrator")),
    NavItem("drift", _("Differences"), ("is_lead", "is_auditor", "is_administrator")),
    NavItem("brakes", _("Brakes"), ("is_auditor", "is_administrator")),
    NavItem("health", _("Health"), ("is_administrator",)),
    NavItem("styleguide", _("Style guide"), ("is_administrator",)),
)


def count_provider(name: str, counter: Callable[[HttpRequest], int]) -> None:
    """Register who supplies the count `name` ("inbox", "notifications") shown beside a link; the last one wins."""
    _counters[name] = counter


def version_provider(versions: Callable[[Iterable[str]], Mapping[str, int]]) -> None:
    """Register who knows the versions of live topics; the last one wins."""
    _versions[:] = [versions]


def count_topics(request: HttpRequest) -> dict[str, int]:
    """Return the live topics that move the viewer's counts, with their versions; none before sign-in."""
    number = getattr(getattr(request.user, "person", None), "pk", None) if _signed_in(request) else None
    names = [f"inbox:{number}", f"person:{number}"] if number else []
    return topic_versions(request, names) if names else {}


def topic_versions(request: HttpRequest, names: Iterable[str]) -> dict[str, int]:
    """Return the versions of these topics as they are when the page first asks; a topic is read once a page."""
    kept: dict[str, int] = request.__dict__.setdefault("live_versions", {})
    wanted = list(names)
    if (missing := [name for name in wanted if name not in kept]) and _versions:
        kept.update(_versions[0](missing))
    return {name: kept.get(name, 0) for name in wanted}


def count_of(request: HttpRequest, name: str) -> int | None:
    """Return the registered count for this request, or None when nobody supplies it or nobody is signed in."""
    counter = _counters.get(name)
    if counter is None or not _signed_in(request):
        return None
    return counter(request)


def has_power(request: HttpRequest, power: str) -> bool:
    """Return whether the request's viewer has `power` (such as "is_approver"); an unknown viewer has none."""
    return bool(getattr(getattr(request, "viewer", None), power, False))


def navigation(request: HttpRequest, items: tuple[NavItem, ...]) -> list[NavLink]:
    """Return the links of `items` that this viewer may use; pages not built into this site are left out."""
    links = []
    for item in items:
        url = _url(item.url_name)
        if url and (not item.needs or any(has_power(request, power) for power in item.needs)):
            count = count_of(request, item.count) if item.count else None
            links.append(NavLink(url, item.label, _is_current(request.path, url), count))
    return links


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context processor: `shell`, worked out only when a template reads it (fragments do not)."""
    return {"shell": SimpleLazyObject(lambda: frame(request))}


def frame(request: HttpRequest) -> dict[str, Any]:
    """Return everything the page frame shows for this request."""
    signed_in = _signed_in(request)
    return {
        "product": getattr(settings, "PRODUCT_NAME", "Purser"),
        "version": getattr(settings, "VERSION", ""),
        "signed_in": signed_in,
        "name": _name(request),
        "viewer": getattr(request, "viewer", None),
        "nav": navigation(request, NAV) if signed_in else [],
        "admin_nav": navigation(request, ADMIN_NAV) if signed_in else [],
        "links": {name: _url(name) for name in ("search", "notifications", "account")},
        "session_ends": session_ends(request) if signed_in else 0,
        "topics": count_topics(request),
        "notifications": count_of(request, "notifications"),
        "language": get_language() or settings.LANGUAGE_CODE,
        "languages": settings.LANGUAGES,
        "theme": theme_of(request),
        "live": request.COOKIES.get(LIVE_COOKIE) != "paused",
        "keys": request.COOKIES.get(KEYS_COOKIE) != "off",
        "density": "comfortable" if request.COOKIES.get(DENSITY_COOKIE) == "comfortable" else "compact",
    }


def theme_of(request: HttpRequest) -> str:
    """Return "light", "dark" or "auto" (follow the system) from the preference cookie."""
    theme = request.COOKIES.get(THEME_COOKIE, "auto")
    return theme if theme in THEMES else "auto"


def session_ends(request: HttpRequest) -> int:
    """Return when the session ends, in Unix seconds: its age after sign-in, or after it was last kept on purpose."""
    proofs = request.session.get("account_authentication_methods") or [{}]
    since = max(float(proofs[-1].get("at", 0)), float(request.session.get(KEPT_AT, 0)))
    return int(since) + settings.SESSION_COOKIE_AGE if since else 0


def _signed_in(request: HttpRequest) -> bool:
    return bool(getattr(getattr(request, "user", None), "is_authenticated", False))


def _name(request: HttpRequest) -> str:
    if not _signed_in(request):
        return ""
    person = getattr(request.user, "person", None)
    return str(getattr(person, "name", "") or request.user)


def _url(name: str) -> str:
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def _is_current(path: str, url: str) -> bool:
    return path == url if url == "/" else path.startswith(url)
