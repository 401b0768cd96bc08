"""Images and what they cost: the list, and one image by team and version (C7, T6, F11 against other images)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import median
from typing import Any

from django.utils.translation import gettext as _

from audit.costs import figures, selectors
from audit.costs.planning import Adopter
from audit.costs.types import By
from audit.costs.types import Line as CostLine
from grants.catalogue.models import Tag
from grants.lifecycle.models import GrantMember
from grants.lifecycle.states import LIVE
from portal.pages.costs import breakdowns, drawings
from portal.pages.costs.breakdowns import Setting, held_columns, measured
from portal.pages.costs.frame import Frame, shown
from portal.pages.costs.stats import use_stats
from portal.pages.costs.tables import Column, Line, Table, table
from portal.pages.costs.team import names_of
from portal.pages.costs.wording import Measure, money

MENUS = (By.IMAGE, By.TEAM, By.PROJECT, By.GPU_TYPE, By.CLUSTER)


def images_page(frame: Frame, *, lead: bool) -> dict[str, Any]:
    """The context of the list of images, or of one image where the address names one."""
    scope, filters = frame.scope, frame.filters
    one = len(filters.images) == 1
    standing = selectors.standing(scope, filters, frame.now)
    overview = selectors.overview(scope, filters)
    lines = {By.VERSION: selectors.breakdown(scope, filters, by=By.VERSION)} if one else {}
    every = selectors.breakdown(scope, replace(filters, images=()), by=By.IMAGE)
    adopters = selectors.adopters(scope, filters) if one else []
    menus = selectors.choices(scope, frame.asked.filters, bys=MENUS).values
    wanted = {**menus, By.TEAM: [*menus.get(By.TEAM, ()), *(found.team for found in adopters)]}
    names = names_of(frame, wanted, {**lines, By.IMAGE: every}, standing)
    measure = Measure(frame.unit, standing.currency)
    setting = Setting(frame, names, measure, measure.of(overview.now), lead=lead)
    context = {
        **shown(frame, standing, menus, names),
        "empty": not overview.now.held_ms,
        "stats": use_stats(overview, setting),
        "image": filters.images[0] if one else "",
        "image_name": names.of(By.IMAGE, filters.images[0]) if one else "",
    }
    if not one:
        return {**context, "charts": [], "tables": [breakdowns.images(every, setting)]}
    time = selectors.series(scope, filters, by=By.TEAM, bucket=drawings.bucket_of(filters.period))
    context["charts"] = [
        drawings.over_time(frame, time, By.TEAM, names, measure),
        drawings.held_against_active(frame, time, measure),
    ]
    context["against"] = _against(filters.images[0], every, standing.currency) if lead else ""
    context["tables"] = [adopter_table(adopters, setting), versions(lines[By.VERSION], setting)]
    return context


def _against(image: str, every: Sequence[CostLine], currency: str) -> str:
    """F11 of the image beside the median of the others."""
    found = {line.value: figures.cost_per_active_hour(line.sums) for line in every}
    own = found.pop(image, None)
    others = [one for one in found.values() if one is not None]
    if own is None:
        return _("Too little of this image’s use was measured to say what an active hour costs.")
    if not others:
        return _("An active hour costs %(own)s here.") % {"own": money(own, currency)}
    told = {"own": money(own, currency), "others": money(median(others), currency)}
    return _("An active hour costs %(own)s here; the median of the other images is %(others)s.") % told


def adopter_table(adopters: Sequence[Adopter], setting: Setting) -> Table:
    """T6: the teams that use the image: who has access, who used it, hours and cost."""
    access = _access(setting.frame.filters.images[0], [one.team for one in adopters])
    columns = [
        Column("access", _("People with access"), "count"),
        Column("people", _("People active"), "count"),
    ]
    columns += [*held_columns(setting), Column("last", _("Last use"), "day")]
    lines = [
        Line(
            setting.names.of(By.TEAM, one.team),
            {
                **measured(one.sums, type(one.sums)(), setting),
                "access": access.get(one.team, 0),
                "people": one.people,
                "last": one.last_day,
            },
            url=setting.frame.link(team=one.team),
        )
        for one in adopters
    ]
    return table(
        key="adopters",
        title=_("Teams that use it"),
        first=_("Team"),
        columns=columns,
        lines=lines,
        query=setting.frame.query,
        total={"share": None, "last": None},
        unit=setting.measure.name,
    )


def _access(image: str, teams: Sequence[str]) -> Mapping[str, int]:
    """How many people of each team have live access to the image: one query."""
    host, _slash, repository = image.partition("/")
    members = GrantMember.objects.filter(
        removed_at=None,
        grant__status__in=LIVE,
        grant__project__team__key__in=teams,
        grant__images__removed_at=None,
        grant__images__image__repository=repository,
        grant__images__image__registry__host=host,
    )
    found: dict[str, set[int]] = {}
    for team, person in members.values_list("grant__project__team__key", "person_id").distinct():
        found.setdefault(team, set()).add(person)
    return {team: len(people) for team, people in found.items()}


def versions(lines: Sequence[CostLine], setting: Setting) -> Table:
    """The versions in use; one that no tag names any more says so."""
    digests = [line.value for line in lines if line.value]
    tagged = set(Tag.objects.filter(version__digest__in=digests).values_list("version__digest", flat=True))
    rows = [
        Line(
            setting.names.of(By.VERSION, line.value)[:80],
            {**measured(line.sums, line.before, setting), "last": line.last_day},
            url=setting.frame.link(version=line.value),
            note=_("No tag names it any more") if line.value and line.value not in tagged else "",
            spark=setting.frame.whole_days(line.days),
        )
        for line in lines
    ]
    columns = [
        *held_columns(setting),
        Column("last", _("Last use"), "day"),
        Column("days", _("30 days"), "spark"),
    ]
    return table(
        key="versions",
        title=_("Versions in use"),
        first=_("Version"),
        columns=columns,
        lines=rows,
        query=setting.frame.query,
        total={"share": None, "last": None},
        unit=setting.measure.name,
    )
