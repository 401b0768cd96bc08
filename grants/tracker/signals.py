"""What the tracker tells higher rooms, inside the transaction: receivers write rows that commit with it."""

from django.dispatch import Signal

project_done = Signal()
"""`project_id`, `now`. Jira says that the work is over; access ends at once or after the project's grace."""

project_reopened = Signal()
"""`project_id`, `now`. Jira took it back. Access that had ended stays ended."""
