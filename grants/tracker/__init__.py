"""Jira says whether a project is over, and its access ends."""
