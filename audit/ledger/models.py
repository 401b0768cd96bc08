"""The rows of the ledger: events and the signed checkpoints over them. Both only ever grow."""

from typing import Any, NoReturn

from django.db import models
from django.utils.translation import gettext_lazy as _

from .errors import LedgerError


class CanonicalJSONField(models.JSONField):
    """JSON kept as the text that was written (type `json`), because the chain hashes that text."""

    def db_type(self, connection: Any) -> str:
        """The column's type: `json` keeps the text, `jsonb` would not."""
        return "json"

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Any:
        """The value; psycopg has decoded `json` already."""
        return super().from_db_value(value, expression, connection) if isinstance(value, str) else value


class AppendOnlyQuerySet(models.QuerySet[Any]):
    """Rows that can be read only; they are written by the ledger's services."""

    def update(self, **kwargs: Any) -> NoReturn:
        """Refuse: history is not changed."""
        _refuse()

    def delete(self) -> NoReturn:
        """Refuse: history is not deleted."""
        _refuse()

    def bulk_create(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: events are appended by `audited` only."""
        _refuse()

    def create(self, **kwargs: Any) -> NoReturn:
        """Refuse: events are appended by `audited` only."""
        _refuse()


class AppendOnly(models.Model):
    """A row that is written once, by the ledger, and never changed."""

    objects = AppendOnlyQuerySet.as_manager()

    class Meta:
        """No table of its own."""

        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Refuse: rows are written by the ledger's services only."""
        _refuse()

    def delete(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: history is not deleted."""
        _refuse()


class Event(AppendOnly):
    """One thing that happened. Dimensions are text: live data can go without touching history."""

    sequence = models.BigIntegerField(primary_key=True)
    at = models.DateTimeField()
    kind = models.TextField()
    actor = models.TextField()
    actor_name = models.TextField()
    subject = models.TextField()
    project = models.TextField()
    team = models.TextField()
    person = models.TextField()
    image = models.TextField()
    detail = CanonicalJSONField()
    previous = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)

    class Meta:
        """Newest first; every filter of the explorer has an index it can page through."""

        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ("-sequence",)
        indexes = (
            models.Index(fields=["at"], name="ledger_event_at"),
            models.Index(
                fields=["kind", "sequence"],
                name="ledger_event_kind",
                opclasses=["text_pattern_ops", "int8_ops"],
            ),
            models.Index(fields=["subject", "sequence"], name="ledger_event_subject"),
            models.Index(fields=["actor", "sequence"], name="ledger_event_actor"),
            models.Index(fields=["project", "sequence"], name="ledger_event_project"),
            models.Index(fields=["team", "sequence"], name="ledger_event_team"),
            models.Index(
                fields=["person", "sequence"], name="ledger_event_person", condition=~models.Q(person="")
            ),
            models.Index(
                fields=["image", "sequence"], name="ledger_event_image", condition=~models.Q(image="")
            ),
        )

    def __str__(self) -> str:
        """Sequence and kind."""
        return f"{self.sequence} {self.kind}"


class Checkpoint(AppendOnly):
    """A signed statement of the log's size and Merkle root, with what the next one continues from."""

    size = models.BigIntegerField(primary_key=True)
    root = models.BinaryField(max_length=32)
    head = models.BinaryField(max_length=32)
    frontier = models.BinaryField()
    note = models.TextField()
    at = models.DateTimeField()

    class Meta:
        """Newest first."""

        verbose_name = _("checkpoint")
        verbose_name_plural = _("checkpoints")
        ordering = ("-size",)

    def __str__(self) -> str:
        """The size it signs."""
        return f"checkpoint at {self.size}"


def _refuse() -> NoReturn:
    raise LedgerError("append_only", _("The audit ledger is only ever appended to."))
