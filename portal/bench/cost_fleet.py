"""A large organisation for the measurement of costs: 200 teams, 600 projects, and as many GPUs as rows are wanted."""

import hashlib
from collections.abc import Iterator

from django.utils import timezone

from grants.directory.models import Membership, Person, Project, Team
from grants.directory.roles import Source, TeamRole
from portal.sandbox.usage.fleet import Cluster, Fleet, Node, Tenant

TEAMS, PROJECTS_OF_A_TEAM, PEOPLE_OF_A_TEAM, IMAGES = 200, 3, 8, 60
TYPES = ("l40s", "a100", "h100", "a10")
ROWS_OF_A_SLOT = 130
"""A slot is held most of the time, and sometimes by two jobs within one hour."""
HOST = "registry.example.com"


def bench_fleet(rows_a_week: int, *, first_cluster: int = 0) -> Fleet:
    """A fleet of four clusters that is used about so many rows a week, by the same teams as every other."""
    images = tuple(_image(number) for number in range(IMAGES))
    tenants = tuple(
        Tenant(
            team_key(team), _project(team, part), _project(team, part),
            tuple(_person(team, person) for person in range(PEOPLE_OF_A_TEAM)),
            tuple(images[(team * 7 + part * 3 + step) % IMAGES] for step in range(3)),
            weight=1 + (team * 5 + part) % 9, labelled=team % 5 != 0,
        )
        for team in range(TEAMS)
        for part in range(PROJECTS_OF_A_TEAM)
    )  # fmt: skip
    nodes = max(8, rows_a_week // ROWS_OF_A_SLOT // 8)
    clusters = tuple(
        Cluster(f"cluster-{first_cluster + number}", tuple(_nodes(first_cluster + number, nodes // 4)))
        for number in range(4)
    )
    return Fleet(4 + first_cluster, tenants, clusters)


def make_directory() -> list[Team]:
    """The fleet's teams, projects and people, with the first person of each team as its lead."""
    teams = Team.objects.bulk_create(
        Team(key=team_key(n), name=f"Team {n:03}", cost_centre=f"CC-{n % 20:02}") for n in range(TEAMS)
    )
    Project.objects.bulk_create(
        Project(key=_project(n, part), name=f"Project {n:03}.{part}", team=team, namespace=_project(n, part))
        for n, team in enumerate(teams)
        for part in range(PROJECTS_OF_A_TEAM)
    )
    people = Person.objects.bulk_create(_people())
    Membership.objects.bulk_create(
        Membership(team=teams[n // PEOPLE_OF_A_TEAM], person=person, source=Source.CSV,
                   role=TeamRole.MEMBER if n % PEOPLE_OF_A_TEAM else TeamRole.LEAD)
        for n, person in enumerate(people)
    )  # fmt: skip
    return teams


def _people() -> Iterator[Person]:
    now = timezone.now()
    for team in range(TEAMS):
        for number in range(PEOPLE_OF_A_TEAM):
            name = _person(team, number)
            yield Person(user_name=name, name=name.replace(".", " ").title(), created_at=now)


def _nodes(cluster: int, count: int) -> Iterator[Node]:
    for number in range(count):
        gpu_type = TYPES[number % len(TYPES)]
        bought = ("on_demand", "on_demand", "spot")[number % 3]
        # Every sixth machine has two GPUs that are shared by four each, so that fractions are among the rows.
        shared = number % 6 == 0
        yield Node(f"n{cluster}-{number:04}", gpu_type, 2 if shared else 8, bought, parts=4 if shared else 1)


def _image(number: int) -> tuple[str, str]:
    name = f"ai/model-{number:02}"
    return f"{HOST}/{name}:stable", "sha256:" + hashlib.sha256(name.encode()).hexdigest()


def team_key(number: int) -> str:
    """The key of one of the teams."""
    return f"team-{number:03}"


def _project(team: int, part: int) -> str:
    return f"project-{team:03}-{part}"


def _person(team: int, number: int) -> str:
    return f"person.{team:03}.{number}"
