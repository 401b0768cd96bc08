"""What the pull log tells higher rooms."""

from django.dispatch import Signal

pulls_recorded = Signal()
"""Reports were written, inside their transaction. Arguments: `count`, `grants` (labels)."""
