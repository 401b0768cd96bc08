"""What each figure means, for readers: the page of definitions and docs/costs/figures.md say the same."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure: its name, what it means, and its formula in plain signs."""

    id: str
    name: Promise
    definition: Promise
    formula: str

    @property
    def anchor(self) -> str:
        """Its place on the page of definitions."""
        return self.id.lower()


_ALL = (
    Figure(
        "F1",
        _("Held GPU hours"),
        _(
            "Time for which GPUs were set aside for somebody, used or not, by GPU type. A quarter of a GPU held for"
            " four hours is one GPU hour. Held is the greater of what was requested and what was used."
        ),
        "Σ gpus × hours",
    ),
    Figure(
        "F2",
        _("Active GPU hours"),
        _(
            "The part of the held hours in which GPUs worked: windows of ten minutes whose mean activity reached the"
            " threshold that is printed with the figures."
        ),
        "Σ gpus × 1/6 h, mean activity ≥ threshold",
    ),
    Figure(
        "F3",
        _("Held but idle"),
        _(
            "Held hours with known activity that were not active, in hours, in money at the rate of each hour, and as"
            " a share of the measured hours. Hours without activity data are listed apart as not measured."
        ),
        "F1m − F2 · US$: × rate · %: ÷ F1m",
    ),
    Figure(
        "F4",
        _("Average activity"),
        _(
            "Mean activity of measured hours, weighted by how much was held. It says nothing about how good people are."
        ),
        "Σ gpus × hours × activity ÷ F1m",
    ),
    Figure(
        "F5",
        _("Unallocated"),
        _(
            "GPU hours that were provisioned and neither held by anybody nor reserved, by cluster and GPU type. It is"
            " unknown, not zero, where no source reports capacity."
        ),
        "provisioned − F1 − F6, ≥ 0",
    ),
    Figure(
        "F6",
        _("Unused reservation"),
        _("GPU hours reserved for a team that it did not hold. The owner of the reservation pays for them."),
        "reserved − held inside the reservation, ≥ 0",
    ),
    Figure(
        "F7",
        _("Direct cost"),
        _("Held hours, each at the price that the rate card has for its type, cluster, class and day."),
        "Σ gpus × hours × rate",
    ),
    Figure(
        "F8",
        _("Shared cost"),
        _(
            "A team's part of each day's unallocated cost and overhead, by the method of the settings: not at all, by"
            " direct cost, by quota of GPUs, or equally. Overhead of a month is laid evenly on its days."
        ),
        "(F5 + overhead) × weight ÷ Σ weights",
    ),
    Figure(
        "F9",
        _("Total"),
        _("Everything a team is charged: direct cost, unused reservations and shared cost."),
        "F7 + F6 + F8",
    ),
    Figure(
        "F10",
        _("Unattributed"),
        _(
            "Direct cost that no label, namespace or grant ties to a team, and its share of the organisation's."
        ),
        "Σ F7 without a team",
    ),
    Figure(
        "F11",
        _("Cost per active GPU hour"),
        _(
            "What an hour of work really cost, idle time included; it stands beside the price of the rate card. Shown"
            " only where at least four fifths of the held hours were measured."
        ),
        "F7 of measured hours ÷ F2",
    ),
    Figure(
        "F12",
        _("Spend to date"),
        _("The total of the period as far as it is recorded."),
        "Σ F9",
    ),
    Figure(
        "F13",
        _("Budget use"),
        _(
            "Spend to date as a share of the budget. The plan index divides it by the part of the period that is over:"
            " 1.00 is on plan, more is too fast."
        ),
        "F12 ÷ budget · plan index: ÷ (days over ÷ days)",
    ),
    Figure(
        "F14",
        _("Forecast"),
        _(
            "Spend by the end of the period: what is spent, and for each remaining day the median of the same weekday"
            " in the last four weeks. With less than 14 days of history the mean of the last seven days; with less"
            " than three it is too early to say."
        ),
        "F12 + Σ remaining days of median(same weekday, 4 weeks)",
    ),
    Figure(
        "F15",
        _("Forecast range"),
        _(
            "Eight times out of ten the spend should end within it. It is made from how far the forecast was off on"
            " each of the last 28 days, drawn 1,000 times, always in the same way."
        ),
        "F14 + 10th to 90th percentile of Σ drawn errors",
    ),
    Figure(
        "F16",
        _("Forecast with approved requests"),
        _(
            "The forecast and the estimates of approved requests whose use has not started, as far as they fall into"
            " the rest of the period."
        ),
        "F14 + Σ open estimates",
    ),
    Figure(
        "F17",
        _("Budget ends on"),
        _("The first day on which spend and forecast reach the budget, or after the period."),
        "first day with F12 + Σ F14 ≥ budget",
    ),
    Figure(
        "F18",
        _("Unusual day"),
        _(
            "A day whose direct cost is far from the median of the last 28 days, measured by how much days usually"
            " differ, and by at least 50 in the currency of the page, or a tenth of the daily budget if that is more."
            " With eight weeks of history weekdays are evened out first. A day of too little may mean that data are"
            " missing."
        ),
        "0.6745 × (x − median) ÷ MAD > 3.5",
    ),
    Figure(
        "F19",
        _("Why a day was unusual"),
        _("The projects, people, images and GPU types that cost most above what is usual for them."),
        "x − median, by value",
    ),
    Figure(
        "F20",
        _("Estimate of a request"),
        _(
            "What planned use would cost at today's price. Afterwards the actual cost is divided by it; the median of"
            " a team's requests says how well it estimates."
        ),
        "people × hours a week × weeks × rate · actual ÷ estimate",
    ),
    Figure(
        "F21",
        _("Cost by image"),
        _(
            "Direct cost by the digest of the image that held the GPU, added up to tags and repositories. An unknown"
            " digest is a row of its own."
        ),
        "Σ F7 by digest",
    ),
    Figure(
        "F22",
        _("Access without use"),
        _(
            "People with an active grant who neither pulled the image nor held a GPU through it in 30, 60 or 90 days."
        ),
        "active members with 0 pulls and F1 = 0",
    ),
)
FIGURES: dict[str, Figure] = {one.id: one for one in _ALL}
