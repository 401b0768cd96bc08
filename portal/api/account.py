"""Oneself: who one is, what one was told, and one's API tokens."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import get_language
from rest_framework.request import Request as Call
from rest_framework.response import Response

from grants.directory.services import set_language
from portal.accounts.models import ApiToken
from portal.accounts.tokens import create_token, revoke_token, tokens_visible_to
from portal.api.addresses import addresses_of
from portal.api.base import Endpoint, acting, body, found, moment, query, rendered, viewer_of
from portal.api.paging import listing
from portal.api.permissions import ActivePerson, SignedInBrowser
from portal.api.schema import browser_only, example, operation, pages_of
from portal.api.serializers.account import (
    MeBody,
    MeSerializer,
    NewTokenSerializer,
    NotificationQuery,
    NotificationSerializer,
    ReadBody,
    ReadSerializer,
    TokenBody,
    TokenSerializer,
)
from portal.api.serializers.common import PageQuery
from portal.notify.models import Notification
from portal.notify.services import mark_read
from portal.notify.texts import message_of

NIGHTLY = example(
    "A token that may change things", {"name": "nightly", "scopes": ["write"], "days": 30}, request=True
)


class Me(Endpoint):
    """Oneself."""

    @operation("me_retrieve", "Read who you are", answer=MeSerializer)
    def get(self, request: Call) -> Response:
        """Read your name, teams, roles and lanes, as far as the token of this call reaches."""
        return Response(_me(request))

    @operation("me_update", "Change your settings", body=MeBody, answer=MeSerializer, problems=(403,))
    def patch(self, request: Call) -> Response:
        """Change the language you read and get mail in."""
        person = viewer_of(request).person
        language = body(request, MeBody)["language"]
        person.language = set_language(
            person=person, language=language, by=acting(request), now=moment()
        ).language
        return Response(_me(request))


class Notifications(Endpoint):
    """What one was told."""

    @operation(
        "notifications_list",
        "List notifications",
        answer=pages_of(NotificationSerializer),
        query=NotificationQuery,
    )
    def get(self, request: Call) -> Response:
        """List what you were told, newest first."""
        asked = query(request, NotificationQuery)
        rows = Notification.objects.filter(recipient=viewer_of(request).person).order_by("-pk")
        if asked["unread"]:
            rows = rows.filter(read_at=None)
        return listing(request, rows, _notices, cursor=asked["cursor"], limit=asked["limit"])


class ReadNotifications(Endpoint):
    """Marking as read."""

    @operation(
        "notifications_read",
        "Mark notifications as read",
        body=ReadBody,
        answer=ReadSerializer,
        problems=(403,),
    )
    def post(self, request: Call) -> Response:
        """Mark those named, or all of yours, as read."""
        given = body(request, ReadBody)
        read = mark_read(recipient=viewer_of(request).person, now=moment(), pks=given.get("ids"))
        return Response({"read": read})


class Tokens(Endpoint):
    """API tokens."""

    def get_permissions(self) -> list[Any]:
        """Tokens are made in the browser: a stolen one must not be able to prolong itself."""
        return [SignedInBrowser() if self.request.method == "POST" else ActivePerson()]

    @operation("tokens_list", "List your API tokens", answer=pages_of(TokenSerializer), query=PageQuery)
    def get(self, request: Call) -> Response:
        """List your API tokens, newest first; never the secrets."""
        asked = query(request, PageQuery)
        rows = _own(request).order_by("-pk")
        return listing(request, rows, _tokens, cursor=asked["cursor"], limit=asked["limit"])

    @browser_only
    @operation(
        "tokens_create",
        "Make an API token",
        body=TokenBody,
        answer=NewTokenSerializer,
        status=201,
        problems=(403, 422),
        examples=[NIGHTLY],
    )
    def post(self, request: Call) -> Response:
        """Make an API token of yours, signed in with the browser. Its secret is shown this once."""
        token, secret = create_token(
            person=viewer_of(request).person, by=acting(request), now=moment(), **body(request, TokenBody)
        )
        return Response({**TokenSerializer(token).data, "secret": secret}, status=201)


class OneToken(Endpoint):
    """One API token."""

    @operation("tokens_delete", "End an API token", answer=None, status=204, problems=(403, 404))
    def delete(self, request: Call, pk: int) -> Response:
        """Refuse the token from now on; harmless to repeat."""
        token = found(_own(request), pk=pk)
        revoke_token(token=token, by=acting(request), now=moment())
        return Response(status=204)


def _own(request: Call) -> Any:
    viewer = viewer_of(request)
    return tokens_visible_to(viewer).filter(person=viewer.person)


def _me(request: Call) -> Any:
    viewer = viewer_of(request)
    person = viewer.person
    parts = {
        "id": person.pk,
        "name": person.name,
        "user_name": person.user_name,
        "email": addresses_of([person.pk]).get(person.pk),
        "language": person.language,
        "teams": person.memberships.select_related("team").order_by("team__key"),
        "roles": sorted(viewer.roles),
        "lanes": sorted(viewer.lanes),
        "token": request.auth if isinstance(request.auth, ApiToken) else None,
    }
    return MeSerializer(parts).data


def _tokens(tokens: Sequence[ApiToken]) -> list[Any]:
    return rendered(TokenSerializer, tokens)


def _notices(rows: Sequence[Notification]) -> Sequence[Any]:
    language = get_language() or ""
    return [_notice(row, language) for row in rows]


def _notice(row: Notification, language: str) -> Any:
    said = message_of(row, language=language)
    names = ("id", "kind", "request_id", "grant_id", "created_at", "read_at")
    parts = {name: getattr(row, name) for name in names}
    return NotificationSerializer(parts | {"subject": said.subject, "body": said.body, "url": said.url}).data
