"""The values that go in and out of the request services."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import Enum
from typing import Any

from approvals.policy.facts import Facts
from approvals.policy.types import Evaluation, Who
from approvals.requests.errors import Conflict, NotAllowed, NotFound, RequestError
from grants.directory.models import Project


class Unset(Enum):
    """The type of `UNSET`: an answer that was not given, unlike an answer that was emptied."""

    UNSET = "unset"


UNSET = Unset.UNSET


@dataclass(frozen=True, slots=True)
class ImageChoice:
    """An image of the catalogue by its id, with the tag to look at (empty: the image as a whole)."""

    image_id: int
    tag: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftChanges:
    """Some answers of a request; what is UNSET stays as it is.

    `images` are `host/repo:tag`, `host/repo@sha256:…` or `ImageChoice`. `people_text` (as pasted) and
    `people_lines` (already separated, e.g. a column of a file) replace the whole list. `days` and `ends`
    replace each other; None empties. `gpu_hours_per_week` is per person.
    """

    project: Project | Unset | None = UNSET
    role: str | Unset = UNSET
    environment: str | Unset = UNSET
    images: Sequence[str | ImageChoice] | Unset = UNSET
    people_text: str | Unset = UNSET
    people_lines: Sequence[str] | Unset = UNSET
    use_case: str | Unset = UNSET
    ticket: str | Unset = UNSET
    starts: datetime | Unset | None = UNSET
    days: int | Unset | None = UNSET
    ends: datetime | Unset | None = UNSET
    gpu_type: str | Unset = UNSET
    gpu_hours_per_week: int | Unset | None = UNSET

    def given(self) -> dict[str, Any]:
        """The answers that were given, by name."""
        values = ((spec.name, getattr(self, spec.name)) for spec in fields(self))
        return {name: value for name, value in values if value is not UNSET}


@dataclass(frozen=True, slots=True)
class Missing:
    """An answer without which the request cannot be sent: the field, a code, and what to do."""

    field: str
    code: str
    message: object


@dataclass(frozen=True, slots=True)
class LaneFacts:
    """A lane that will be asked: who may decide in it, and by when an answer is hoped for."""

    name: str
    eligible: tuple[Who, ...]
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Preview:
    """What sending would say now. `submit` judges the same again under the lock."""

    facts: Facts
    evaluation: Evaluation
    lanes: tuple[LaneFacts, ...]
    missing: tuple[Missing, ...]

    @property
    def sendable(self) -> bool:
        """Whether nothing is blocked and nothing is missing."""
        return self.evaluation.sendable and not self.missing


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a person may not take a step, for the page that explains it and the service that refuses it."""

    code: str
    message: object
    status: int = 403
    detail: Mapping[str, Any] = field(default_factory=dict)

    def error(self) -> RequestError:
        """The exception that says the same."""
        kind: type[RequestError] = {403: NotAllowed, 404: NotFound, 409: Conflict}[self.status]
        return kind(self.code, self.message, dict(self.detail))
