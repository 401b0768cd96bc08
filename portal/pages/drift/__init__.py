"""Drift: what differs at systems from what was granted, and what administrators decide about it."""
