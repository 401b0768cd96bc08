"""The checks about the person: their access to the image, whether it is in force, their tokens."""

from datetime import datetime

from django.urls import reverse
from django.utils.timesince import timesince
from django.utils.translation import gettext as _

from grants.catalogue.models import Image
from grants.directory.selectors import leads_of_teams
from grants.directory.standing import Standing
from grants.lifecycle.models import Grant
from grants.lifecycle.selectors import grants_visible_to, live_grants_for
from grants.lifecycle.states import GrantStatus
from grants.tokens.selectors import credentials_visible_to
from portal.pages.markup import day_text, moment_text
from portal.pages.pullhelp.answers import Answer, bad, good
from portal.pages.words import word


def granted_answer(viewer: Standing, image: Image) -> Answer:
    """Whether the person ever got access to the image."""
    name = _("You have access to it")
    grant = _newest_grant(viewer, image)
    if grant is not None:
        return good(name, _("By the grant for %(project)s") % {"project": grant.project.name})
    if viewer.is_lead:
        text = _("Nobody has asked for you yet. You lead a team, so you can.")
        return bad(name, text, reverse("image-detail", args=[image.pk]), _("Request access"))
    leads = ", ".join(person.name for person in leads_of_teams(viewer.team_ids))
    text = _("Nobody has asked for you yet. Your team leads can: %(leads)s") % {"leads": leads or "–"}
    return bad(name, text, reverse("image-detail", args=[image.pk]), _("Open the image"))


def active_answer(viewer: Standing, image: Image) -> Answer:
    """Whether some access of the person to the image is in force now, by the database's clock."""
    name = _("The access is in force now")
    live = live_grants_for(viewer.person).filter(images__image=image, images__removed_at=None).last()
    if live is not None:
        return good(name, _("Until %(time)s") % {"time": moment_text(live.ends)})
    grant = _newest_grant(viewer, image)
    url = reverse("grant-detail", args=[grant.pk]) if grant else reverse("grants")
    return bad(name, _why_not(grant, viewer, image), url, _("Open the grant"))


def credential_answer(viewer: Standing, now: datetime) -> Answer:
    """Whether the person has a pull token that works, and how old it is."""
    name = _("You have a pull token that works")
    url, action = f"{reverse('account')}#pull-tokens-title", _("Create a pull token")
    newest = credentials_visible_to(viewer).filter(person=viewer.person, project=None).first()
    if newest is None:
        return bad(name, _("You have never made one."), url, action)
    if newest.revoked_at is not None:
        return bad(name, _("Your newest was revoked."), url, action)
    if newest.expires_at <= now:
        since = timesince(newest.expires_at, now, depth=1)
        return bad(name, _("Your newest ended %(time)s ago.") % {"time": since}, url, action)
    return good(
        name,
        _("Made %(time)s ago, works until %(until)s. Sign in with it as %(login)s.")
        % {
            "time": timesince(newest.created_at, now, depth=1),
            "until": moment_text(newest.expires_at),
            "login": newest.login,
        },
    )


def own_secret_answer(viewer: Standing, image: Image) -> Answer:
    """What signs in where Purser's pull token does not: whether it works cannot be looked up."""
    system = image.registry.name
    text = _(
        "%(system)s does not take your pull token. The page of your grant shows what to sign in with."
    ) % {"system": system}
    grant = _newest_grant(viewer, image)
    name = _("You sign in with what %(system)s takes") % {"system": system}
    url = f"{reverse('grant-detail', args=[grant.pk])}#how-to-pull" if grant else ""
    return Answer(name, None, text, url, _("Open the grant") if grant else "")


def _newest_grant(viewer: Standing, image: Image) -> Grant | None:
    held = grants_visible_to(viewer).filter(members__person=viewer.person, images__image=image)
    return held.select_related("project").first()


def _why_not(grant: Grant | None, viewer: Standing, image: Image) -> str:
    if grant is None:
        return _("There is none.")
    if grant.status == GrantStatus.SCHEDULED:
        return _("It begins on %(day)s.") % {"day": day_text(grant.starts)}
    removed = grant.members.filter(person=viewer.person).exclude(removed_at=None).first()
    taken = removed or grant.images.filter(image=image).exclude(removed_at=None).first()
    if taken is not None and grant.live:
        return _("Your part of it ended: %(reason)s.") % {"reason": word("end", taken.removed_reason).label}
    reason = word("end", grant.end_reason).label if grant.end_reason else word("grant", grant.status).label
    return _("It ended on %(day)s: %(reason)s.") % {
        "day": day_text(grant.ended_at or grant.revoking_since or grant.ends),
        "reason": reason,
    }
