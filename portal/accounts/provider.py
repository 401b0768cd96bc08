"""An identity provider that does not answer: since when, and the page that says so."""

from contextlib import suppress
from datetime import datetime
from urllib.error import URLError

import requests
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from redis.exceptions import RedisError

SILENT_SINCE = "accounts:provider-silent-since"
REMEMBERED = 24 * 3600
"""Seconds after which a silence that nobody met again counts as over."""

UNREACHABLE: tuple[type[Exception], ...] = (requests.RequestException, URLError, TimeoutError)
"""What allauth lets through when OpenID Connect discovery or SAML metadata cannot be fetched."""


def unreachable_page(request: HttpRequest) -> HttpResponse:
    """503: we cannot reach the provider, since when; people who are signed in keep working."""
    context = {"idp": settings.OIDC["name"], "since": _silent_since()}
    response = render(request, "account/provider_down.html", context, status=503)
    response["Retry-After"] = "30"
    return response


def answered() -> None:
    """Note that the provider answers again."""
    with suppress(RedisError):
        cache.delete(SILENT_SINCE)


def _silent_since() -> datetime:
    with suppress(RedisError):
        return cache.get_or_set(SILENT_SINCE, timezone.now(), REMEMBERED) or timezone.now()
    return timezone.now()
