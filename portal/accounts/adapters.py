"""How allauth's sign-in meets the directory."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter


class AccountAdapter(DefaultAccountAdapter):
    """Local accounts."""


class SingleSignOnAdapter(DefaultSocialAccountAdapter):
    """Single sign-on."""
