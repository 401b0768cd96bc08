"""Access that nobody uses (F22), as the page of a team shows it."""

from django.http import Http404
from django.utils.translation import gettext_lazy as _
from rest_framework.request import Request as Call
from rest_framework.response import Response

from grants.directory.models import Team
from portal.api.base import Endpoint, moment, query, viewer_of
from portal.api.errors import NotAllowed
from portal.api.schema import operation
from portal.api.serializers.cost_unused import UnusedQuery, UnusedSerializer
from portal.edges.cost_scopes import leads_costs
from portal.edges.cost_unused import unused_grants, unused_people


class Unused(Endpoint):
    """Unused access of a team."""

    @operation(
        "costs_unused", "Read unused access", answer=UnusedSerializer, query=UnusedQuery, problems=(403, 404)
    )
    def get(self, request: Call) -> Response:
        """Read who has access and no use (F22), and grants without any; for leads and who sees all costs."""
        asked = query(request, UnusedQuery)
        team, days, now = _team(request, asked["team"]), int(asked["days"]), moment()
        found = {
            "team": team.key,
            "days": days,
            "people": unused_people(team.key, days=days, now=now),
            "grants": unused_grants(team.key, days=days, now=now),
        }
        return Response(UnusedSerializer(found).data)


def _team(request: Call, key: str) -> Team:
    viewer, team = viewer_of(request), Team.objects.filter(key=key).first()
    if team is None or not (viewer.sees_costs or team.pk in viewer.team_ids):
        raise Http404
    if not leads_costs(viewer, team.pk):
        raise NotAllowed("not_a_lead", _("Only leads of the team and budget owners can see this."))
    return team
