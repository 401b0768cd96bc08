"""Requests for access: drafts, people, lanes, decisions."""
