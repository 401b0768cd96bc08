"""What webhooks wake up elsewhere in the portal."""

from django.dispatch import Signal

harbor_scanned = Signal()
"""A Harbor's scanner has looked at an artifact. Arguments: `registry` (its key), `repository`, `digest`.

Sent once for each webhook that says so: a hint to read the report, never the report itself.
"""
