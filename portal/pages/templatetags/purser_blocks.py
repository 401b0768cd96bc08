"""The components that wrap other markup; `purser` brings them along, so pages load only that."""

import datetime as dt

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from portal.pages.markup import draw_icon, mark_han, time_element

register = template.Library()
BANNER_ICONS = {"info": "info-circle", "ok": "circle-check", "warn": "alert-triangle", "bad": "alert-circle"}


@register.simple_block_tag
def summary(content: SafeString) -> SafeString:
    """A summary list; holds `summary_row`s."""
    return format_html('<dl class="summary">{}</dl>', content)


@register.simple_block_tag
def summary_row(content: SafeString, label: str, change_url: str = "", link: str = "") -> SafeString:
    """One fact with its "Change" link; an empty body reads "Not provided"."""
    value = content if content.strip() else format_html('<span class="muted">{}</span>', _("Not provided"))
    change = format_html(
        '<dd class="change"><a href="{}">{} <span class="visually-hidden">{}</span></a></dd>',
        change_url,
        link or _("Change"),
        label,
    )
    return format_html("<div><dt>{}</dt><dd>{}</dd>{}</div>", label, value, change if change_url else "")


@register.simple_block_tag
def task_list(content: SafeString) -> SafeString:
    """A list of things to do in any order; holds `task`s."""
    return format_html('<ul class="task-list">{}</ul>', content)


@register.simple_block_tag
def banner(content: SafeString, kind: str = "info", title: str = "") -> SafeString:
    """A message in the page: kind info, ok, warn or bad."""
    heading = format_html("<strong>{}</strong>", title) if title else ""
    symbol = draw_icon(BANNER_ICONS[kind])
    return format_html('<div class="banner {}">{}<div>{}{}</div></div>', kind, symbol, heading, content)


@register.simple_block_tag
def notice(content: SafeString, kind: str = "info") -> SafeString:
    """A thin bar across the page."""
    return format_html('<div class="notice {}"><div class="bar">{}</div></div>', kind, content)


@register.simple_block_tag
def table_wrap(content: SafeString, label: str, **attrs: str) -> SafeString:
    """A table that scrolls sideways by keyboard too; `label` must not repeat a heading's words."""
    return format_html(
        '<div class="table-wrap" tabindex="0" role="region" aria-label="{}"{}>{}</div>',
        label,
        _attrs(attrs),
        content,
    )


@register.simple_block_tag
def timeline(content: SafeString) -> SafeString:
    """What happened, oldest first; holds `event`s."""
    return format_html('<ol class="timeline">{}</ol>', content)


@register.simple_block_tag
def event(
    content: SafeString, at: dt.datetime, title: str, actor: str = "", icon: str = "point"
) -> SafeString:
    """One entry of a timeline: when, who, what, and why in the body."""
    who = format_html('<span class="muted"> · {}</span>', mark_han(actor)) if actor else ""
    return format_html(
        '<li>{}<p><strong>{}</strong>{}</p><p class="small muted">{}</p>{}</li>',
        draw_icon(icon),
        title,
        who,
        time_element(at),
        content,
    )


@register.simple_block_tag
def fold(content: SafeString, label: str) -> SafeString:
    """Text that opens on demand."""
    return format_html('<details class="fold"><summary>{}</summary>{}</details>', label, content)


@register.simple_block_tag
def live(
    content: SafeString, topic: str, *, url: str, version: int | str = "", hold: bool = False, **attrs: str
) -> SafeString:
    """A region (give `id`) that fetches itself again from `url` when `topic` moves; see `live.js` for `hold`."""
    region = attrs["id"]
    return format_html(
        '<div data-live-topic="{topic}" data-live-version="{version}" hx-get="{url}"'
        ' hx-trigger="live:{topic} from:body, live-show" hx-target="#{region}" hx-select="#{region}"'
        ' hx-swap="morph:outerHTML" hx-ext="morph" hx-include="#{region} [name=sel]:checked"{hold}{attrs}>'
        "{more}{content}</div>",
        topic=topic,
        version=version,
        url=url,
        region=region,
        hold=format_html(" {}", "data-live-hold") if hold else "",
        attrs=_attrs(attrs),
        more=_show_button(region) if hold else "",
        content=content,
    )


@register.simple_block_tag
def dialog(content: SafeString, name: str, title: str) -> SafeString:
    """A modal dialog opened by an element with `data-opens="name"`, which without JavaScript is a link to a page."""
    return format_html(
        '<dialog id="{0}" aria-labelledby="{0}-title"><h2 id="{0}-title" tabindex="-1">{1}</h2>{2}</dialog>',
        name,
        title,
        content,
    )


@register.simple_block_tag
def menu(content: SafeString, label: str, icon: str = "chevron-down", **attrs: str) -> SafeString:
    """A few links or buttons behind one summary."""
    return format_html(
        '<details class="menu"><summary{}>{} {}</summary><div class="menu-panel">{}</div></details>',
        _attrs(attrs),
        label,
        draw_icon(icon),
        content,
    )


def _attrs(attrs: dict[str, str]) -> SafeString:
    return format_html_join("", ' {}="{}"', attrs.items())


def _show_button(region: str) -> SafeString:
    return format_html(
        '<p class="live-more" hidden><button type="button" class="btn btn-sm" id="{}-more" data-live-show>'
        "{} {}</button></p>",
        region,
        draw_icon("refresh"),
        _("New data. Show it"),
    )
