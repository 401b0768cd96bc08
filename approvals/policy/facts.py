"""Everything a check may know, as frozen values that survive a trip through JSON. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import ConfigDict, TypeAdapter, ValidationError

from approvals.policy.types import Who

SCHEMA_VERSION = 1
_STRICT = ConfigDict(extra="forbid")


class FactsError(ValueError):
    """Stored facts that this version cannot read. `code` is `unknown_schema` or `malformed_facts`."""

    def __init__(self, code: str, reason: str) -> None:
        """Keep the code beside the reason, which is for the log."""
        super().__init__(f"{code}: {reason}")
        self.code = code


@dataclass(frozen=True, slots=True)
class Settings:
    """The figures that the organisation sets. Days; people."""

    __pydantic_config__ = _STRICT

    default_days: int = 90
    max_days: int = 180
    scan_max_age_days: int = 14
    block_critical: bool = True
    max_people: int = 500


@dataclass(frozen=True, slots=True)
class Member:
    """One person the access is for. `person_id` is None where the directory knows nobody."""

    __pydantic_config__ = _STRICT

    person_id: int | None
    name: str
    known: bool
    active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """One image as the catalogue knows it; `scan` is the newest report's verdict on `digest`.

    `scan` is None (no report), `passed`, `high`, `critical` or `unsupported`; any other word means that the
    scan could not be read.
    """

    __pydantic_config__ = _STRICT

    image_id: int
    reference: str
    tag: str
    digest: str | None
    exists: bool
    blocked: bool
    restricted: bool
    scan: str | None
    scanned_at: datetime | None
    critical: int = 0
    high: int = 0

    @property
    def label(self) -> str:
        """`host/repository:tag`, as people write it."""
        return f"{self.reference}:{self.tag}" if self.tag else self.reference


@dataclass(frozen=True, slots=True)
class Duplicate:
    """An open request or live grant for the same images; `overlap` counts the people in both."""

    __pydantic_config__ = _STRICT

    kind: Literal["request", "grant"]
    id: int
    label: str
    overlap: int


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane that must agree, and everybody who holds its role (not yet without those who may not decide)."""

    __pydantic_config__ = _STRICT

    name: str
    eligible: tuple[Who, ...]
    approvals_needed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What the checks judge. All times are aware; `ends` None means the default duration.

    `barred` are the persons who may not decide beside requester and members: co-authors, leads of the team.
    """

    __pydantic_config__ = _STRICT

    now: datetime
    requester: Who
    members: tuple[Member, ...]
    images: tuple[Image, ...]
    starts: datetime
    ends: datetime | None
    role: str
    environment: str
    settings: Settings = field(default_factory=Settings)
    duplicates: tuple[Duplicate, ...] = ()
    lanes: tuple[Lane, ...] = ()
    barred: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        """Refuse naive times: they would compare differently on another machine."""
        scans = [image.scanned_at for image in self.images]
        if any(at is not None and at.tzinfo is None for at in (self.now, self.starts, self.ends, *scans)):
            raise FactsError("malformed_facts", "a time has no zone")

    @property
    def end(self) -> datetime:
        """When the access ends: as asked, else the default number of days after the start."""
        return self.ends or self.starts + timedelta(days=self.settings.default_days)

    @property
    def member_ids(self) -> frozenset[int]:
        """The known persons the access is for."""
        return frozenset(member.person_id for member in self.members if member.person_id is not None)

    def to_json(self) -> dict[str, Any]:
        """The facts as plain JSON values, with the schema they follow."""
        return {"schema": SCHEMA_VERSION, **_ADAPTER.dump_python(self, mode="json")}

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> "Facts":
        """The facts that `to_json` wrote. Raises FactsError on another schema or shape."""
        if data.get("schema") != SCHEMA_VERSION:
            raise FactsError("unknown_schema", str(data.get("schema")))
        values = {key: value for key, value in data.items() if key != "schema"}
        try:
            return _ADAPTER.validate_python(values)
        except ValidationError as error:
            raise FactsError("malformed_facts", str(error)) from error


_ADAPTER: TypeAdapter[Facts] = TypeAdapter(Facts)
