"""Finding people, teams and projects by words, among those the viewer may see."""

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from grants.directory.folding import fold
from grants.directory.models import EmailAddress, Membership, Person, Project, Team
from grants.directory.selectors import people_visible_to, projects_visible_to, teams_visible_to
from grants.directory.standing import Standing
from grants.lifecycle.models import Grant
from grants.lifecycle.states import LIVE


def find_people(viewer: Standing, text: str) -> QuerySet[Person]:
    """People with all words in name, user name, employee number or address, by name."""
    people = people_visible_to(viewer)
    for word in text.split():
        mailed = EmailAddress.objects.filter(address__icontains=word).values("person")
        named = Q(folded_name__contains=fold(word)) | Q(user_name__icontains=word)
        people = people.filter(named | Q(employee_number__iexact=word) | Q(pk__in=mailed))
    return people


def find_projects(viewer: Standing, text: str) -> QuerySet[Project]:
    """Projects with all words in name, key, team or Jira issue, by name, with `live_grants` counted."""
    projects = projects_visible_to(viewer)
    for word in text.split():
        named = Q(name__icontains=word) | Q(key__icontains=word)
        projects = projects.filter(named | Q(team__name__icontains=word) | Q(jira_issue__iexact=word))
    live = Grant.objects.filter(project=OuterRef("pk"), status__in=LIVE).order_by().values("project")
    return projects.annotate(live_grants=_counted(live))


def find_teams(viewer: Standing, text: str) -> QuerySet[Team]:
    """Teams with all words in name or key, by name, with `people` and `project_count` counted."""
    teams = teams_visible_to(viewer)
    for word in text.split():
        teams = teams.filter(Q(name__icontains=word) | Q(key__icontains=word))
    people = Membership.objects.filter(team=OuterRef("pk"), person__active=True).order_by().values("team")
    projects = Project.objects.filter(team=OuterRef("pk")).order_by().values("team")
    return teams.annotate(people=_counted(people), project_count=_counted(projects))


def _counted(rows: "QuerySet[object]") -> Coalesce:  # type: ignore[type-var]
    return Coalesce(Subquery(rows.annotate(n=Count("pk")).values("n")), 0)
