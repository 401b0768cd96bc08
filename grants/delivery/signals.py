"""What delivery tells higher rooms, inside the transaction: receivers write rows that commit with it."""

from django.dispatch import Signal

delivery_changed = Signal()
"""`grant_id`: lines of this grant moved, failed or recovered. Sent when lines are planned, and while they are
worked at most once a second for each grant and once at the end, however many lines there are.
"""

drift_changed = Signal()
"""`target` (its key), `event` (`found`, `fought`, `held`, `too_little`, `decided`), `drift_ids`, `now`: what a scan of
the target found or somebody decided. Sent once an event and scan, however many places differ.
"""
