"""Reads times, numbers and texts as sources write them; each says what is wrong by a code. Pure."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation

PLACES = Decimal("0.000001")
MOST_GPUS = 100_000
LONGEST = timedelta(days=31)
EARLIEST, LATEST = datetime(2010, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_UTC_WORD = re.compile(r"\s*(?:UTC|Z|GMT)\s*\Z", re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?(?:\d{1,18}(?:\.\d{0,30})?|\.\d{1,30})(?:[eE][+-]?\d{1,2})?")


class Unreadable(ValueError):
    """A value that cannot be taken: `code` of `words`, and the facts its sentence needs."""

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(code)
        self.code = code
        self.facts = facts


def moment(value: object) -> datetime:
    """An aware time in UTC, from ISO 8601 or as BigQuery writes it (`2026-03-01 08:00:00 UTC`). Raises Unreadable."""
    if isinstance(value, datetime):
        found = value
    else:
        text = str(value or "").strip()
        if not text:
            raise Unreadable("missing")
        found = _read_time(text)
    if found.tzinfo is None:
        raise Unreadable("no_zone", value=value)
    try:
        found = found.astimezone(UTC)
    except OverflowError:
        raise Unreadable("far_time", value=value) from None
    if not EARLIEST <= found < LATEST:
        raise Unreadable("far_time", value=value)
    return found


def _read_time(text: str) -> datetime:
    try:
        return datetime.fromisoformat(_UTC_WORD.sub("+00:00", text))
    except ValueError:
        raise Unreadable("bad_time", value=text) from None


def number(value: object) -> Decimal:
    """A finite number of a size that makes sense. Raises Unreadable."""
    text = str(value if value is not None else "").strip()
    if not text:
        raise Unreadable("missing")
    if not _NUMBER.fullmatch(text):
        raise Unreadable("bad_number", value=text)
    try:
        return Decimal(text)
    except InvalidOperation:
        raise Unreadable("bad_number", value=text) from None


def amount(value: object) -> Decimal:
    """Money or a quantity, either sign, rounded half-even to 6 places. Raises Unreadable."""
    found = number(value)
    if abs(found) >= 10**12:
        raise Unreadable("too_large", limit=10**12, value=value)
    return found.quantize(PLACES)


def gpus(value: object) -> Decimal:
    """A number of GPUs of more than 0, with 6 places. Raises Unreadable."""
    found = number(value)
    if found <= 0:
        raise Unreadable("not_positive", value=value)
    if found > MOST_GPUS:
        raise Unreadable("too_large", limit=MOST_GPUS, value=value)
    return found.quantize(PLACES)


def share(value: object) -> Decimal:
    """A share between 0 and 1, with 6 places. Raises Unreadable."""
    found = number(value)
    if not 0 <= found <= 1:
        raise Unreadable("not_share", value=value)
    return found.quantize(PLACES)


def name(value: object, limit: int) -> str:
    """A name of at most `limit` characters, without outer spaces. Raises Unreadable."""
    text = str(value or "").strip()
    if len(text) > limit:
        raise Unreadable("long_text", limit=limit)
    return text.replace("\x00", "")


def hours_between(start: datetime, end: datetime) -> Decimal:
    """The exact length in hours."""
    return Decimal((end - start) // timedelta(microseconds=1)) / Decimal(3_600_000_000)


def whole_hour(at: datetime) -> datetime:
    """The full hour at or before a time."""
    return at.replace(minute=0, second=0, microsecond=0)


def day_of(at: datetime) -> datetime:
    """The beginning of the UTC day of a time."""
    return whole_hour(at).replace(hour=0)
