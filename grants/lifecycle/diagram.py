"""Draws the table of a grant's moves as Mermaid text, for the documentation. Pure."""

from collections.abc import Iterator

from grants.lifecycle.states import FINAL, HOLD_MOVES, LIVE, MOVES, GrantStatus, HoldState, Move


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


def hold_diagram() -> str:
    """The states of an ending that the brake holds back, ending in a newline."""
    arrows = [
        f"    {source} --> {target}: {verb} (administrator)" for verb, (source, target) in HOLD_MOVES.items()
    ]
    ends = [f"    {state} --> [*]" for state in HoldState if state != HoldState.HELD]
    return (
        "\n".join(
            ["stateDiagram-v2", f"    [*] --> {HoldState.HELD}: trigger over the limit", *arrows, *ends]
        )
        + "\n"
    )


def _arrows(verb: str, move: Move) -> Iterator[str]:
    who = ", ".join(sorted(move.who))
    but = f", not {' or '.join(sorted(move.never))}" if move.never else ""
    for source in (status for status in (*LIVE, GrantStatus.REVOKING) if status in move.sources):
        yield f"    {source} --> {move.target or source}: {verb} ({who}{but})"
