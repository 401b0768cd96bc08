"""Who is who, for the attribution of GPU use: the directory's projects and people, and the grants, as text."""

from collections import defaultdict
from decimal import Decimal

from audit.costs.attribution import Book, GrantFacts, fold
from audit.costs.organisation import use_organisation
from audit.costs.planning import Organisation
from audit.costs.providers import use_book
from grants.directory.models import EmailAddress, Person, Project, Team
from grants.directory.roles import ProjectState
from grants.lifecycle.models import Grant, GrantImage, GrantMember


def register() -> None:
    """Lend the room of costs this book, and what it should know of teams."""
    use_book(book)
    use_organisation(organisation)


def book() -> Book:
    """Who is who now, projects that are over included: eight queries, whatever there is."""
    return Book(
        projects=dict(Project.objects.values_list("key", "team__key")),
        namespaces=_namespaces(),
        grants=_grants(),
        people=_people(),
        teams=frozenset(Team.objects.values_list("key", flat=True)),
    )


def organisation() -> Organisation:
    """The cost centre of each team, and the GPUs its open projects may have: two queries."""
    quotas: dict[str, Decimal] = defaultdict(Decimal)
    for team, gpus in Project.objects.filter(state=ProjectState.OPEN).values_list("team__key", "gpu_quota"):
        quotas[team] += gpus
    return Organisation(dict(Team.objects.values_list("key", "cost_centre")), dict(quotas))


def _namespaces() -> dict[tuple[str, str], str]:
    """Each namespace's project; where one was used again, the open project's, else the newest."""
    rows = (
        Project.objects.exclude(namespace="")
        .order_by("-state", "pk")
        .values_list("namespace", "key", "state")
    )
    found = {("", namespace): key for namespace, key, state in rows if state != "open"}
    return found | {("", namespace): key for namespace, key, state in rows if state == "open"}


def _people() -> dict[str, str]:
    names = {
        fold(user_name): f"person:{pk}" for pk, user_name in Person.objects.values_list("pk", "user_name")
    }
    addresses = EmailAddress.objects.filter(verified=True).values_list("person_id", "address")
    return (
        names
        | {fold(address): f"person:{pk}" for pk, address in addresses}
        | {label: label for label in names.values()}
    )


def _grants() -> dict[str, GrantFacts]:
    members, repositories, digests = defaultdict(set), defaultdict(set), defaultdict(set)
    for grant, person in GrantMember.objects.values_list("grant_id", "person_id"):
        members[grant].add(f"person:{person}")
    images = GrantImage.objects.values_list(
        "grant_id", "image__registry__host", "image__repository", "digest"
    )
    for grant, host, repository, digest in images:
        repositories[grant].add(f"{host}/{repository}")
        digests[grant].update({digest} - {""})
    rows = Grant.objects.values_list("pk", "project__key", "origin", "starts", "ends", "revoking_since")
    return {
        f"grant:{pk}": GrantFacts(
            project,
            request=origin if origin.startswith("request:") else "",
            repositories=frozenset(repositories[pk]),
            digests=frozenset(digests[pk]),
            members=frozenset(members[pk]),
            starts=starts,
            ends=ended or ends,
        )
        for pk, project, origin, starts, ends, ended in rows
    }
