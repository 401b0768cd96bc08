"""Writing a request: start a draft, change its answers, copy another one."""

from collections.abc import Sequence
from datetime import datetime

from django.utils.translation import gettext as _

from approvals.requests import steps
from approvals.requests.answers import Answers, ChosenImage, checked
from approvals.requests.differences import difference, snapshot
from approvals.requests.errors import Conflict, NotAllowed
from approvals.requests.models import Request, RequestImage, RequestMember
from approvals.requests.people_rows import set_aside, write_list, write_rows
from approvals.requests.states import RequestStatus
from approvals.requests.types import DraftChanges
from approvals.requests.visibility import requests_visible_to
from audit.ledger.actors import Actor
from audit.ledger.services import audited
from grants.directory.models import Person, Project
from grants.directory.selectors import projects_requestable_by
from grants.directory.standing import Standing

COPIED = ("role", "environment", "use_case", "ticket", "days", "gpu_type", "gpu_hours_per_week")


def start_draft(*, requester: Person, project: Project | None, by: Actor, now: datetime) -> Request:
    """Open an empty draft. The requester acts themselves and leads a team; the project is one of that team's.

    Records `approvals.request.drafted`. Raises NotAllowed `not_a_lead`, Conflict `project_closed`.
    """
    with audited(by=by):
        viewer = _own_standing(requester, by)
        _require_lead(viewer, project)
        request = _create(viewer, project, by=by, now=now)
        steps.note("approvals.request.drafted", request)
        steps.tell(request, "drafted", now=now, person_id=requester.pk)
    return request


def update_draft(
    *, request: Request, changes: DraftChanges, revision: int | None, by: Actor, now: datetime
) -> Request:
    """Keep these answers of a draft; the revision goes up by one. All or nothing.

    Records `approvals.request.edited` with what changed. Raises NotAllowed `not_an_editor`, Conflict
    `wrong_status`, StaleRequest (which carries `changes`), DraftFault with every fault.
    """
    with audited(by=by):
        row = steps.lock(request)
        viewer = steps.editor(row, by)
        require_draft(row)
        steps.check_revision(row, revision, changes)
        before = snapshot(row)
        write(row, checked(changes, viewer))
        keep(row, before, by=by, now=now, viewer=viewer)
    return row


def clone(*, request: Request, by: Actor, now: datetime) -> Request:
    """Start a draft like this request, for the acting person: same answers, images and people, looked up anew.

    Records `approvals.request.drafted`. Raises NotAllowed `not_an_editor` where the request may not be seen
    or `not_a_lead` where its project may not be asked for, Conflict `project_closed`.
    """
    with audited(by=by):
        viewer = steps.standing_of_actor(by)
        source = _visible(request, viewer)
        _require_lead(viewer, source.project)
        copy = _create(viewer, source.project, by=by, now=now)
        steps.save(copy, by=by, now=now, **{name: getattr(source, name) for name in COPIED})
        _write_images(copy, [ChosenImage(row.image, row.tag, _named(row)) for row in source.images.all()])
        write_rows(copy, _copies(source))
        steps.note("approvals.request.drafted", copy, {"like": source.label})
        steps.tell(copy, "drafted", now=now, person_id=viewer.person.pk)
    return copy


def copy_members(
    *, request: Request, source: Request, revision: int | None = None, by: Actor, now: datetime
) -> Request:
    """Replace a draft's people by those of an earlier request that the editor may see, looked up anew.

    Records `approvals.request.edited`. Raises as `update_draft`.
    """
    with audited(by=by):
        row = steps.lock(request)
        viewer = steps.editor(row, by)
        require_draft(row)
        steps.check_revision(row, revision)
        before = snapshot(row)
        write_rows(row, _copies(_visible(source, viewer)))
        keep(row, before, by=by, now=now, viewer=viewer)
    return row


def require_draft(request: Request) -> None:
    """Raise Conflict `wrong_status` unless the request is a draft."""
    if request.status != RequestStatus.DRAFT:
        words = _("This request has been sent, so its draft can no longer be changed.")
        raise Conflict("wrong_status", words, {"status": request.status})


def write(request: Request, answers: Answers) -> None:
    """Put checked answers into a locked request."""
    fields = dict(answers.fields)
    if request.status == RequestStatus.PENDING and fields.get("ends", request.ends) is None:
        # A sent request always has an end; sending it again works the new one out from its days.
        del fields["ends"]
    for name, value in fields.items():
        setattr(request, name, value)
    if fields:
        request.save(update_fields=list(fields))
    if answers.images is not None:
        _write_images(request, answers.images)
    if answers.lines is not None:
        write_list(request, answers.lines)


def keep(request: Request, before: dict[str, object], *, by: Actor, now: datetime, viewer: Standing) -> None:
    """Finish a change of a draft: next revision, its author remembered, recorded with what changed, told."""
    request.authors.add(viewer.person)
    detail = {"changes": difference(before, snapshot(request))}
    revision = request.revision + 1
    steps.take(request, "edit", by=by, now=now, detail=detail, revision=revision)
    steps.tell(request, "updated", now=now, person_id=viewer.person.pk)


def _own_standing(requester: Person, by: Actor) -> Standing:
    viewer = steps.standing_of_actor(by)
    if viewer.person.pk != requester.pk:
        raise NotAllowed("not_an_editor", _("You can only start a request for yourself as the requester."))
    return viewer


def _require_lead(viewer: Standing, project: Project | None) -> None:
    if not viewer.is_lead or (project is not None and project.team_id not in viewer.led_team_ids):
        raise NotAllowed("not_a_lead", _("Only the leads of the project's team can ask for it."))
    if project is not None and not projects_requestable_by(viewer).filter(pk=project.pk).exists():
        words = _(
            "The project is closed, so no access can be asked for. Open it again, or choose another one."
        )
        raise Conflict("project_closed", words, {"project": project.key})


def _create(viewer: Standing, project: Project | None, *, by: Actor, now: datetime) -> Request:
    times = {"created_at": now, "updated_at": now, "updated_by": by.name or by.label}
    request = Request.objects.create(requester=viewer.person, project=project, **times)
    request.authors.add(viewer.person)
    return request


def _visible(request: Request, viewer: Standing) -> Request:
    found = requests_visible_to(viewer).filter(pk=request.pk).first()
    if found is None:
        raise NotAllowed("not_an_editor", _("You cannot copy a request that you may not see."))
    return found


def _write_images(request: Request, images: Sequence[ChosenImage]) -> None:
    request.images.all().delete()
    rows = [RequestImage(request=request, image=c.image, tag=c.tag, digest=c.digest) for c in images]
    RequestImage.objects.bulk_create(rows)


def _named(row: RequestImage) -> str:
    # The digest of a tag was only noted when the request was sent; one that was named stays.
    return "" if row.tag else row.digest


def _copies(source: Request) -> list[RequestMember]:
    rows = source.members.all()
    return [
        RequestMember(
            position=r.position, raw=r.raw, person_id=r.person_id, state=r.state, left_out=set_aside(r)
        )
        for r in rows
    ]
