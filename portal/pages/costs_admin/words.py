"""Words of keeping costs: pricing classes, methods, facts, causes, states of budgets and sources."""

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from portal.pages.words import Word

Said = Mapping[str, "str | Promise"]

CLASSES: Said = {
    "on_demand": _("On demand"),
    "spot": _("Spot"),
    "reserved": _("Reserved"),
    "committed": _("Committed"),
}
METHODS: Said = {
    "none": _("Not shared out"),
    "direct": _("In proportion to direct cost"),
    "quota": _("In proportion to the GPU quotas of projects"),
    "equal": _("In equal parts"),
}
METHOD_HINTS: Said = {
    "none": _("What nobody held and the overhead stay with the organisation."),
    "direct": _("Who uses more pays more of it."),
    "quota": _("Who was promised more pays more of it, used or not."),
    "equal": _("Every team with use pays the same."),
}
FACTS: Said = {
    "usage": _("GPU use"),
    "activity": _("Activity of GPUs"),
    "capacity": _("GPUs provisioned"),
    "bill": _("Invoice lines"),
}
KINDS: Said = {
    "opencost": _("OpenCost"),
    "prometheus": _("Prometheus (DCGM)"),
    "google": _("Google billing export"),
    "focus": _("FOCUS file"),
    "csv": _("CSV file"),
}
CAUSES: Said = {
    "late": _("Data came late"),
    "rates": _("The rate card changed"),
    "activity": _("Activity came late"),
    "reservation": _("A reservation changed"),
    "rebuild": _("Sums were made anew"),
}
COLOURS: Said = {
    "0": _("Colour 1: blue"),
    "1": _("Colour 2: orange"),
    "2": _("Colour 3: green"),
    "3": _("Colour 4: purple"),
    "4": _("Colour 5: olive"),
    "5": _("Colour 6: rose"),
    "6": _("No colour of its own: counted under Other in charts"),
}
BUDGET_STATES = {
    word.code: word
    for word in (
        Word("later", _("Starts later"), "calendar", "plain"),
        Word("unknown", _("Not worked out yet"), "clock", "plain"),
        Word("on_plan", _("Within the budget"), "check", "ok"),
        Word("watch", _("Threshold reached"), "bell", "warn", open=True),
        Word("forecast_over", _("Expected to be overspent"), "alert-triangle", "warn", open=True),
        Word("over", _("Overspent"), "alert-circle", "bad", open=True),
        Word("ended", _("Ended within the budget"), "flag", "plain"),
        Word("ended_over", _("Ended overspent"), "flag", "bad"),
    )
}
SOURCE_STATES = {
    word.code: word
    for word in (
        Word("off", _("Switched off"), "player-pause", "plain"),
        Word("files", _("Files are brought by people"), "upload", "plain"),
        Word("new", _("Not read yet"), "clock", "info", open=True),
        Word("failing", _("Failing"), "alert-circle", "bad", open=True),
        Word("late", _("Late"), "clock-exclamation", "warn", open=True),
        Word("working", _("Working"), "check", "ok"),
    )
}


def class_word(code: str) -> "str | Promise":
    """The word of a pricing class; empty stands for every class."""
    return CLASSES.get(code, code) if code else _("Every class")


def cluster_word(name: str) -> "str | Promise":
    """The name of a cluster; empty stands for every cluster."""
    return name or _("Every cluster")
