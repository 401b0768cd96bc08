"""The rows of sources: made and corrected from the operator's file, asked at once, read again from a day on."""

from datetime import datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from audit.costs.errors import CostConflict, CostError
from audit.costs.models import Source
from audit.costs.source_file import SourceEntry, SourceFile
from audit.costs.sources.options import is_pulled
from audit.ledger.actors import Actor
from audit.ledger.services import audited, record

FIELDS = ("name", "options", "enabled", "every_seconds")


def keep_sources(*, file: SourceFile, by: Actor, now: datetime) -> list[tuple[str, bool]]:
    """Make the sources of a file known, or correct them; (key, whether anything changed) for each.

    Sources that the file does not name stay as they are. Records `audit.cost-source.added` or `.changed`.
    Raises CostConflict `other_kind` when a key is another kind's: what it brought would not fit.
    """
    with audited(by=by):
        return [(one.key, _keep(one, now)) for one in file.source]


def _keep(entry: SourceEntry, now: datetime) -> bool:
    found = Source.objects.select_for_update(no_key=True, of=("self",)).filter(key=entry.key).first()
    row = found or Source(key=entry.key)
    if found and row.kind != entry.kind:
        raise CostConflict("other_kind", _("A source of that key and another kind is there already."))
    wanted = {name: getattr(entry, name) for name in FIELDS}
    changed = {name: value for name, value in wanted.items() if found is None or getattr(row, name) != value}
    if not changed:
        return False
    kind = "audit.cost-source.changed" if found else "audit.cost-source.added"
    row.kind = entry.kind
    for name, value in changed.items():
        setattr(row, name, value)
    row.next_attempt_at = now if is_pulled(row.kind, row.options) else None
    row.fence += 1  # who asks it with the old options has lost it
    row.attempts, row.error = 0, ""
    row.save()
    record(kind, subject=f"source:{row.key}", detail=_plain(row, changed))
    return True


def _plain(row: Source, changed: dict[str, Any]) -> dict[str, Any]:
    """What goes on record: options hold references only, never secrets."""
    return {"kind": row.kind, "fields": {name: _text(value) for name, value in changed.items()}}


def _text(value: Any) -> Any:
    """Numbers with a fraction as text: the ledger keeps none."""
    if isinstance(value, dict):
        return {str(name): _text(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_text(one) for one in value]
    return str(value) if isinstance(value, float) else value


def ask_now(*, source: Source, by: Actor, now: datetime) -> Source:
    """Have a source asked within a minute, whatever its pause. Records `audit.cost-source.asked`.

    Raises CostError `not_asked` for one that files are brought to.
    """
    with audited(by=by):
        row = _asked(source)
        row.next_attempt_at = now
        row.save(update_fields=["next_attempt_at"])
        record("audit.cost-source.asked", subject=f"source:{row.key}")
    return row


def read_again(*, source: Source, since: datetime, by: Actor, now: datetime) -> Source:
    """Have a source read again from a time on, for what it knew too late. Records `audit.cost-source.reread`.

    Raises CostError `not_asked` for one that files are brought to.
    """
    with audited(by=by):
        row = _asked(source)
        row.cursor = min(since, row.cursor) if row.cursor else since
        row.fence += 1
        row.next_attempt_at = now
        row.save(update_fields=["cursor", "fence", "next_attempt_at"])
        record("audit.cost-source.reread", subject=f"source:{row.key}", detail={"since": since.isoformat()})
    return row


def _asked(source: Source) -> Source:
    row = Source.objects.select_for_update(no_key=True, of=("self",)).get(pk=source.pk)
    if not (row.enabled and is_pulled(row.kind, row.options)):
        raise CostError("not_asked", _("Files are brought to this source; it is not asked."))
    return row
