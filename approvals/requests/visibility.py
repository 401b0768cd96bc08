"""Which requests a viewer may see. Pages and API reach requests through here only."""

from django.db.models import Q, QuerySet

from approvals.requests.models import Lane, Request, RequestMember
from grants.directory.standing import Standing


def requests_visible_to(viewer: Standing | None) -> QuerySet[Request]:
    """Requests the viewer may see, with project, team and requester.

    What was never sent: its requester and the leads of the project's team. What was sent also: the people on
    its list, the approvers of its lanes, auditors and administrators. A disabled person sees nothing.
    """
    requests = Request.objects.select_related("requester", "project__team")
    if viewer is None or not viewer.person.active:
        return requests.none()
    sent = Q(submitted_at__isnull=False)
    return requests.filter(owned_by(viewer) | (sent & (Q() if viewer.sees_all else _concerns(viewer))))


def owned_by(viewer: Standing) -> Q:
    """Requests the viewer wrote or may change: as requester or as lead of the project's team."""
    return Q(requester=viewer.person) | Q(project__team_id__in=viewer.led_team_ids)


def _concerns(viewer: Standing) -> Q:
    on_list = RequestMember.objects.filter(person=viewer.person, left_out=False).values("request")
    asked = Lane.objects.filter(name__in=viewer.lanes).values("request")
    return Q(pk__in=on_list) | Q(pk__in=asked)
