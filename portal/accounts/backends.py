"""Authentication backends."""

from django.contrib.auth.backends import ModelBackend


class PersonBackend(ModelBackend):
    """Signs in active persons only."""
