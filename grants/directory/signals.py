"""What the directory tells higher rooms, inside the transaction: receivers write rows that commit with it."""

from django.dispatch import Signal

person_disabled = Signal()
"""`person_id`, `by` (Actor), `now`: the person may do nothing from this commit on."""

person_left_team = Signal()
"""`person_id`, `team_id`, `by` (Actor), `now`: the person is no longer in the team."""

projects_closed = Signal()
"""`project_ids`, `by` (Actor), `now`: a file closed these projects, so their access ends, counted together. Pages
and the tracker, which knows a grace, close projects by services of their own."""

project_changed = Signal()
"""`project_id`, `by` (Actor), `now`: what targets are told of it changed: namespace, GPU quota, confidential."""
