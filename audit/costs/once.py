"""What one answer reads several times, read once: only within a block that says so, never longer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
_read: ContextVar[dict[Any, Any] | None] = ContextVar("costs_read_once", default=None)


@contextmanager
def reading_once() -> Iterator[None]:
    """Within this block what is marked `read_once` is read at its first use; a block changes nothing."""
    token = _read.set({})
    try:
        yield
    finally:
        _read.reset(token)


def read_once(read: Callable[P, R]) -> Callable[P, R]:
    """Mark a reader, whose arguments are hashable, to be asked once within `reading_once`, and always outside of it."""

    @wraps(read)
    def kept(*args: P.args, **kwargs: P.kwargs) -> R:
        known = _read.get()
        if known is None:
            return read(*args, **kwargs)
        key = (read, args, tuple(sorted(kwargs.items())))
        if key not in known:
            known[key] = read(*args, **kwargs)
        found: R = known[key]
        return found

    return kept
