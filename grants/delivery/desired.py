"""The lines a grant should have at its targets: people + images + a few a target, never people x images."""

from collections.abc import Iterator
from logging import getLogger

from grants.connectors.errors import ConnectorError
from grants.delivery.holdings import holding_of
from grants.delivery.plan import Line
from grants.delivery.states import Kind
from grants.delivery.targets import Target, clusters, layout_of
from grants.lifecycle.models import Grant
from grants.lifecycle.selectors import allowing
from grants.lifecycle.states import ALLOWING

log = getLogger(__name__)


def desired_lines(grant: Grant) -> set[Line]:
    """What a grant that allows something now should have; nothing for any other."""
    if grant.status not in ALLOWING:
        return set()
    lines = grant.images.filter(allowing(), removed_at=None).select_related("image__registry")
    registries = {line.image.registry.key: line.image.registry for line in lines}
    found: set[Line] = set()
    for target in [*registries.values(), *(clusters() if lines else ())]:
        found |= set(_lines_at(grant, target))
    return found


def _lines_at(grant: Grant, target: Target) -> Iterator[Line]:
    try:
        layout = layout_of(target)
    except ConnectorError:
        # Nobody's approval fails because one target is set up wrongly; its lines come once it was mended.
        log.exception("A target's options cannot be read", extra={"target": target.key})
        return
    holding = holding_of(grant, target)
    if layout is None:
        yield from ((target.key, Kind.MEMBER.value, holder.subject) for holder in holding.holders)
        yield from ((target.key, Kind.IMAGE.value, repository) for repository in holding.images)
    else:
        yield from ((target.key, place.kind, place.key) for place in layout.places(holding))
