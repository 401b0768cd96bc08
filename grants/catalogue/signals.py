"""What the catalogue tells higher rooms. Sent inside the transaction of the change."""

from django.dispatch import Signal

image_blocked = Signal()
"""An image may not be used any more. Arguments: `image_id`, `by`, `now`, `security` (nothing may hold its end back)."""

catalogue_changed = Signal()
"""A registry was read again or an image was marked. Arguments: `registry_id`."""

target_changed = Signal()
"""`key`: a registry or cluster was added, or what is known of it changed."""
