"""The sources of usage an installation has, as its operator writes them: a TOML file, read whole. Pure."""

import re
import tomllib
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from audit.costs.errors import CostError
from audit.costs.sources.options import EVERY_SECONDS, read_options

Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,59}$")]
_DAY_MINUTES = 24 * 60


class SourceEntry(BaseModel):
    """One `[[source]]`. `every_minutes` None: as often as fits the kind."""

    model_config = ConfigDict(extra="forbid")
    key: Key
    name: Annotated[str, StringConstraints(min_length=1, max_length=120)]
    kind: Literal["opencost", "prometheus", "google", "focus", "csv"]
    enabled: bool = True
    every_minutes: Annotated[int, Field(ge=1, le=7 * _DAY_MINUTES)] | None = None
    options: dict[str, Any] = Field(default_factory=dict)

    @property
    def every_seconds(self) -> int:
        """Seconds between two times that it is asked."""
        return self.every_minutes * 60 if self.every_minutes else EVERY_SECONDS.get(self.kind, 3600)


class SourceFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid")
    source: list[SourceEntry] = Field(default_factory=list)

    @model_validator(mode="after")
    def _keys_are_unique(self) -> "SourceFile":
        keys = [one.key for one in self.source]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise ValueError(f"the same key stands twice: {', '.join(twice)}")
        return self


def read_sources(data: bytes) -> SourceFile:
    """The sources of a file. Raises CostError `bad_source_file`, whose `detail["faults"]` names every fault."""
    try:
        found = SourceFile.model_validate(tomllib.loads(data.decode("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise _refusal([f"This is no TOML file: {error}"]) from None
    except ValidationError as error:
        raise _refusal([_fault(dict(one)) for one in error.errors(include_input=False)]) from None
    if faults := [fault for one in found.source for fault in _wrong_options(one)]:
        raise _refusal(faults)
    return found


def _wrong_options(entry: SourceEntry) -> list[str]:
    try:
        read_options(entry.kind, entry.options)
    except CostError as error:
        return [f"{entry.key}: {fault}" for fault in error.detail["faults"]]
    return []


def _refusal(faults: list[str]) -> CostError:
    return CostError("bad_source_file", "\n".join(faults), {"faults": faults})


def _fault(error: dict[str, Any]) -> str:
    place = ".".join(str(part + 1) if isinstance(part, int) else str(part) for part in error["loc"])
    said = re.sub(r"^Value error, ", "", str(error["msg"]))
    return f"{place}: {said}" if place else said
