"""Values the grant's services take and give."""

from dataclasses import dataclass
from datetime import datetime

from grants.catalogue.models import Image


@dataclass(frozen=True, slots=True)
class IssueImage:
    """One image to grant; `tag` and `digest` say what the approvers looked at."""

    image: Image
    tag: str = ""
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Advanced:
    """What one look at the clock changed: grants started, grants whose time was over, lines taken out late."""

    started: int = 0
    expired: int = 0
    repaired: int = 0


@dataclass(frozen=True, slots=True)
class Overlap:
    """A person who already holds an image, or will from a later start, and until when."""

    person_id: int
    image_id: int
    grant_id: int
    role: str
    ends: datetime
