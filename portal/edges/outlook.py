"""What a request would change at each target if it were approved now, for its page, its card and the API."""

from collections.abc import Sequence
from datetime import datetime

from approvals.requests.collecting import window
from approvals.requests.models import Request
from approvals.requests.states import FINAL
from grants.delivery.outlook import Outlook, outlook
from grants.directory.models import Person


def people_of(request: Request) -> list[Person]:
    """Who would get access: those found and active, in the order of the list."""
    members = request.members.filter(left_out=False, person__active=True).select_related("person")
    return [line.person for line in members if line.person is not None]


def outlook_of(request: Request, people: Sequence[Person], *, now: datetime) -> list[Outlook]:
    """Nothing for a request that is decided, or that has no project, images or end yet. `people`: see `people_of`."""
    starts, ends = window(request, now)
    if request.status in FINAL or request.project is None or ends is None or ends <= starts:
        return []
    images = [line.image for line in request.images.all() if not line.image.blocked]
    return outlook(project=request.project, people=people, images=images, role=request.role, ends=ends)
