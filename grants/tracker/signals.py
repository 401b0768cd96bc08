"""What the tracker tells higher rooms, inside the transaction: receivers write rows that commit with it."""

from django.dispatch import Signal

project_done = Signal()
"""`project_id`, `now`. Jira says that the work is over; access ends at once or after the project's grace."""

project_reopened = Signal()
"""`project_id`, `now`. Jira took it back. Access that had ended stays ended."""

project_end_near = Signal()
"""`project_id`, `now`. Access of a done project ends within its days of notice: people should hear of it again."""

project_end_moved = Signal()
"""`project_id`, `now`. Somebody put the end of a done project's access on hold, or let it go on."""
