"""The one table of what events say: kind to words and icon. A kind nobody described is shown as it is."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True)
class Said:
    """How a kind of event is said."""

    words: Promise
    icon: str


KINDS: Mapping[str, Said] = {
    "approvals.request.drafted": Said(_("Started a request"), icon="pencil"),
    "approvals.request.edited": Said(_("Changed a draft"), icon="pencil"),
    "approvals.request.submitted": Said(_("Sent a request"), icon="send"),
    "approvals.request.revised": Said(_("Changed a sent request"), icon="pencil"),
    "approvals.request.withdrawn": Said(_("Withdrew a request"), icon="arrow-back-up"),
    "approvals.request.lapsed": Said(_("A request lapsed undecided"), icon="hourglass-empty"),
    "approvals.request.nudged": Said(_("Reminded the approvers"), icon="bell"),
    "approvals.request.approved": Said(_("A request was approved by every lane"), icon="check"),
    "approvals.request.denied": Said(_("A request was rejected"), icon="x"),
    "approvals.lane.approved": Said(_("Approved for a lane"), icon="check"),
    "approvals.lane.denied": Said(_("Rejected for a lane"), icon="x"),
    "approvals.lane.asked": Said(_("Asked a question"), icon="message-question"),
    "approvals.lane.answered": Said(_("Answered a question"), icon="message"),
    "approvals.lane.reopened": Said(_("A lane waits again"), icon="clock"),
    "grants.grant.issued": Said(_("Access was granted"), icon="key"),
    "grants.grant.started": Said(_("Access began"), icon="player-play"),
    "grants.grant.activated": Said(_("Access is ready"), icon="check"),
    "grants.grant.extended": Said(_("Access was extended"), icon="calendar-plus"),
    "grants.grant.expired": Said(_("The time of access was over"), icon="calendar-off"),
    "grants.grant.returned": Said(_("Access was given back"), icon="arrow-back-up"),
    "grants.grant.revoked": Said(_("Access was revoked"), icon="lock"),
    "grants.grant.project-done": Said(_("The project was done, so access ends"), icon="flag"),
    "grants.grant.emptied": Said(_("Nothing was left in the grant, so it ends"), icon="flag"),
    "grants.grant.ended": Said(_("Access has ended and was seen refused"), icon="shield-check"),
    "grants.grant.failed": Said(_("Access was never set up in time"), icon="alert-triangle"),
    "grants.member.removed": Said(_("A person was taken out of access"), icon="user-minus"),
    "grants.image.removed": Said(_("An image was taken out of access"), icon="package-off"),
    "grants.delivery.verified": Said(_("Seen in place at the registry"), icon="check"),
    "grants.delivery.proven": Said(_("Proven gone at the registry"), icon="shield-check"),
    "grants.delivery.failing": Said(_("Setting up or removing keeps failing"), icon="alert-triangle"),
    "grants.delivery.retried": Said(_("Had failing parts tried again"), icon="refresh"),
    "grants.image.blocked": Said(_("Blocked an image"), icon="ban"),
    "grants.image.unblocked": Said(_("Unblocked an image"), icon="check"),
    "grants.image.restricted": Said(_("Restricted an image"), icon="shield-lock"),
    "grants.image.allowed": Said(_("Lifted the restriction of an image"), icon="lock-open"),
    "grants.scan.uploaded": Said(_("Added a scan report"), icon="upload"),
    "grants.registry.added": Said(_("Connected a registry"), icon="plus"),
    "grants.registry.changed": Said(_("A registry's settings changed"), icon="settings"),
    "grants.cluster.added": Said(_("Connected a cluster"), icon="plus"),
    "grants.cluster.changed": Said(_("A cluster's settings changed"), icon="settings"),
    "grants.drift.found": Said(_("Something changed at a target without Purser"), icon="alert-triangle"),
    "grants.drift.closed": Said(_("A difference at a target is gone"), icon="check"),
    "grants.drift.fought-over": Said(
        _("A difference comes back: somebody else writes there too"), icon="alert-triangle"
    ),
    "grants.drift.held": Said(_("Removals at a target were held back: too many at once"), icon="shield-lock"),
    "grants.drift.too-little": Said(
        _("A target showed too little, so nothing was changed there"), icon="alert-triangle"
    ),
    "grants.drift.reverted": Said(_("Had a difference put right"), icon="arrow-back-up"),
    "grants.drift.adopted": Said(_("Took a difference over"), icon="check"),
    "grants.drift.ignored": Said(_("Accepted a difference as it is"), icon="check"),
    "grants.drift.released": Said(_("Let removals that were held back go on"), icon="lock-open"),
    "grants.drift.scan-asked": Said(_("Asked for a target to be compared now"), icon="refresh"),
    "grants.catalogue.read": Said(_("The registry was read; something is new"), icon="refresh"),
    "grants.credential.created": Said(_("Made a pull token"), icon="key"),
    "grants.credential.revoked": Said(_("Revoked a pull token"), icon="lock"),
    "grants.tokens.sealed": Said(_("A run of the token log was sealed"), icon="shield-check"),
    "grants.tokens.pruned": Said(_("Old anonymous rows of the token log were removed"), icon="clock"),
    "grants.cluster.trusted": Said(_("Tokens of a cluster are accepted for pulls"), icon="key"),
    "grants.cluster.distrusted": Said(_("Tokens of a cluster are no longer accepted"), icon="lock"),
    "grants.person.created": Said(_("A person was added"), icon="user-plus"),
    "grants.person.changed": Said(_("A person's details changed"), icon="user"),
    "grants.person.address_set": Said(_("A person's address was set"), icon="mail"),
    "grants.person.disabled": Said(_("Disabled a person"), icon="user-off"),
    "grants.person.enabled": Said(_("Enabled a person again"), icon="user-check"),
    "grants.identity.linked": Said(_("A sign-in was linked to a person"), icon="link"),
    "grants.identity.released": Said(_("A sign-in was released from a person"), icon="unlink"),
    "grants.membership.set": Said(_("A place in a team was set"), icon="users"),
    "grants.membership.removed": Said(_("A place in a team was removed"), icon="user-minus"),
    "grants.role.given": Said(_("A role was given"), icon="id-badge"),
    "grants.role.taken": Said(_("A role was taken"), icon="id-badge-off"),
    "grants.team.created": Said(_("A team was added"), icon="users"),
    "grants.team.changed": Said(_("A team changed"), icon="users"),
    "grants.project.created": Said(_("A project was added"), icon="folder-plus"),
    "grants.project.changed": Said(_("A project's settings changed"), icon="folder"),
    "grants.project.done": Said(_("Jira says the project is done"), icon="flag"),
    "grants.project.access-ended": Said(_("Access ended because the project is done"), icon="flag"),
    "grants.project.reopened": Said(
        _("The project was opened again; access stays ended"), icon="folder-open"
    ),
    "grants.project.jira-missing": Said(_("Jira does not show the project any more"), icon="alert-triangle"),
    "grants.directory.imported": Said(_("Imported a directory file"), icon="file-import"),
    "audit.pulls.sealed": Said(_("A run of the pull log was sealed"), icon="shield-check"),
    "audit.export.made": Said(_("Downloaded events"), icon="download"),
    "audit.key.rotated": Said(_("The key of the log was changed"), icon="key"),
    "audit.checkpoint.refused": Said(
        _("The log no longer agrees with its checkpoint"), icon="alert-triangle"
    ),
    "portal.grants.exported": Said(_("Downloaded a list of grants"), icon="download"),
    "portal.token.created": Said(_("Made an API token"), icon="key"),
    "portal.token.revoked": Said(_("Revoked an API token"), icon="lock"),
    "portal.device.allowed": Said(_("Let a program sign in"), icon="device-desktop"),
    "portal.device.denied": Said(_("Refused a program that asked to sign in"), icon="lock"),
    "portal.session.started": Said(_("Signed in"), icon="login"),
    "portal.session.ended": Said(_("Signed out"), icon="logout"),
    "portal.session.refused": Said(_("A sign-in was refused"), icon="lock"),
    "portal.password.set": Said(_("Set a password"), icon="password"),
    "portal.account.opened": Said(_("Signed in for the first time"), icon="user-plus"),
}

UNKNOWN = Said(_("An event"), icon="point")

GROUPS: Mapping[str, Promise] = {
    "approvals": _("Requests and decisions"),
    "approvals.request": _("– Requests"),
    "approvals.lane": _("– Decisions"),
    "grants.grant": _("Access"),
    "grants.delivery": _("Setting up and removing"),
    "grants.member": _("People taken out"),
    "grants.image": _("Image marks"),
    "grants.scan": _("Scans"),
    "grants.drift": _("Differences at targets"),
    "grants.registry": _("Registries"),
    "grants.cluster": _("Clusters"),
    "grants.credential": _("Pull tokens"),
    "grants.cluster": _("Clusters"),
    "grants.person": _("People"),
    "grants.role": _("Roles"),
    "grants.membership": _("Places in teams"),
    "grants.project": _("Projects"),
    "grants.directory": _("Directory imports"),
    "portal.token": _("API tokens"),
    "portal.session": _("Sign-ins"),
    "audit": _("The log itself"),
}
"""Prefixes that the explorer offers, in this order."""

FACTS: Mapping[str, Promise] = {
    "actions": _("What it allows"),
    "count": _("How many"),
    "critical": _("Critical findings"),
    "days": _("Days"),
    "digest": _("Digest"),
    "ends": _("Until"),
    "ends_before": _("Until, before"),
    "environment": _("Environment"),
    "expires": _("Works until"),
    "expires_at": _("Works until"),
    "file": _("File"),
    "filters": _("Filters"),
    "format": _("Format"),
    "from": _("From"),
    "images": _("Images"),
    "lane": _("Lane"),
    "lanes": _("Lanes"),
    "left_out": _("Left out"),
    "lines": _("Lines"),
    "login": _("User name"),
    "members": _("People"),
    "method": _("Way"),
    "client": _("Program"),
    "address": _("Address"),
    "name": _("Name"),
    "note": _("Note"),
    "origin": _("Comes from"),
    "people": _("People"),
    "prefix": _("Begins with"),
    "reason": _("Reason"),
    "removed": _("Removed"),
    "revision": _("Revision"),
    "role": _("Role"),
    "rules": _("Rule set"),
    "scopes": _("What it may do"),
    "starts": _("From"),
    "status": _("State"),
    "text": _("Text"),
    "to": _("To"),
    "verdict": _("Verdict"),
}
"""What the facts of events are called; one nobody named is shown as the log has it."""
