"""Writing the ledger: a change opens `audited` and says what it does; change and event are kept together."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial
from re import compile as regex

from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils.translation import gettext_lazy as _

from . import signals
from .actors import Actor
from .append import append_events
from .canonical import canonical, check_dimension, clean_name
from .errors import AuditUnavailable, LedgerError
from .types import Detail, NewEvent, Span

_KIND = regex(r"[a-z0-9_-]+(\.[a-z0-9_-]+){2,3}")


class _Block:
    """The open block: the events collected so far and the actor speaking now."""

    def __init__(self, by: Actor) -> None:
        self.by = by
        self.events: list[NewEvent] = []


_open: ContextVar[_Block | None] = ContextVar("purser_audited_block", default=None)


@contextmanager
def audited(*, by: Actor, savepoint: bool = False) -> Iterator[None]:
    """Open the durable transaction of a service, or join the one open; `by` signs the events recorded inside.

    The outermost block writes all events, in the order they were recorded, as its last act before commit.
    An exception drops the changes and the events together. A joined block that raises dooms the whole
    block, unless it was opened with `savepoint=True`: then only its own changes and events are dropped and
    the caller may go on.
    Raises AuditUnavailable (nothing changed) when the events cannot be written, RuntimeError when called
    inside a bare `atomic`, and at the end of a doomed block whose error somebody caught.
    """
    block = _open.get()
    if block is None:
        with _outermost(by):
            yield
    else:
        with _joined(block, by, savepoint=savepoint):
            yield


def record(
    kind: str,
    *,
    subject: str,
    project: str = "",
    team: str = "",
    person: str = "",
    image: str = "",
    detail: Detail | None = None,
) -> None:
    """Collect one event of the open block: `kind` is `app.subject.verb-past`, `subject` e.g. `grant:12`.

    `detail` holds text, whole numbers, booleans, None, lists and objects only. Raises LedgerError outside
    `audited` (code `not_audited`) and for what cannot be kept (`bad_kind`, `bad_detail`).
    """
    block = _open.get()
    if block is None:
        raise LedgerError("not_audited", f"{kind} was recorded outside audited().")
    if not _KIND.fullmatch(kind):
        raise LedgerError("bad_kind", f"{kind!r} is no kind of event: write app.subject.verb-past.")
    dimensions = {"subject": subject, "project": project, "team": team, "person": person, "image": image}
    texts = {name: check_dimension(text, name) for name, text in dimensions.items()}
    actor = {
        "actor": check_dimension(block.by.label, "actor"),
        "actor_name": clean_name(block.by.name),
    }
    block.events.append(NewEvent(kind=kind, detail=canonical(dict(detail or {})), **texts, **actor))


def in_audited() -> bool:
    """Whether a block is open, e.g. to assert that a network call stands outside every transaction."""
    return _open.get() is not None


@contextmanager
def _outermost(by: Actor) -> Iterator[None]:
    block = _Block(by)
    token = _open.set(block)
    try:
        with transaction.atomic(durable=True):
            yield
            _write(block)
    finally:
        _open.reset(token)


@contextmanager
def _joined(block: _Block, by: Actor, *, savepoint: bool) -> Iterator[None]:
    before, mark = block.by, len(block.events)
    block.by = by
    try:
        with transaction.atomic(savepoint=savepoint):
            yield
    except BaseException:
        del block.events[mark:]
        raise
    finally:
        block.by = before


def _write(block: _Block) -> None:
    if connection.needs_rollback:
        # Whoever caught the error of a joined block would go on as if its change had been kept.
        raise RuntimeError("A joined block failed and its error was caught, so nothing of this one is kept.")
    if not block.events:
        return
    try:
        span = append_events(block.events)
    except IntegrityError:
        # A deferred constraint of the change itself, checked at commit: the change is wrong, not the ledger.
        raise
    except DatabaseError as error:
        message = _("The audit ledger cannot be written now, so nothing was changed. Try again.")
        raise AuditUnavailable("audit_unavailable", message) from error
    transaction.on_commit(partial(_announce, span), robust=True)


def _announce(span: Span) -> None:
    signals.appended.send_robust(sender=None, first=span.first, last=span.last)
