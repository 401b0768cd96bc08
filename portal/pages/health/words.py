"""What the parts are called and what breaks without them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.pages.health.parts import Part


@dataclass(frozen=True)
class Said:
    """A part in words."""

    label: Promise
    breaks: Promise


SAID: Mapping[str, Said] = {
    "database": Said(_("Database"), _("Nothing works: every page and every token needs it.")),
    "broker": Said(
        _("Task broker"), _("Work is picked up by schedule only, or not at all. Tokens go on being issued.")
    ),
    "worker": Said(
        _("Worker and scheduler"), _("Access is not set up, mails are not sent. Access still ends in time.")
    ),
    "registry": Said(_("Registries"), _("The catalogue is shown as last read; new images are missing.")),
    "jira": Said(_("Jira"), _("Access of finished projects ends with its date instead of at once.")),
    "mail": Said(_("Mail"), _("People hear of things in the portal only.")),
    "ledger": Said(_("Audit log"), _("Newest events are not signed outside the database yet.")),
    "deliveries": Said(_("Deliveries"), _("Some people wait for access, or some access is not proven gone.")),
    "drift": Said(
        _("Differences at systems"),
        _("What somebody changed at a system outside Purser is not seen or not put right."),
    ),
    "keyless": Said(
        _("Keys of clusters"),
        _("Pods without a pull secret are refused as soon as their cluster signs with a new key."),
    ),
    "brake": Said(
        _("Brake"), _("Access that many triggers would have ended goes on until somebody decides.")
    ),
    "usage": Said(
        _("Sources of GPU usage"),
        _(
            "Costs after the time shown are missing; budgets and forecasts are too low. Access is not touched."
        ),
    ),
    "certificate": Said(_("Registry certificate"), _("Registries refuse every token when it ends.")),
}


@dataclass(frozen=True)
class Row:
    """One row of the health page."""

    part: Part
    said: Said


def rows_of(found: Iterable[Part]) -> list[Row]:
    """The rows, those that need a look first."""
    return [Row(part, SAID[part.name]) for part in sorted(found, key=lambda part: part.ok)]
