"""Who may call the API."""

from rest_framework.permissions import IsAuthenticated


class ActivePerson(IsAuthenticated):
    """Active people only."""
