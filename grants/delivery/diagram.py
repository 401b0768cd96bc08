"""Draws the way of one line of access as Mermaid text, for the documentation. Pure."""

from grants.delivery.states import Status

_ARROWS = (
    (Status.WANTED, Status.VERIFIED, "the target was seen to allow it"),
    (Status.WANTED, Status.APPLIED, "done, not yet seen"),
    (Status.APPLIED, Status.VERIFIED, "seen"),
    (Status.WANTED, Status.UNWANTED, "the grant or the line ends"),
    (Status.APPLIED, Status.UNWANTED, "the grant or the line ends"),
    (Status.VERIFIED, Status.UNWANTED, "the grant or the line ends"),
    (Status.UNWANTED, Status.REMOVED, "refused, but a token issued before may still work"),
    (Status.UNWANTED, Status.PROVEN, "seen refused, or kept by another live grant"),
    (Status.REMOVED, Status.PROVEN, "seen refused"),
)


def delivery_diagram() -> str:
    """The states of a line as a Mermaid state diagram, ending in a newline."""
    arrows = [f"    {source} --> {target}: {why}" for source, target, why in _ARROWS]
    lines = ["stateDiagram-v2", f"    [*] --> {Status.WANTED}", *arrows, f"    {Status.PROVEN} --> [*]"]
    return "\n".join(lines) + "\n"
