"""Teams, projects and the robots of a project."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Case, IntegerField, Prefetch, Q, Value, When
from rest_framework.request import Request as Call
from rest_framework.response import Response

from grants.directory.models import Membership, Project, Team
from grants.directory.roles import ProjectState, TeamRole
from grants.directory.selectors import projects_visible_to, teams_visible_to
from grants.directory.standing import Standing
from grants.directory.types import ProjectChanges
from grants.tokens import services as tokens
from grants.tokens.permissions import keeping_refusal, robot_refusal
from grants.tokens.selectors import credentials_visible_to
from portal.api.base import (
    Endpoint,
    acting,
    body,
    found,
    moment,
    query,
    rendered,
    require_administrator,
    viewer_of,
)
from portal.api.paging import listing
from portal.api.schema import example, operation, pages_of
from portal.api.serializers.directory import (
    CredentialQuery,
    CredentialSerializer,
    NewCredentialSerializer,
    ProjectChange,
    ProjectQuery,
    ProjectSerializer,
    RobotBody,
    TeamQuery,
    TeamSerializer,
)
from portal.edges.closing import save_project

ROBOT = example("A robot for 30 days", {"name": "training-jobs", "days": 30}, request=True)


class Projects(Endpoint):
    """The projects one may see."""

    @operation("projects_list", "List projects", answer=pages_of(ProjectSerializer), query=ProjectQuery)
    def get(self, request: Call) -> Response:
        """List projects, those you may ask for first."""
        viewer, asked = viewer_of(request), query(request, ProjectQuery)
        own = When(team__in=viewer.led_team_ids, state=ProjectState.OPEN, then=Value(0))
        rank = Case(own, default=Value(1), output_field=IntegerField())
        rows = projects_visible_to(viewer).annotate(rank=rank).order_by("rank", "key")
        narrowed = {"team__key": asked.get("team"), "state": asked.get("state")}
        rows = rows.filter(**{name: value for name, value in narrowed.items() if value})
        rows = rows.filter(Q(name__icontains=asked["q"]) | Q(key__icontains=asked["q"]))
        return listing(
            request,
            rows,
            lambda page: [_project(row, viewer) for row in page],
            cursor=asked["cursor"],
            limit=asked["limit"],
        )


class OneProject(Endpoint):
    """One project."""

    @operation("projects_retrieve", "Read a project", answer=ProjectSerializer, problems=(404,))
    def get(self, request: Call, key: str) -> Response:
        """Read one project."""
        viewer = viewer_of(request)
        return Response(_project(found(projects_visible_to(viewer), key=key), viewer))

    @operation(
        "projects_update",
        "Change a project",
        body=ProjectChange,
        answer=ProjectSerializer,
        problems=(403, 404, 422),
    )
    def patch(self, request: Call, key: str) -> Response:
        """Change a project's settings; closing it ends its access. For administrators."""
        viewer = viewer_of(request)
        project = found(projects_visible_to(viewer), key=key)
        require_administrator(viewer)
        changes = ProjectChanges(**body(request, ProjectChange))
        save_project(project=project, changes=changes, by=acting(request), now=moment())
        return Response(_project(found(projects_visible_to(viewer), key=key), viewer))


class Robots(Endpoint):
    """The robots of a project."""

    @operation(
        "robots_list",
        "List robots",
        answer=pages_of(CredentialSerializer),
        query=CredentialQuery,
        problems=(404,),
    )
    def get(self, request: Call, key: str) -> Response:
        """List a project's robots, ended ones included; for its leads, auditors and administrators."""
        viewer, asked = viewer_of(request), query(request, CredentialQuery)
        project = found(projects_visible_to(viewer), key=key)
        rows = credentials_visible_to(viewer).filter(project=project).order_by("-pk")
        if asked["live"]:
            rows = rows.filter(revoked_at=None, expires_at__gt=moment())
        return listing(request, rows, credentials, cursor=asked["cursor"], limit=asked["limit"])

    @operation(
        "robots_create",
        "Make a robot",
        body=RobotBody,
        answer=NewCredentialSerializer,
        status=201,
        problems=(403, 404, 422),
        examples=[ROBOT],
    )
    def post(self, request: Call, key: str) -> Response:
        """Make a robot that may use what the project's live access allows. Its secret is shown this once."""
        project = found(projects_visible_to(viewer_of(request)), key=key)
        if refused := robot_refusal(project, viewer_of(request)):
            raise refused
        robot, secret = tokens.create_robot(
            project=project, by=acting(request), now=moment(), **body(request, RobotBody)
        )
        return Response(new_credential(robot, secret), status=201)


class OneRobot(Endpoint):
    """One robot."""

    @operation("robots_delete", "End a robot", answer=None, status=204, problems=(403, 404))
    def delete(self, request: Call, key: str, pk: int) -> Response:
        """Refuse a robot's secret from now on."""
        viewer = viewer_of(request)
        project = found(projects_visible_to(viewer), key=key)
        if refused := keeping_refusal(project, viewer):
            raise refused
        robot = found(credentials_visible_to(viewer).filter(project=project), pk=pk)
        tokens.revoke_credential(credential=robot, by=acting(request), now=moment())
        return Response(status=204)


class Teams(Endpoint):
    """The teams one may see."""

    @operation("teams_list", "List teams", answer=pages_of(TeamSerializer), query=TeamQuery)
    def get(self, request: Call) -> Response:
        """List the teams you may see, with their leads."""
        asked = query(request, TeamQuery)
        rows = _with_leads(teams_visible_to(viewer_of(request))).order_by("key")
        return listing(request, rows, _teams, cursor=asked["cursor"], limit=asked["limit"])


class OneTeam(Endpoint):
    """One team."""

    @operation("teams_retrieve", "Read a team", answer=TeamSerializer, problems=(404,))
    def get(self, request: Call, key: str) -> Response:
        """Read one team."""
        team = found(_with_leads(teams_visible_to(viewer_of(request))), key=key)
        return Response(_teams([team])[0])


def credentials(rows: Sequence[Any]) -> list[Any]:
    """Credentials as the API shows them, never with a secret."""
    return rendered(CredentialSerializer, rows)


def new_credential(credential: Any, secret: str) -> Any:
    """A credential with its secret, this once."""
    return {**CredentialSerializer(credential).data, "secret": secret}


def _project(project: Project, viewer: Standing) -> Any:
    project.requestable = project.state == ProjectState.OPEN and project.team_id in viewer.led_team_ids  # type: ignore[attr-defined]
    return ProjectSerializer(project).data


def _with_leads(teams: Any) -> Any:
    leading = Membership.objects.filter(role=TeamRole.LEAD, person__active=True).select_related("person")
    return teams.prefetch_related(Prefetch("memberships", queryset=leading.order_by("pk"), to_attr="leading"))


def _teams(teams: Sequence[Team]) -> list[Any]:
    rows = [
        {
            "key": team.key,
            "name": team.name,
            "cost_centre": team.cost_centre,
            "leads": [row.person for row in team.leading],  # type: ignore[attr-defined]
        }
        for team in teams
    ]
    return rendered(TeamSerializer, rows)
