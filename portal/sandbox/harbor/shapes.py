"""How Harbor writes times and pages, and reads filters."""

from collections.abc import Sequence
from datetime import UTC, datetime

from portal.sandbox.harbor.state import Row
from portal.sandbox.wire import HttpError, Request, Response, json_response


def stamp(epoch: float) -> str:
    """An epoch as Harbor writes times."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def paged(request: Request, rows: Sequence[Row]) -> Response:
    """One page of rows (`page`, `page_size` 10, at most 100) with Harbor's headers."""
    page, size = int(request.arg("page", "1")), int(request.arg("page_size", "10"))
    if not 1 <= size <= 100:
        raise HttpError(422, "page_size in query should be less than or equal to 100")
    first = (page - 1) * size
    headers = {"X-Total-Count": str(len(rows))}
    if first + size < len(rows):
        headers["Link"] = f'<{request.path}?page={page + 1}&page_size={size}>; rel="next"'
    return json_response(list(rows[first : first + size]), headers=headers)


def wanted(request: Request) -> dict[str, str]:
    """The exact filters of `q` (`a=b,c=d`), their names in lower case."""
    pairs = (part.partition("=") for part in request.arg("q").split(",") if part)
    return {name.lower(): value for name, _, value in pairs}
