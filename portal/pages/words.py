"""The one table of status words: code to label, icon and colour, for pages, the API and mail."""

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Colour = Literal["ok", "warn", "bad", "info", "plain"]
ENDS_SOON = dt.timedelta(days=14)


@dataclass(frozen=True)
class Word:
    """How one status code is shown; `open` states are filled tags, finished ones plain text."""

    code: str
    label: Promise
    icon: str
    colour: Colour
    open: bool = False
    hint: Promise | str = ""


def _table(*words: Word) -> dict[str, Word]:
    return {word.code: word for word in words}


REQUEST = _table(
    Word("draft", _("Draft"), "pencil", "plain", open=True),
    Word("checking", _("Checking"), "loader-2", "info", open=True),
    Word("pending", _("Waiting for approval"), "clock", "info", open=True),
    Word("question", _("Question asked"), "message-question", "warn", open=True),
    Word("approved", _("Approved"), "check", "ok"),
    Word("partly_approved", _("Partly approved"), "circle-half-2", "ok"),
    Word("denied", _("Rejected"), "x", "bad"),
    Word("withdrawn", _("Withdrawn"), "arrow-back-up", "plain"),
    Word("lapsed", _("Lapsed"), "hourglass-empty", "plain"),
)

GRANT = _table(
    Word("scheduled", _("Starts later"), "calendar", "plain", open=True),
    Word("provisioning", _("Setting up"), "loader-2", "info", open=True),
    Word("active", _("Active"), "check", "ok"),
    Word("ends_soon", _("Ends soon"), "clock-exclamation", "warn", open=True),
    Word("revoking", _("Ending"), "loader-2", "info", open=True),
    Word("ended", _("Ended"), "flag", "plain"),
    Word("returned", _("Returned"), "arrow-back-up", "plain"),
    Word("revoked", _("Revoked"), "lock", "plain"),
    Word("failed", _("Setup failed"), "alert-triangle", "bad", open=True),
    Word("out_of_step", _("Out of step"), "arrows-split-2", "bad", open=True),
)

END_REASON = _table(
    Word("expired", _("The time was over"), "calendar-off", "plain"),
    Word("project_done", _("The project is done"), "flag", "plain"),
    Word("returned", _("Returned by the team"), "arrow-back-up", "plain"),
    Word("revoked", _("Revoked"), "lock", "plain"),
    Word("review", _("Removed in an access review"), "clipboard-check", "plain"),
    Word("member_left", _("The member left"), "user-minus", "plain"),
    Word("image_blocked", _("The image was blocked"), "ban", "bad"),
    Word("break_glass_over", _("Emergency access is over"), "bolt", "plain"),
)

DELIVERY = _table(
    Word("wanted", _("Waiting to be applied"), "clock", "info", open=True),
    Word("applied", _("Applied, not yet checked"), "loader-2", "info", open=True),
    Word("verified", _("In place"), "check", "ok"),
    Word("unwanted", _("Waiting to be removed"), "clock", "warn", open=True),
    Word("removed", _("Removed, not yet proven"), "loader-2", "info", open=True),
    Word("proven", _("Proven gone"), "shield-check", "plain"),
)

DRIFT = _table(
    Word("open", _("Waiting"), "clock", "warn", open=True),
    Word("fought", _("Undone again and again"), "alert-triangle", "bad", open=True),
    Word("held", _("Held back"), "hourglass-empty", "bad", open=True),
    Word("repairing", _("Being put right"), "loader-2", "info", open=True),
    Word("adopted", _("Accepted"), "check", "plain"),
    Word("ignored", _("Ignored for now"), "clock", "plain"),
    Word("closed", _("As granted again"), "check", "ok"),
)

DRIFT_KIND = _table(
    Word("vanished", _("Vanished"), "trash", "bad", hint=_("Granted and put there, but gone")),
    Word("changed", _("Differs"), "pencil", "warn", hint=_("There, but not as granted")),
    Word("leftover", _("Left over"), "package-off", "bad", hint=_("Purser's, but no grant gives it")),
    Word("appeared", _("Appeared"), "plus", "info", hint=_("Not Purser's; found beside what is")),
)

DECISION = _table(
    Word("revert", _("Put right"), "refresh", "info"),
    Word("adopt", _("Accept"), "check", "plain"),
    Word("ignore", _("Ignore until"), "clock", "plain"),
)

CHECK = _table(
    Word("passed", _("Passed"), "check", "ok"),
    Word("warning", _("Passed with a warning"), "alert-triangle", "warn", open=True),
    Word("needs_person", _("Needs a person"), "user-exclamation", "warn", open=True),
    Word("blocked", _("Blocked"), "ban", "bad", open=True),
    Word("could_not_check", _("Could not check"), "help", "warn", open=True),
    Word("checking", _("Checking"), "loader-2", "info", open=True),
)

INTEGRATION = _table(
    Word("working", _("Working"), "check", "ok"),
    Word("slow", _("Slow"), "clock-exclamation", "warn", open=True),
    Word("failing", _("Failing"), "alert-triangle", "bad", open=True),
    Word("not_set_up", _("Not set up"), "plug-off", "plain"),
)

ROLE = _table(
    Word("viewer", _("Viewer"), "download", "plain", hint=_("Download and run")),
    Word("developer", _("Developer"), "upload", "plain", hint=_("Also publish new tags")),
    Word("admin", _("Admin"), "settings", "plain", hint=_("Also delete tags")),
)

TRIGGER = _table(
    Word("jira", _("Projects done in Jira"), "flag", "plain"),
    Word("closing", _("Projects closed"), "folder", "plain"),
    Word("image", _("An image was blocked"), "ban", "plain"),
    Word("people", _("People left"), "user-minus", "plain"),
)

HOLD = _table(
    Word("held", _("Held back"), "hand-stop", "warn", open=True),
    Word("released", _("Released"), "player-play", "plain"),
    Word("refused", _("Refused"), "shield-check", "plain"),
)

WORDS: dict[str, dict[str, Word]] = {
    "request": REQUEST,
    "grant": GRANT,
    "end": END_REASON,
    "delivery": DELIVERY,
    "drift": DRIFT,
    "drift_kind": DRIFT_KIND,
    "decision": DECISION,
    "check": CHECK,
    "integration": INTEGRATION,
    "role": ROLE,
    "trigger": TRIGGER,
    "hold": HOLD,
}


def word(kind: str, code: str) -> Word:
    """Return how status `code` of `kind` is shown. Raises KeyError for a code nobody defined."""
    return WORDS[kind][code]


def grant_code(*, status: str, end_reason: str | None, ends_at: dt.datetime | None, now: dt.datetime) -> str:
    """Return the code people read for a grant: its status, or what is more exact (`ends_soon`, `returned`, `revoked`).

    `ends_at` and `now` are aware; an active grant ends soon within 14 days.
    """
    if status == "active" and ends_at is not None and ends_at - now <= ENDS_SOON:
        return "ends_soon"
    if status == "ended" and end_reason in ("returned", "revoked"):
        return end_reason
    return status
