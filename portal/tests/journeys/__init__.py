"""Journeys through the whole house."""
