"""What delivery tells higher rooms, inside the transaction: receivers write rows that commit with it."""

from django.dispatch import Signal

delivery_changed = Signal()
"""`grant_id`: a line of this grant moved, failed or recovered."""
