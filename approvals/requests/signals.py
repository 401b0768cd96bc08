"""What requests tell higher rooms, inside the transaction: receivers write rows that commit with it."""

from django.dispatch import Signal

request_changed = Signal()
"""`request_id`, `event`, `now`, `person_id` (who acted, None for the clock), `lane` ("" where none).

`event` is drafted, updated, submitted, edited, asked, answered, lane_approved, approved, denied, withdrawn,
lapsed or nudged. The last approval sends `lane_approved` and then `approved`.
"""
