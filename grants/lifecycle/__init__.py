"""The grant: what it allows, from when, until when, and how it ends."""
