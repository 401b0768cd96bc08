"""How allauth's sign-in meets the directory: every hook where allauth would decide who somebody is."""

from typing import Any

import requests
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.adapter import get_adapter as account_adapter
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme

from grants.directory.errors import SignInRefused
from grants.directory.services import apply_claims
from grants.directory.types import Claims
from portal.accounts.claims import oidc_claims, saml_claims
from portal.accounts.models import User
from portal.accounts.provider import answered, unreachable_page
from portal.accounts.refusals import refused_page
from portal.accounts.restraint import worth_recording
from portal.accounts.services import (
    record_session_ended,
    record_session_refused,
    record_session_started,
    user_for,
)
from portal.live.topics import recheck

SILENT = {"account/messages/logged_in.txt"}
"""allauth's messages that tell people what they can see."""


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Sessions: nobody signs up here, every start and end is recorded, `next` stays on this host."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never: people come from the directory and the identity provider."""
        return False

    def is_safe_url(self, url: str | None) -> bool:
        """Only a path of this site: other allowed hosts may be other sites."""
        return bool(url) and str(url).startswith("/") and url_has_allowed_host_and_scheme(url, set())

    def login(self, request: HttpRequest, user: User) -> None:
        """Record the start, then start the session: a session without its event must not exist."""
        if user.person is not None:
            methods = request.session.get("account_authentication_methods") or [{}]
            method = "password" if methods[-1].get("method") == "password" else "sso"
            record_session_started(person=user.person, method=method)
        super().login(request, user)

    def logout(self, request: HttpRequest) -> None:
        """End the session, its sockets with it, and record it."""
        person = getattr(request.user, "person", None)
        super().logout(request)
        request.user = AnonymousUser()
        if person is not None:
            # Django tells of a sign-out before the session is gone: a socket that looked then would stay open.
            recheck(person.pk)
            record_session_ended(person=person)

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Record a wrong password (allauth limits how often one may try)."""
        record_session_refused(code="wrong_password", name=str(credentials.get("username", "")))

    def respond_user_inactive(self, request: HttpRequest, user: User) -> HttpResponse:
        """Say that the account is switched off."""
        return refused_page(request, code="person_disabled", message="")

    def add_message(
        self, request: HttpRequest, level: int, message_template: str | None = None, *args: Any, **kwargs: Any
    ) -> None:
        """Pass on allauth's messages, without "signed in as"."""
        if message_template not in SILENT:
            super().add_message(request, level, message_template, *args, **kwargs)


class SingleSignOnAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """Single sign-on: the directory says who an identity is; allauth keeps neither accounts nor claims."""

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        """Give the sign-in its user before allauth looks for one, so that its sign-up form is never reached."""
        issuer, claims = _read(sociallogin)
        answered()
        try:
            person = apply_claims(
                issuer=issuer, subject=sociallogin.account.uid, claims=claims, now=timezone.now()
            )
        except SignInRefused as refusal:
            record_session_refused(
                code=refusal.code, issuer=issuer, name=claims.address, person=refusal.detail.get("person")
            )
            page = refused_page(request, code=refusal.code, message=refusal.message)
            raise ImmediateHttpResponse(page) from refusal
        sociallogin.user = sociallogin.account.user = user_for(person)
        # `process=connect` would keep a second account beside the directory's identities.
        sociallogin.state["process"] = "login"

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:
        """Never: the directory makes people."""
        return False

    def on_authentication_error(
        self,
        request: HttpRequest,
        provider: Any,
        error: str | None = None,
        exception: Exception | None = None,
        extra_context: dict[str, Any] | None = None,
    ) -> None:
        """Tell a silent provider from a refused sign-in, and record the refusal; anybody can cause one."""
        if isinstance(exception, requests.RequestException):
            raise ImmediateHttpResponse(unreachable_page(request))
        if not worth_recording(account_adapter().get_client_ip(request)):
            return
        record_session_refused(code=f"provider_{error or 'error'}", issuer=_issuer(provider.app.provider))


def _read(sociallogin: SocialLogin) -> tuple[str, Claims]:
    """The issuer by our settings (there is one of each kind) and what it says."""
    account = sociallogin.account
    provider = sociallogin.provider.app.provider
    if provider == "saml":
        mapping = sociallogin.provider.app.settings["attribute_mapping"]
        claims = saml_claims(account.extra_data, mapping, trust_email=settings.TRUST_EMAIL)
    else:
        claims = oidc_claims(
            account.extra_data, groups_claim=settings.OIDC["groups_claim"], trust_email=settings.TRUST_EMAIL
        )
    return _issuer(provider), claims


def _issuer(provider: str) -> str:
    return str(settings.SAML_ENTITY_ID if provider == "saml" else settings.OIDC["issuer"])
