"""What the ledger tells upwards: wake-ups only, never rules."""

from django.dispatch import Signal

appended = Signal()
"""After commit, once per block that wrote events: `first` and `last` sequence (int), both included."""
