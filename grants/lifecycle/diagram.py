"""Draws the table of a grant's moves as Mermaid text, for the documentation. Pure."""

from collections.abc import Iterator

from grants.lifecycle.states import FINAL, LIVE, MOVES, GrantStatus, Move


def grant_diagram() -> str:
    """The grant's states as a Mermaid state diagram, ending in a newline. Who may is in brackets."""
    first = (GrantStatus.SCHEDULED, GrantStatus.PROVISIONING)
    lines = [
        "stateDiagram-v2",
        *(f"    [*] --> {status}: issue" for status in first),
        *(arrow for verb, move in MOVES.items() for arrow in _arrows(verb, move)),
        *(f"    {status} --> [*]" for status in FINAL),
    ]
    return "\n".join(lines) + "\n"


def _arrows(verb: str, move: Move) -> Iterator[str]:
    who = ", ".join(sorted(move.who))
    but = f", not {' or '.join(sorted(move.never))}" if move.never else ""
    for source in (status for status in (*LIVE, GrantStatus.REVOKING) if status in move.sources):
        yield f"    {source} --> {move.target or source}: {verb} ({who}{but})"
