"""Places where a test kills the process, to show that what is left behind is picked up again.

Off unless PURSER_FAIL_AT names one: `delivery.before_intent`, `delivery.after_intent`, `delivery.after_call`,
`delivery.after_outcome`. Never set it in production.
"""

import os

VARIABLE = "PURSER_FAIL_AT"
POINTS = ("delivery.before_intent", "delivery.after_intent", "delivery.after_call", "delivery.after_outcome")
EXIT_CODE = 9


def reach(point: str) -> None:
    """Die here, as if by SIGKILL (nothing is flushed, closed or rolled back by us), if the variable names it."""
    if os.environ.get(VARIABLE) == point:
        os._exit(EXIT_CODE)
