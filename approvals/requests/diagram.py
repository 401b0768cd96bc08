"""Draws the tables of states as Mermaid text, for the documentation. Pure.

`python -m approvals.requests.diagram` writes it to standard output.
"""

import sys
from collections.abc import Iterator, Mapping
from enum import StrEnum

from approvals.requests.states import FINAL, LANE_MOVES, REQUEST_MOVES, LaneStatus, Move, RequestStatus


def request_diagram() -> str:
    """The request's states as a Mermaid state diagram, ending in a newline."""
    return _draw(REQUEST_MOVES, RequestStatus.DRAFT, FINAL)


def lane_diagram() -> str:
    """The lane's states as a Mermaid state diagram, ending in a newline."""
    return _draw(LANE_MOVES, LaneStatus.WAITING, frozenset())


def _draw(moves: Mapping[str, Move], first: StrEnum, final: frozenset[RequestStatus]) -> str:
    reached = {move.target for move in moves.values()}
    ends = sorted(status for status in final if status in reached)
    lines = [
        "stateDiagram-v2",
        f"    [*] --> {first}",
        *_arrows(moves),
        *(f"    {status} --> [*]" for status in ends),
    ]
    return "\n".join(lines) + "\n"


def _arrows(moves: Mapping[str, Move]) -> Iterator[str]:
    for verb, move in moves.items():
        for source in sorted(move.sources):
            yield f"    {source} --> {move.target}: {verb} ({', '.join(sorted(move.who))})"


if __name__ == "__main__":
    sys.stdout.write(request_diagram() + "\n" + lane_diagram())
