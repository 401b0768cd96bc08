"""The first page: what needs the viewer, and what they have."""
