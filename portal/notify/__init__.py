"""Notifications: rows first, then in-app and mail."""
