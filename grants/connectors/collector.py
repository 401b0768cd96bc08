"""Reading much at once without Python's collector of cycles walking through it again and again."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collector() -> Iterator[None]:
    """Keep the cycle collector from walking through hundreds of thousands of values that hold no cycles.

    It belongs to the whole process: for work of seconds only.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()
