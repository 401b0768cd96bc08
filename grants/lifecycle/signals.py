"""What grants tell higher rooms, inside the transaction: receivers write rows that commit with it."""

from django.dispatch import Signal

grant_changed = Signal()
"""`grant_id`, `event`, `now`. `event` is issued, started, active, extended, revoking, ended, failed,
member_removed or image_removed. A grant that loses its last member sends member_removed and then revoking.
"""

brake_changed = Signal()
"""`hold_id`, `event` (held, grown, released, refused), `now`. The brake stopped an ending of many grants, or
somebody decided on it.
"""
