"""Checks the answers of a draft before any is kept: all faults are told at once."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from approvals.requests.errors import DraftFault
from approvals.requests.models import ENVIRONMENTS, ROLES
from approvals.requests.people_list import Line, parse_people, within_limit
from approvals.requests.people_rows import numbered
from approvals.requests.people_texts import explain_list_error
from approvals.requests.types import DraftChanges, ImageChoice
from grants.catalogue.models import Image
from grants.catalogue.selectors import ResolvedReference, images_visible_to, resolve_references
from grants.directory.folding import clean
from grants.directory.list_errors import ListError
from grants.directory.models import Project
from grants.directory.selectors import projects_requestable_by
from grants.directory.standing import Standing

USE_CASE_LENGTH, TICKET_LENGTH, GPU_TYPE_LENGTH, TAG_LENGTH = 2000, 200, 40, 128
MOST_DAYS, MOST_HOURS, MOST_IMAGES = 3660, 10_000, 50
CENTURY = range(2000, 2100)
TEXTS = ("use_case", "ticket", "gpu_type")


@dataclass(frozen=True, slots=True)
class ChosenImage:
    """An image that was found, with the tag to look at or the digest that was named instead of one."""

    image: Image
    tag: str
    digest: str = ""


@dataclass(slots=True)
class Answers:
    """Answers that may be kept: plain fields by name, the images and the lines where given."""

    fields: dict[str, Any] = field(default_factory=dict)
    images: list[ChosenImage] | None = None
    lines: list[Line] | None = None


def checked(changes: DraftChanges, viewer: Standing) -> Answers:
    """The answers as they can be kept; raises DraftFault with every fault of every field."""
    given = changes.given()
    faults: dict[str, object] = {}
    bad_images: list[dict[str, Any]] = []
    answers = Answers(images=_images(given.pop("images", None), viewer, faults, bad_images))
    answers.lines = _lines(given.pop("people_text", None), given.pop("people_lines", None), faults)
    answers.fields = _fields(given, viewer, faults)
    if faults or bad_images:
        raise DraftFault(faults, bad_images)
    return answers


def _fields(given: dict[str, Any], viewer: Standing, faults: dict[str, object]) -> dict[str, Any]:
    """The plain fields, cleaned; the end and the number of days replace each other."""
    values = {name: clean(value).strip() if name in TEXTS else value for name, value in given.items()}
    for name, value in values.items():
        sentence = FIELD_CHECKS[name](value, viewer)
        if sentence:
            faults[name] = sentence
    if values.get("days") and values.get("ends"):
        faults["ends"] = _("Choose a number of days or an end date, not both")
    elif values.get("days"):
        values["ends"] = None
    elif values.get("ends"):
        values["days"] = None
    return values


def _lines(text: str | None, entries: Sequence[str] | None, faults: dict[str, object]) -> list[Line] | None:
    try:
        if entries is not None:
            return within_limit(numbered(entries))
        return parse_people(text) if text is not None else None
    except ListError as error:
        faults["people_text"] = explain_list_error(error)
        return None


def _images(
    choices: Sequence[str | ImageChoice] | None,
    viewer: Standing,
    faults: dict[str, object],
    bad: list[dict[str, Any]],
) -> list[ChosenImage] | None:
    """Each image once, in the order named; every line that names none is told."""
    if choices is None:
        return None
    if len(choices) > MOST_IMAGES:
        faults["images"] = _("You can ask for up to %(most)d images at once") % {"most": MOST_IMAGES}
        return None
    chosen: dict[int, ChosenImage] = {}
    for number, (written, found) in enumerate(_resolved(choices, viewer), start=1):
        repeated = found.image is not None and found.image.pk in chosen
        code = found.problem or ("named_twice" if repeated else "")
        if code or found.image is None:
            bad.append(
                {"line": number, "written": written, "code": code, "message": _image_fault(code, written)}
            )
        else:
            tag = "" if found.digest and "@" in written else found.tag
            chosen[found.image.pk] = ChosenImage(found.image, tag, "" if tag else found.digest)
    return list(chosen.values())


def _resolved(choices: Sequence[str | ImageChoice], viewer: Standing) -> list[tuple[str, ResolvedReference]]:
    """Every choice as it was written and what it was found to mean, among what the viewer may see."""
    images = images_visible_to(viewer)
    ids = {choice.image_id for choice in choices if isinstance(choice, ImageChoice)}
    by_id = {image.pk: image for image in images.filter(pk__in=ids)}
    written = [_written(choice, by_id) for choice in choices]
    return list(zip(written, resolve_references(written, images=images), strict=True))


def _written(choice: str | ImageChoice, by_id: Mapping[int, Image]) -> str:
    if isinstance(choice, str):
        return clean(choice).strip()
    image = by_id.get(choice.image_id)
    name = image.reference if image else f"#{choice.image_id}"
    return f"{name}:{choice.tag}" if choice.tag else name


def _image_fault(code: str, written: str) -> str:
    words = {
        "unreadable": _("%(image)s is not an image reference. Write host/repository:tag"),
        "unknown_host": _("%(image)s is in a registry that is not in the catalogue"),
        "unknown_image": _("%(image)s is not in the catalogue"),
        "unknown_tag": _("%(image)s has no such tag. Choose one from the catalogue"),
        "unknown_digest": _("%(image)s has no such digest. Choose a tag from the catalogue"),
        "named_twice": _("%(image)s is listed twice. Keep one tag of each image"),
    }
    return words[code] % {"image": written[:300]}


def _check_project(project: Project | None, viewer: Standing) -> str | None:
    if project is None or projects_requestable_by(viewer).filter(pk=project.pk).exists():
        return None
    if project.team_id in viewer.led_team_ids:
        return _("This project is closed. Choose another one")
    return _("Choose a project of a team that you lead")


def _check_role(role: str, viewer: Standing) -> str | None:
    return None if role in dict(ROLES) else _("Select what the team will do with the images")


def _check_environment(name: str, viewer: Standing) -> str | None:
    return None if name in dict(ENVIRONMENTS) else _("Select research or production")


def _check_days(days: int | None, viewer: Standing) -> str | None:
    return None if days is None or 1 <= days <= MOST_DAYS else _("Enter a whole number of days, 1 or more")


def _check_hours(hours: int | None, viewer: Standing) -> str | None:
    return None if hours is None or 0 <= hours <= MOST_HOURS else _("Enter whole hours, 0 or more")


def _check_time(at: datetime | None, viewer: Standing) -> str | None:
    if at is None:
        return None
    if at.tzinfo is None:
        return _("Enter a date and time with its time zone")
    # PostgreSQL keeps times that Python cannot read again, and days are added to what is kept.
    return None if at.year in CENTURY else _("Enter a date of this century")


def _shorter_than(most: int) -> Callable[[str, Standing], str | None]:
    def check(text: str, viewer: Standing) -> str | None:
        if len(text) <= most:
            return None
        words = _("This must be %(most)s characters or fewer. You have entered %(count)s")
        return words % {"most": f"{most:,}", "count": f"{len(text):,}"}

    return check


FIELD_CHECKS: Mapping[str, Callable[[Any, Standing], str | None]] = {
    "project": _check_project,
    "role": _check_role,
    "environment": _check_environment,
    "use_case": _shorter_than(USE_CASE_LENGTH),
    "ticket": _shorter_than(TICKET_LENGTH),
    "gpu_type": _shorter_than(GPU_TYPE_LENGTH),
    "starts": _check_time,
    "ends": _check_time,
    "days": _check_days,
    "gpu_hours_per_week": _check_hours,
}
