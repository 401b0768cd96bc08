"""What the first page shows: tasks with the verb first, requests with a reason, access with its end."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from approvals.requests.models import Request
from approvals.requests.selectors import inbox_of, requests_visible_to, waiting_reasons
from grants.directory.models import Person
from grants.directory.selectors import leads_of_teams
from grants.directory.standing import Standing
from grants.lifecycle.models import Grant
from grants.lifecycle.selectors import grants_visible_to, live_grants_for, open_holds, with_bundle
from grants.lifecycle.states import LIVE
from portal.pages.pull_panel import place_of, usable_images
from portal.pages.pulling import pull_command
from portal.pages.requests.presenters import status_code
from portal.pages.words import ENDS_SOON

MOST = 10
"""Rows of a section; the list behind it has them all."""

RECENT = timedelta(days=14)
"""How long a decided request is news."""

DECIDED = ("approved", "partly_approved", "denied", "lapsed")


@dataclass(frozen=True)
class Task:
    """One thing to do: a link whose text begins with the verb."""

    key: str
    text: str
    url: str
    icon: str
    at: datetime | None = None


@dataclass(frozen=True)
class Progress:
    """A request of the viewer's that is not closed, its state as people read it, and why."""

    request: Request
    status: str
    reason: str


@dataclass(frozen=True)
class Access:
    """A live grant of the viewer's, with a pull command for each image."""

    grant: Grant
    pulls: list[tuple[str, str]]


@dataclass(frozen=True)
class TeamAccess:
    """A live grant of a project the viewer leads: how many people, which images by the names people use."""

    grant: Grant
    people: int
    images: list[str]


@dataclass(frozen=True)
class Work:
    """Everything the first page shows."""

    tasks: list[Task]
    waiting: list[Progress]
    access: list[Access]
    team: list[TeamAccess]
    decided: list[Request]
    leads: Sequence[Person]
    may_request: bool

    @property
    def first_use(self) -> bool:
        """Whether there is nothing at all yet."""
        return not (self.tasks or self.waiting or self.access or self.team or self.decided)


def work_of(viewer: Standing, *, client: str, now: datetime) -> Work:
    """Read all sections, in a number of queries that does not grow with their rows."""
    tasks = [*_brakes(viewer), *_questions(viewer), *_approvals(viewer), *_endings(viewer, now)]
    waiting = _waiting(viewer, now)
    live = with_bundle(live_grants_for(viewer.person))[:MOST]
    access = [_access(grant, viewer.person, client) for grant in live]
    team, decided = _team(viewer), _decided(viewer, now)
    nothing = not (tasks or waiting or access or decided or viewer.is_lead)
    leads = leads_of_teams(viewer.team_ids) if nothing else []
    return Work(tasks, waiting, access, team, decided, list(leads), viewer.is_lead)


def _own(viewer: Standing) -> Q:
    """Requests of the viewer's, and those for the teams they lead."""
    return Q(requester=viewer.person) | Q(project__team_id__in=viewer.led_team_ids)


def _questions(viewer: Standing) -> list[Task]:
    asked = (
        requests_visible_to(viewer).filter(_own(viewer), status="pending", lanes__status="asked").distinct()
    )
    return [
        Task(
            f"question-{request.pk}",
            _("Answer a question on %(number)s") % {"number": request.number},
            _address("request-detail", request.pk),
            icon="message-question",
        )
        for request in asked.order_by("submitted_at", "pk")[:MOST]
    ]


def _approvals(viewer: Standing) -> list[Task]:
    if not viewer.is_approver:
        return []
    rows = inbox_of(viewer)
    count = rows.order_by().count()
    if not count:
        return []
    oldest = rows.order_by("submitted_at", "pk").values_list("submitted_at", flat=True)[0]
    words = ngettext("Decide on %(count)d request", "Decide on %(count)d requests", count)
    return [Task("inbox", words % {"count": count}, _address("inbox"), icon="clipboard-check", at=oldest)]


def _brakes(viewer: Standing) -> list[Task]:
    if not viewer.is_administrator:
        return []
    return [
        Task(
            f"brake-{hold.pk}",
            ngettext(
                "Decide on %(count)d grant that the brake holds back",
                "Decide on %(count)d grants that the brake holds back",
                hold.grants_counted,
            )
            % {"count": hold.grants_counted},
            _address("brake-detail", hold.pk),
            icon="hand-stop",
        )
        for hold in open_holds()[:MOST]
    ]


def _endings(viewer: Standing, now: datetime) -> list[Task]:
    if viewer.is_lead:
        mine = Q(project__team_id__in=viewer.led_team_ids)
    else:
        mine = Q(members__person=viewer.person, members__removed_at=None)
    soon: QuerySet[Grant] = grants_visible_to(viewer).filter(
        mine, status="active", ends__gt=now, ends__lte=now + ENDS_SOON
    )
    return [
        Task(
            f"ending-{grant.pk}",
            _("Renew or return access for %(project)s") % {"project": grant.project.name},
            _address("grant-detail", grant.pk),
            icon="clock-exclamation",
            at=grant.ends,
        )
        for grant in soon.select_related("project").order_by("ends", "pk").distinct()[:MOST]
    ]


def _waiting(viewer: Standing, now: datetime) -> list[Progress]:
    mine = requests_visible_to(viewer).filter(requester=viewer.person, status__in=["draft", "pending"])
    rows = list(mine.prefetch_related("lanes").order_by("-updated_at", "-pk")[:MOST])
    reasons = waiting_reasons(rows, now)
    draft = _("A draft: not sent yet")
    return [Progress(row, status_code(row), reasons.get(row.pk) or draft) for row in rows]


def _team(viewer: Standing) -> list[TeamAccess]:
    """The live access of the projects the viewer leads, soonest end first."""
    if not viewer.is_lead:
        return []
    led = grants_visible_to(viewer).filter(project__team_id__in=viewer.led_team_ids, status__in=LIVE)
    return [_team_access(grant) for grant in with_bundle(led).order_by("ends", "pk")[:MOST]]


def _team_access(grant: Grant) -> TeamAccess:
    images = [row.image for row in grant.images.all() if row.removed_at is None]
    return TeamAccess(
        grant=grant,
        people=sum(row.removed_at is None for row in grant.members.all()),
        images=[image.title or image.repository for image in images],
    )


def _decided(viewer: Standing, now: datetime) -> list[Request]:
    rows = requests_visible_to(viewer).filter(_own(viewer), status__in=DECIDED, decided_at__gt=now - RECENT)
    return list(rows.select_related("project").order_by("-decided_at", "-pk")[:MOST])


def _access(grant: Grant, person: Person, client: str) -> Access:
    places = [place_of(row.image, person, tag=row.tag, digest=row.digest) for row in usable_images(grant)]
    return Access(grant, [(place.repository, pull_command(client, place)) for place in places])


def _address(name: str, *args: int) -> str:
    return reverse(name, args=args)
