"""What a request would change at each target if it were approved now, for its page, its card and the API."""

from datetime import datetime

from approvals.requests.collecting import window
from approvals.requests.models import Request
from approvals.requests.states import FINAL
from grants.delivery.outlook import Outlook, outlook


def outlook_of(request: Request, *, now: datetime) -> list[Outlook]:
    """Nothing for a request that is decided, or that has no project, people, images or end yet."""
    starts, ends = window(request, now)
    if request.status in FINAL or request.project is None or ends is None or ends <= starts:
        return []
    members = request.members.filter(left_out=False, person__active=True).select_related("person")
    people = [line.person for line in members if line.person is not None]
    images = [line.image for line in request.images.all() if not line.image.blocked]
    return outlook(project=request.project, people=people, images=images, role=request.role, ends=ends)
