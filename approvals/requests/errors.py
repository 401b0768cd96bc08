"""What requests refuse, and with which HTTP hint. Programs read `code`, people read `message`."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from approvals.policy.types import Evaluation
from audit.ledger.errors import PurserError

if TYPE_CHECKING:
    from approvals.requests.types import DraftChanges, Missing


class RequestError(PurserError):
    """A refused or impossible step of a request; nothing was changed."""


class NotAllowed(RequestError):
    """Whatever the state, it is not for this person to do."""

    status = 403


class NotFound(RequestError):
    """The lane or line that was named is not part of the request."""

    status = 404


class Conflict(RequestError):
    """The request is no longer where the step needs it to be."""

    status = 409


class StaleRequest(Conflict):
    """The request was changed by somebody else meanwhile; `changes` are what was typed, for the form."""

    def __init__(self, detail: Mapping[str, Any], changes: "DraftChanges | None" = None) -> None:
        """`detail` holds `revision`, `changed_by` and `changed_at` (ISO time)."""
        message = _(
            "This request changed while you were editing (revision %(revision)s, by %(changed_by)s, %(time)s). "
            "Your text is kept. Compare and save again."
        )
        at = localtime(datetime.fromisoformat(detail["changed_at"]))
        sentence = str(message) % {**detail, "time": date_format(at, "H:i")}
        super().__init__("stale_revision", sentence, dict(detail))
        self.changes = changes


class DraftFault(RequestError):
    """Some answers cannot be kept: `detail["fields"]` has a sentence for each, `detail["images"]` for each line."""

    def __init__(self, fields: Mapping[str, object], images: Sequence[Mapping[str, Any]] = ()) -> None:
        """Turn each sentence into text: this error is raised where it is read."""
        words = {name: str(sentence) for name, sentence in fields.items()}
        detail = {"fields": words, "images": [dict(line) for line in images]}
        super().__init__("bad_fields", _("Some answers need to be changed."), detail)


class NotSendable(RequestError):
    """Policy blocks the request or an answer is missing. Carries all of it, not the first only."""

    def __init__(self, evaluation: Evaluation, missing: "Sequence[Missing]") -> None:
        """Keep the evaluation and what is missing beside their plain forms."""
        detail = {
            "results": [result.to_json() for result in evaluation.results],
            "missing": [{"field": m.field, "code": m.code, "message": str(m.message)} for m in missing],
        }
        super().__init__("not_sendable", _("This request cannot be sent yet."), detail)
        self.evaluation = evaluation
        self.missing = tuple(missing)


class NotApprovable(RequestError):
    """What was sent no longer passes policy, so nobody may approve it as it is."""

    def __init__(self, evaluation: Evaluation) -> None:
        """Keep the evaluation that stops the approval."""
        detail = {"results": [result.to_json() for result in evaluation.results]}
        message = _("Something changed since this request was sent, so it cannot be approved as it is.")
        super().__init__("policy_changed", message, detail)
        self.evaluation = evaluation
