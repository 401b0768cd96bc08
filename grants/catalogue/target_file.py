"""The targets an installation has, as its operator writes them: a TOML file, read whole before any of it is kept."""

import re
import tomllib
from collections.abc import Callable, Iterator
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from grants.catalogue.errors import TargetFileInvalid

Key = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$")]
SECRET_PREFIXES = ("env:", "file:/")
SECRET_WORDS = ("password", "secret", "token", "key_json")


_SECRET_NAME = re.compile(rf"(^|[._])({'|'.join(SECRET_WORDS)})$", re.IGNORECASE)
_USER_IN_ADDRESS = re.compile(r"://[^/?#\s]*@")


def _texts(value: object, name: str) -> Iterator[tuple[str, str]]:
    """Every text in an option, however deep, by its name."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _texts(one, f"{name}.{key}")
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one, name)


Check = Callable[[str, dict[str, Any]], str]
_checks: dict[str, Check] = {}


def register_check(kind: str, check: Check) -> None:
    """Say who knows the options of a kind: (key, options) -> what is wrong with them, or ""."""
    _checks[kind] = check


class _Target(BaseModel):
    model_config = ConfigDict(extra="forbid")
    key: Key
    name: Annotated[str, StringConstraints(min_length=1, max_length=120)]
    options: dict[str, Any] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _refers_to_secrets(self) -> "_Target":
        """A secret is never written into the file, only where it is found: what is kept goes on record for ever."""
        for name, value in _texts(self.options, "options"):
            if _SECRET_NAME.search(name) and not value.startswith(SECRET_PREFIXES):
                raise ValueError(f"{name}: name where the secret is, `env:NAME` or `file:/path`")
            if _USER_IN_ADDRESS.search(value):
                raise ValueError(f"{name}: an address holds no user name and no password")
        return self


class RegistryTarget(_Target):
    """One `[[registry]]`."""

    kind: Literal["distribution", "harbor", "google"]
    host: Annotated[str, StringConstraints(min_length=1, max_length=255)]
    api_url: Annotated[str, StringConstraints(pattern=r"^https?://[^\s@]+$", max_length=300)]
    service: str = ""


class ClusterTarget(_Target):
    """One `[[cluster]]`."""

    kind: Literal["kubernetes"] = "kubernetes"
    issuer: Annotated[str, StringConstraints(max_length=300)] = ""
    audience: Annotated[str, StringConstraints(max_length=200)] = ""
    active: bool = True


class TargetFile(BaseModel):
    """The whole file."""

    model_config = ConfigDict(extra="forbid")
    registry: list[RegistryTarget] = Field(default_factory=list)
    cluster: list[ClusterTarget] = Field(default_factory=list)

    @model_validator(mode="after")
    def _keys_are_unique(self) -> "TargetFile":
        keys = [target.key for target in [*self.registry, *self.cluster]]
        twice = sorted({key for key in keys if keys.count(key) > 1})
        if twice:
            raise ValueError(f"the same key stands twice: {', '.join(twice)}")
        return self


def read_targets(data: bytes) -> TargetFile:
    """The targets of a file. Raises TargetFileInvalid with every fault, each with its place."""
    try:
        found = TargetFile.model_validate(tomllib.loads(data.decode("utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TargetFileInvalid([f"This is no TOML file: {error}"]) from None
    except ValidationError as error:
        raise TargetFileInvalid([_fault(dict(one)) for one in error.errors()]) from None
    if faults := list(_wrong_options(found)):
        raise TargetFileInvalid(faults)
    return found


def _wrong_options(file: TargetFile) -> Iterator[str]:
    every: list[RegistryTarget | ClusterTarget] = [*file.registry, *file.cluster]
    for target in every:
        check = _checks.get(target.kind)
        if check and (wrong := check(target.key, target.options)):
            yield f"{target.key}: {wrong}"


def _fault(error: dict[str, Any]) -> str:
    place = ".".join(str(part + 1) if isinstance(part, int) else str(part) for part in error["loc"])
    return f"{place}: {error['msg']}" if place else str(error["msg"])
