"""Commands of the token service."""
