"""What the cost room tells upwards: wake-ups and notices only, never rules."""

from django.dispatch import Signal

costs_changed = Signal()
"""After commit, once per load, publication or rebuild that changed sums: `first` and `last` day, both included."""

violations_found = Signal()
"""After commit: `count` (int) of rules that figures newly break, and `first` and `last` day of them."""

source_failing = Signal()
"""After commit, once per outage: `source_id`, `name`, `error` (a sentence without secrets), `now`."""

budget_reached = Signal()
"""After commit, once each: `budget` (number), `what` (a percent as text, or `forecast`), `view` (BudgetView)."""

anomaly_found = Signal()
"""After commit, once per team and day: `anomaly` (number), `team` (empty: everybody), `day`."""
