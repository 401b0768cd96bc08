"""Webhooks in."""
