"""The checks between a person and an image, in the order in which each depends on the one before."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from grants.catalogue.models import Image, Registry
from grants.catalogue.reference import Reference
from grants.catalogue.selectors import ResolvedReference, images_visible_to, resolve_reference
from grants.directory.standing import Standing
from portal.edges.pull_secrets import OWN_SECRETS
from portal.pages.markup import day_text
from portal.pages.pullhelp import access, notes
from portal.pages.pullhelp.answers import Answer, bad, good, unknown
from portal.pages.pullhelp.probe import Probe, ask
from portal.pages.pullhelp.reading import reference_in, symptom_in


@dataclass(frozen=True)
class Case:
    """What is looked into: who, what they pasted, what it was found to mean."""

    viewer: Standing
    text: str
    reference: Reference | None
    resolved: ResolvedReference | None
    symptom: str
    now: datetime
    probe: Probe | None

    @property
    def image(self) -> Image:
        """The image, once the checks have come so far."""
        assert self.resolved is not None and self.resolved.image is not None  # noqa: S101, PT018
        return self.resolved.image


def diagnose(viewer: Standing, text: str, *, now: datetime, probe: Probe | None = None) -> list[Answer]:
    """Every check's answer, in order. After the first "no", checks that depend on it are not made."""
    hosts = set(Registry.objects.values_list("host", flat=True))
    reference = reference_in(text, hosts=hosts)
    images = images_visible_to(viewer)
    resolved = resolve_reference(str(reference), images=images) if reference else None
    case = Case(viewer, text, reference, resolved, symptom_in(text), now, probe)
    answers = list(_in_order(case, hosts))
    return [*answers, _sign_in(case), notes.network_answer(case.symptom)]


def _sign_in(case: Case) -> Answer:
    if case.resolved is not None and case.resolved.image is not None:
        registry = case.resolved.image.registry
        if registry.kind in OWN_SECRETS:
            return access.own_secret_answer(case.viewer, case.resolved.image)
    return access.credential_answer(case.viewer, case.now)


def _in_order(case: Case, hosts: set[str]) -> Iterator[Answer]:
    blocked = False
    for name, check in CHECKS:
        if blocked:
            yield unknown(name(), _("Not checked: mend the one above first"))
            continue
        answer = check(case, hosts)
        blocked = answer.ok is False
        yield answer


def _readable(case: Case, hosts: set[str]) -> Answer:
    name = _("The reference can be read")
    if case.reference is None:
        hint = _("Paste the whole reference, beginning with the registry's name: host/repository:tag")
        return bad(name, hint, reverse("catalogue"), _("Find it in the catalogue"))
    return good(name, str(case.reference))


def _host(case: Case, hosts: set[str]) -> Answer:
    name = _("The registry is known")
    assert case.reference is not None  # noqa: S101
    if case.reference.host in hosts:
        return good(name, case.reference.host)
    known = ", ".join(sorted(hosts)) or _("none yet")
    text = _("%(host)s is not one of ours. Ours: %(known)s") % {"host": case.reference.host, "known": known}
    return bad(name, text, reverse("catalogue"), _("Find it in the catalogue"))


def _image(case: Case, hosts: set[str]) -> Answer:
    name = _("The image exists")
    if not (case.viewer.team_ids or case.viewer.roles):
        text = _("You belong to no team yet, so the catalogue is closed to you. Ask the platform team.")
        return bad(name, text, reverse("help"), _("Read how it works"))
    if case.resolved is None or case.resolved.image is None:
        assert case.reference is not None  # noqa: S101
        text = _("There is no image %(name)s. Check its spelling.") % {"name": case.reference.repository}
        url = f"{reverse('catalogue')}?q={case.reference.repository.rpartition('/')[2]}"
        return bad(name, text, url, _("Look for it in the catalogue"))
    if case.image.blocked:
        text = _("It is blocked: %(reason)s") % {"reason": case.image.blocked_reason}
        return bad(name, text, _image_url(case), _("Open the image"))
    return good(name, case.image.reference)


def _tag(case: Case, hosts: set[str]) -> Answer:
    name = _("The tag or digest exists")
    assert case.resolved is not None  # noqa: S101
    if case.resolved.problem:
        wanted = case.resolved.digest or case.resolved.tag
        text = _("%(image)s has no %(tag)s.") % {"image": case.image.repository, "tag": wanted}
        return bad(name, text, _image_url(case), _("See which tags there are"))
    return good(name, case.resolved.tag or case.resolved.digest)


def _granted(case: Case, hosts: set[str]) -> Answer:
    return access.granted_answer(case.viewer, case.image)


def _active(case: Case, hosts: set[str]) -> Answer:
    return access.active_answer(case.viewer, case.image)


def _agrees(case: Case, hosts: set[str]) -> Answer:
    name = _("The registry agrees")
    assert case.resolved is not None  # noqa: S101
    agreed = ask(case.image, case.resolved.digest or case.resolved.tag, probe=case.probe)
    if agreed is None:
        return unknown(name, _("The registry could not be asked just now."))
    if agreed:
        return good(name, _("Asked just now: it has it and would give it."))
    text = _(
        "Asked just now: the registry does not have it. It was there when the catalogue was read%(since)s."
    )
    synced = case.image.registry.synced_at
    since = f" ({day_text(synced)})" if synced else ""
    return bad(name, text % {"since": since}, _image_url(case), _("See which tags there are"))


def _image_url(case: Case) -> str:
    return reverse("image-detail", args=[case.image.pk])


CHECKS: tuple[tuple[Callable[[], str], Callable[[Case, set[str]], Answer]], ...] = (
    (lambda: _("The reference can be read"), _readable),
    (lambda: _("The registry is known"), _host),
    (lambda: _("The image exists"), _image),
    (lambda: _("The tag or digest exists"), _tag),
    (lambda: _("You have access to it"), _granted),
    (lambda: _("The access is in force now"), _active),
    (lambda: _("The registry agrees"), _agrees),
)
