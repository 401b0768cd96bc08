"""What is wrong with a whole list or file, as a code and figures. Pure."""

from collections.abc import Mapping
from typing import Any


class ListError(ValueError):
    """A list that cannot be read at all. Faults of single lines are told line by line."""

    def __init__(self, code: str, params: Mapping[str, Any] | None = None) -> None:
        """Keep the code, which names the sentence, and the figures that fill it."""
        super().__init__(code)
        self.code = code
        self.params = dict(params or {})
