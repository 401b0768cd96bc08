"""A place that usage comes from, and a book of two projects."""

from collections.abc import Iterator

import pytest

from audit.costs import providers
from audit.costs.attribution import Book
from audit.costs.models import Source

BOOK = Book(projects={"fraud-v2": "anti-fraud", "loans": "credit"})


@pytest.fixture
def source(db: None) -> Source:
    """Where files come from."""
    return Source.objects.create(key="files", kind="csv", name="Files")


@pytest.fixture(autouse=True)
def book() -> Iterator[None]:
    """Two projects are known, until the test is over."""
    before = list(providers._books)
    providers.use_book(lambda: BOOK)
    yield
    providers._books[:] = before
