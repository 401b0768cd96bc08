"""Where the live question to a registry is plugged in: the top of the house says who can ask it."""

from collections.abc import Callable

import structlog

from grants.catalogue.models import Image

Probe = Callable[[Image, str], bool]
"""Whether the registry has this tag (or `sha256:…`) of the image now; raises when it cannot be asked."""

log = structlog.get_logger(__name__)
_probes: list[Probe] = []


def use_probe(probe: Probe) -> None:
    """Say who asks registries; the last one wins."""
    _probes[:] = [probe]


def ask(image: Image, tag: str, *, probe: Probe | None = None) -> bool | None:
    """Whether the registry agrees that the tag is there; None when it could not be asked."""
    asked = probe or (_probes[0] if _probes else None)
    if asked is None:
        return None
    try:
        return asked(image, tag)
    except Exception as error:  # whatever the probe raises: the page then says that it could not check
        log.warning("pull_help_probe", error=type(error).__name__)
        return None
