"""Reads a file of usage in any format we know. Pure: nothing is stored, and a file with a fault is refused whole."""

from collections.abc import Callable

from audit.costs.errors import CostError
from audit.costs.records import Reading
from audit.costs.sources import google_files
from audit.costs.sources.dcgm_files import read_answers
from audit.costs.sources.documents import loads
from audit.costs.sources.faults import Faults
from audit.costs.sources.focus import read_focus
from audit.costs.sources.limits import MOST_BYTES
from audit.costs.sources.opencost import read_opencost
from audit.costs.sources.plain import read_plain
from audit.costs.sources.text import Table, decoded
from audit.costs.sources.values import Unreadable

FORMATS = ("auto", "opencost", "google", "focus", "csv", "dcgm")
_PARQUET = b"PAR1"


def read_file(data: bytes, *, name: str, format: str = "auto") -> list[Reading]:  # noqa: A002 - the word people use
    """What a file says, one reading for each stretch it is complete about.

    `name`: as it was called, to tell formats apart where the content leaves it open. `format`: one of FORMATS.
    Raises CostError `bad_file`: `detail["faults"]` has one text for each fault (the first 200), `count` how many
    there are, `places` the same with line, field and code; `unknown_format` for a word that is none of FORMATS.
    """
    if format not in FORMATS:
        raise CostError("unknown_format", Faults().stop(0, "", "unknown_format").message)
    if len(data) > MOST_BYTES:
        raise Faults().stop(0, "", "too_big", limit=MOST_BYTES >> 20)
    if data.startswith(_PARQUET):
        return _only(format, "google", lambda: google_files.read_parquet(data))
    text = decoded(data)
    start = text.lstrip()[:1]
    if start in ("{", "["):
        return _json(text, format)
    return _csv(text, format)


def _only(format_asked: str, found: str, read: Callable[[], list[Reading]]) -> list[Reading]:
    if format_asked not in ("auto", found):
        raise Faults().stop(0, "", "bad_shape")
    return read()


def _json(text: str, asked: str) -> list[Reading]:
    if asked == "google" or (asked == "auto" and _is_lines(text)):
        return google_files.read_json_lines(text)
    try:
        document = loads(text)
    except Unreadable as error:
        raise Faults().stop(0, "", error.code) from None
    kind = _kind_of(document) if asked == "auto" else asked
    match kind:
        case "opencost":
            return read_opencost(document)
        case "dcgm":
            return read_answers(document)
    raise Faults().stop(0, "", "unknown_format" if asked == "auto" else "bad_shape")


def _is_lines(text: str) -> bool:
    """Whether the first line is a document of its own and looks like a row of a bill."""
    try:
        first = loads(text.lstrip().split("\n", 1)[0])
    except Unreadable:
        return False
    return isinstance(first, dict) and ("usage_start_time" in first or "sku" in first)


def _kind_of(document: object) -> str:
    first: object = document[0] if isinstance(document, list) and document else document
    if not isinstance(first, dict):
        return ""
    data = first.get("data")
    if isinstance(data, dict) and "resultType" in data:
        return "dcgm"
    return "opencost" if isinstance(data, list) and isinstance(document, dict) else ""


def _csv(text: str, asked: str) -> list[Reading]:
    kind = asked
    if asked == "auto":
        columns = {column.replace(".", "_") for column in Table(text, Faults()).columns}
        kind = _kind_of_columns(columns)
    match kind:
        case "google":
            return google_files.read_csv(text)
        case "focus":
            return read_focus(text)
        case "csv":
            return read_plain(text)
    raise Faults().stop(0, "", "unknown_format" if asked == "auto" else "bad_shape")


def _kind_of_columns(columns: set[str]) -> str:
    """By the columns that only one format has."""
    if {"usage_start_time", "sku_description"} & columns:
        return "google"
    if {"ChargePeriodStart", "BilledCost", "ChargeCategory"} & columns:
        return "focus"
    return "csv" if {"gpus", "gpu_type"} & columns else ""
