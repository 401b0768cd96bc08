"""What a check answers: yes, no with one thing to do, or not known."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    """One check: `ok` is None where it was not or could not be made. At most one action."""

    name: str
    ok: bool | None
    text: str
    url: str = ""
    action: str = ""

    @property
    def mark(self) -> str:
        """The sign of the answer, for the text to hand on."""
        return {True: "✓", False: "✗", None: "–"}[self.ok]


def good(name: str, text: str) -> Answer:
    """It is as it should be."""
    return Answer(name, True, text)


def bad(name: str, text: str, url: str, action: str) -> Answer:
    """It is not, and this is what to do."""
    return Answer(name, False, text, url, action)


def unknown(name: str, text: str) -> Answer:
    """It was not, or could not be, checked."""
    return Answer(name, None, text)
