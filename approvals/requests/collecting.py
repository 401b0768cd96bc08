"""Collects what policy must know of a request, in a number of queries that does not grow with its people."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count

from approvals.policy.facts import Duplicate, Facts, Image, Lane, Member, Settings
from approvals.policy.types import Who
from approvals.requests.models import Request, RequestImage, RequestMember
from approvals.requests.people_match import State
from approvals.requests.states import RequestStatus
from approvals.routing.services import holders, lanes_for, unstaffed
from grants.catalogue.selectors import ImageFacts, image_facts
from grants.directory.models import Membership, Person
from grants.directory.roles import TeamRole
from grants.lifecycle.selectors import overlapping

DUPLICATES_SHOWN = 20
KNOWN = (State.FOUND, State.ALREADY_HAS_ACCESS)


def facts_of(request: Request, *, now: datetime, kept_lanes: Collection[str] = ()) -> Facts:
    """What policy judges when a request is previewed or sent. `kept_lanes` are asked whatever the images.

    A lane that has no person of its own, when each lane needs another, is given as empty: nobody can decide.
    """
    rows, images = _members(request), _images(request)
    starts = request.starts or now
    people = [row.person_id for row in rows if row.person_id is not None]
    names = {*lanes_for(image.restricted for image in images), *kept_lanes}
    out = barred(request, people)
    return Facts(
        now=now,
        requester=who(request.requester),
        members=tuple(_member(row) for row in rows),
        images=tuple(images),
        starts=starts,
        ends=starts + timedelta(days=request.days) if request.days else request.ends,
        role=request.role,
        environment=request.environment,
        settings=policy_settings(),
        duplicates=_duplicates(request, people, [image.image_id for image in images]),
        lanes=_lanes(sorted(names), barred=out),
        barred=tuple(sorted(out - {*people, request.requester_id})),
    )


def current_facts(request: Request, frozen: Facts, *, now: datetime) -> Facts:
    """What `recheck` compares with the frozen facts: the people and images of the request as they are now."""
    return Facts(
        now=now,
        requester=frozen.requester,
        members=tuple(_member(row) for row in _members(request)),
        images=tuple(_images_as_sent(request)),
        starts=frozen.starts,
        ends=frozen.ends,
        role=frozen.role,
        environment=frozen.environment,
        settings=policy_settings(),
    )


def policy_settings() -> Settings:
    """The figures the organisation sets, as policy takes them."""
    names = ("default_days", "max_days", "scan_max_age_days", "block_critical", "max_people")
    given: dict[str, Any] = {name: settings.POLICY[name] for name in names if name in settings.POLICY}
    return Settings(**given)


def barred(request: Request, people: Iterable[int]) -> frozenset[int]:
    """Who may not decide: who wrote the request, who leads the project's team, who would get the access.

    Leads hold what the project is given: they make its robots.
    """
    wrote = Request.authors.through.objects.filter(request_id=request.pk).values_list("person_id", flat=True)
    leads = Membership.objects.filter(team__projects__requests=request.pk, role=TeamRole.LEAD)
    return frozenset(wrote.union(leads.values_list("person_id", flat=True))) | {request.requester_id, *people}


def who(person: Person) -> Who:
    """The person as policy names them."""
    return Who(person.pk, person.name)


def _members(request: Request) -> list[RequestMember]:
    return list(request.members.filter(left_out=False).select_related("person"))


def _member(row: RequestMember) -> Member:
    """A line as it is now: whoever was found and has left since is known, and inactive."""
    person = row.person
    if person is None or row.state not in (*KNOWN, State.INACTIVE):
        return Member(None, row.raw, known=False, active=False)
    return Member(person.pk, person.name, known=True, active=person.active)


def window(request: Request, now: datetime) -> tuple[datetime, datetime | None]:
    """When access would begin and end if it were given at `now`: days count from the beginning."""
    starts = max(now, request.starts or now)
    return starts, starts + timedelta(days=request.days) if request.days else request.ends


def _images(request: Request) -> list[Image]:
    rows = _image_rows(request)
    return [_image(row, fact, fact.digest) for row, fact in zip(rows, _facts_now(rows), strict=True)]


def _images_as_sent(request: Request) -> list[Image]:
    rows = _image_rows(request)
    sent = image_facts([(row.image, row.digest or row.tag) for row in rows])
    found = zip(rows, sent, _facts_now(rows), strict=True)
    return [_image(row, fact, now.digest) for row, fact, now in found]


def _facts_now(rows: Sequence[RequestImage]) -> list[ImageFacts]:
    # A tag is looked up anew each time; only a digest that was named instead of a tag is fixed.
    return image_facts([(row.image, row.tag or row.digest) for row in rows])


def _image_rows(request: Request) -> list[RequestImage]:
    return list(request.images.select_related("image__registry"))


def _image(row: RequestImage, fact: ImageFacts, digest: str | None) -> Image:
    return Image(
        image_id=fact.image_id,
        reference=fact.reference,
        tag=row.tag,
        digest=digest,
        exists=fact.exists,
        blocked=fact.blocked,
        restricted=fact.restricted,
        scan=fact.verdict,
        scanned_at=fact.scanned_at,
        critical=fact.critical,
        high=fact.high,
    )


def _lanes(names: Sequence[str], *, barred: Collection[int]) -> tuple[Lane, ...]:
    pools = holders(names)
    empty = unstaffed(pools, barred)
    return tuple(
        # Policy itself takes out who is barred, and names them.
        Lane(name, tuple(who(p) for p in people if name not in empty or p.pk in barred))
        for name, people in pools.items()
    )


def _duplicates(request: Request, people: Sequence[int], images: Sequence[int]) -> tuple[Duplicate, ...]:
    if not people or not images:
        return ()
    return _open_requests(request, people, images) + _live_grants(people, images)


def _open_requests(request: Request, people: Sequence[int], images: Sequence[int]) -> tuple[Duplicate, ...]:
    rows = RequestMember.objects.filter(
        left_out=False,
        person__in=people,
        request__status=RequestStatus.PENDING,
        request__images__image__in=images,
    )
    counted = rows.exclude(request=request).values("request_id").annotate(n=Count("person", distinct=True))
    found = counted.order_by("request_id").values_list("request_id", "n")[:DUPLICATES_SHOWN]
    return tuple(Duplicate("request", pk, f"REQ-{pk}", count) for pk, count in found)


def _live_grants(people: Sequence[int], images: Sequence[int]) -> tuple[Duplicate, ...]:
    holders: dict[int, set[int]] = defaultdict(set)
    for overlap in overlapping(person_ids=people, image_ids=images):
        holders[overlap.grant_id].add(overlap.person_id)
    shown = sorted(holders.items())[:DUPLICATES_SHOWN]
    return tuple(Duplicate("grant", pk, f"Grant {pk}", len(found)) for pk, found in shown)
