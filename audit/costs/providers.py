"""What the top of the house lends this room: who is who. Connected there, because this room knows no teams."""

from collections.abc import Callable

from audit.costs.attribution import Book

_EMPTY = Book()
_books: list[Callable[[], Book]] = []
_secrets: list[Callable[[str], str]] = []


def use_book(make: Callable[[], Book]) -> None:
    """Say who tells whose a project, a namespace, a grant and a name are; the last one that was said counts."""
    _books[:] = [make]


def book() -> Book:
    """Who is who now; an empty one, which attributes nothing, when nobody tells."""
    return _books[-1]() if _books else _EMPTY


def use_secrets(find: Callable[[str], str]) -> None:
    """Say who finds what a reference (`env:NAME`, `file:/path`) refers to; it raises when it is not there."""
    _secrets[:] = [find]


def secret(reference: str) -> str:
    """What a reference refers to; "" for none. Raises what the finder raises, RuntimeError when there is none."""
    if not reference:
        return ""
    if not _secrets:
        raise RuntimeError("Nobody finds secrets: call use_secrets first.")
    return _secrets[-1](reference)
