"""What an operator says about a source, kind by kind: addresses, references to secrets, how far to look back. Pure."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from audit.costs.errors import CostError
from audit.costs.records import Facts

Reference = Annotated[
    str, StringConstraints(pattern=r"^$|^env:[A-Za-z_][A-Za-z0-9_]*$|^file:/.+$", max_length=300)
]
"""Where a secret is found; never the secret itself."""
Address = Annotated[str, StringConstraints(pattern=r"^https?://[^\s@?#]+$", max_length=300)]
Name = Annotated[str, StringConstraints(max_length=80)]
Type = Annotated[str, StringConstraints(max_length=60)]
TABLE = r"^[a-z][a-z0-9:.-]{4,80}\.[A-Za-z0-9_]{1,200}\.[A-Za-z0-9_-]{1,200}$"


class _Options(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Asked(_Options):
    """What every source that is asked over HTTP has.

    `look_back_hours`: hours that are read again each time, because late data may come; a time counts as complete
    when it is older. `back_fill_days`: how far the first reading goes back. `steps_per_run`: hours (days at Google)
    of one run, so that a long back-fill does not keep a worker. `facts`: kinds that are taken; others are left to
    another source of the same cluster. `may_be_empty`: an hour without any data means that nothing was there (a
    cluster that scales to nothing); else it counts as not known, and the newest such hours as a failure.
    """

    url: Address
    token: Reference = ""
    user: Name = ""
    password: Reference = ""
    ca_file: Annotated[str, StringConstraints(max_length=300)] = ""
    timeout: float = Field(30.0, gt=0, le=300)
    cluster: Name = ""
    gpu_type: Type = ""
    look_back_hours: int = Field(2, ge=1, le=240)
    back_fill_days: int = Field(7, ge=0, le=400)
    steps_per_run: int = Field(48, ge=1, le=1000)
    may_be_empty: bool = False


class OpenCostOptions(_Asked):
    """OpenCost. `step`: ask hour by hour, or a day at a time. `assets`: ask for the nodes too (capacity, types).

    `reserved_nodes`: names of nodes, `*` standing for any text, that were bought by reservation.
    """

    step: Literal["hour", "day"] = "hour"
    resolution: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]?m$")] = "1m"
    assets: bool = True
    reserved_nodes: list[Name] = Field([], max_length=100)
    facts: list[Literal[Facts.USAGE, Facts.CAPACITY]] = Field([Facts.USAGE, Facts.CAPACITY], min_length=1)


class PrometheusOptions(_Asked):
    """Prometheus with DCGM's metrics. `cluster_label`: the label that names the cluster, where `cluster` does not.

    `selector`: what else the series have to carry, e.g. `job="dcgm-exporter"`.
    """

    cluster_label: Annotated[str, StringConstraints(pattern=r"^[a-zA-Z_][a-zA-Z0-9_]*$")] = "cluster"
    selector: Annotated[
        str, StringConstraints(pattern=r'^$|^[a-zA-Z_]\w*=~?"[^"{}\\]*"(,[a-zA-Z_]\w*=~?"[^"{}\\]*")*$')
    ] = ""
    facts: list[Literal[Facts.ACTIVITY, Facts.CAPACITY]] = Field(
        [Facts.ACTIVITY, Facts.CAPACITY], min_length=1
    )


class GoogleOptions(_Options):
    """Google's billing export in BigQuery.

    `table`: `project.dataset.gcp_billing_export_resource_v1_…`. `project`: whose queries these are; usually the
    table's. `maximum_bytes`: what one query may read at most; it is asked before, and refused above.
    `look_back_days`: Google adds to a day for about that long. `endpoint`: another address of BigQuery.
    """

    table: Annotated[str, StringConstraints(pattern=TABLE)]
    project: Annotated[str, StringConstraints(pattern=r"^$|^[a-z][a-z0-9:.-]{4,80}$")] = ""
    location: Annotated[str, StringConstraints(pattern=r"^$|^[A-Za-z0-9-]{2,40}$")] = ""
    credentials_key_json: Reference = ""
    maximum_bytes: int = Field(20 * 10**9, ge=10**7, le=10**14)
    timeout: float = Field(60.0, gt=0, le=600)
    look_back_days: int = Field(3, ge=1, le=30)
    back_fill_days: int = Field(35, ge=0, le=400)
    steps_per_run: int = Field(10, ge=1, le=400)
    endpoint: Annotated[str, StringConstraints(pattern=r"^$|^https?://[^\s@?#]+$", max_length=300)] = ""
    facts: list[Literal[Facts.USAGE, Facts.CAPACITY, Facts.BILL]] = Field(
        [Facts.USAGE, Facts.CAPACITY, Facts.BILL], min_length=1
    )


class FileOptions(_Options):
    """A source whose files people bring."""


KINDS: dict[str, type[_Options]] = {
    "opencost": OpenCostOptions,
    "prometheus": PrometheusOptions,
    "google": GoogleOptions,
    "focus": FileOptions,
    "csv": FileOptions,
}
PULLED = {"opencost": "url", "prometheus": "url", "google": "table"}
"""Kinds that can be asked, with the option that says where; without it only files are brought."""
EVERY_SECONDS = {"opencost": 3600, "prometheus": 3600, "google": 6 * 3600}


def settling(kind: str, options: Mapping[str, object]) -> timedelta:
    """How far behind the present a source that works is: what may still change does not count as complete."""
    if not is_pulled(kind, options):
        return timedelta(0)
    if kind == "google":
        return timedelta(days=_number(options.get("look_back_days"), 3) + 1)
    return timedelta(hours=_number(options.get("look_back_hours"), 2) + 1)


def _number(value: object, usual: int) -> int:
    return value if isinstance(value, int) else usual


def is_pulled(kind: str, options: Mapping[str, object]) -> bool:
    """Whether a source with these options is asked on a schedule."""
    return bool(options.get(PULLED.get(kind, "")))


def read_options(kind: str, options: dict[str, object]) -> _Options:
    """The options of a kind. Raises CostError `bad_options` (detail `faults`: one text for each)."""
    if not is_pulled(kind, options):
        model: type[_Options] = FileOptions
    else:
        model = KINDS[kind]
    try:
        return model.model_validate(options)
    except ValidationError as error:
        faults = [_fault(dict(one)) for one in error.errors(include_url=False, include_input=False)]
        raise CostError("bad_options", "; ".join(faults), {"faults": faults}) from None


def _fault(error: dict[str, object]) -> str:
    loc = error["loc"]
    place = ".".join(str(part) for part in loc) if isinstance(loc, tuple) else ""
    return f"options.{place}: {error['msg']}" if place else f"options: {error['msg']}"
