"""The components of the design system, as template tags; /styleguide/ shows each in its states."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django import template
from django.forms import BoundField
from django.template.context import Context
from django.utils import timezone
from django.utils.safestring import SafeString

from portal.pages import words
from portal.pages.markup import (
    day_element,
    describe,
    draw_icon,
    error_links,
    mark_han,
    sort_state,
    time_element,
    widget_kind,
)
from portal.pages.templatetags import purser_blocks

register = template.Library()
register.tags.update(purser_blocks.register.tags)
register.simple_tag(draw_icon, name="icon")
register.filter("han", mark_han)

COMPONENTS = "components/"
MESSAGE_KINDS = {"success": "ok", "warning": "warn", "error": "bad"}


@register.inclusion_tag(COMPONENTS + "status.html")
def status(kind: str, code: str) -> dict[str, Any]:
    """Show a status: icon, word and colour from the one table. Raises KeyError for an unknown code."""
    return {"word": words.word(kind, code)}


@register.inclusion_tag(COMPONENTS + "status.html")
def grant_status(grant: Any, drift: bool = False) -> dict[str, Any]:
    """Show a grant's status as people read it: "ends soon" and the way it ended included."""
    code = words.grant_code(
        status=grant.status, end_reason=grant.end_reason, ends_at=grant.ends, now=timezone.now()
    )
    return {"word": words.word("grant", "out_of_step" if drift else code)}


@register.inclusion_tag(COMPONENTS + "field.html")
def field(
    bound: BoundField, *, hint: str = "", optional: bool = False, narrow: bool = False, **attrs: Any
) -> dict[str, Any]:
    """Show one form field: label, hint, error and control, tied together for assistive technology."""
    kind = widget_kind(bound)
    hint = hint or str(bound.help_text)
    return {
        "bound": bound,
        "kind": kind,
        "hint": hint,
        "optional": optional,
        "narrow": narrow,
        "described": describe(bound, hint),
        "control": ""
        if kind == "choices"
        else bound.as_widget(attrs=_control_attrs(bound, kind, hint, attrs)),
    }


def _control_attrs(bound: BoundField, kind: str, hint: str, extra: dict[str, Any]) -> dict[str, Any]:
    css = {"check": "form-check-input", "select": "form-select"}.get(kind, "form-control")
    own = bound.field.widget.attrs.get("class", "")
    attrs = {
        **{name.replace("_", "-"): value for name, value in extra.items()},
        "class": f"{css} {own}".strip(),
    }
    if described := describe(bound, hint):
        attrs["aria-describedby"] = described
    return attrs


@register.inclusion_tag(COMPONENTS + "error_summary.html")
def error_summary(*forms: Any) -> dict[str, Any]:
    """Show "There is a problem" with a link to each field in error of these forms or formsets."""
    return {"errors": [link for form in forms if form for link in error_links(form)]}


@register.inclusion_tag(COMPONENTS + "error_summary.html")
def error_list(errors: Iterable[tuple[str, str]]) -> dict[str, Any]:
    """Show the same summary for (href, text) pairs a page worked out itself."""
    return {"errors": list(errors)}


@register.inclusion_tag(COMPONENTS + "breadcrumb.html")
def breadcrumb(*pairs: str) -> dict[str, Any]:
    """Show the way back: url, label, url, label, ..."""
    return {"crumbs": list(zip(pairs[::2], pairs[1::2], strict=True))}


@register.inclusion_tag(COMPONENTS + "task.html")
def task(
    label: str, url: str = "", *, status: str = "", done: bool = False, hint: str = ""
) -> dict[str, Any]:
    """One task with its state; done tasks are plain text."""
    return {"label": label, "url": url, "status": status, "done": done, "hint": hint}


@register.inclusion_tag(COMPONENTS + "step_list.html")
def step_list(steps: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Numbered steps; each {"label", "url", "state": done|current|todo|error}."""
    return {"steps": list(steps)}


@register.filter
def message_kind(tags: str) -> str:
    """Return the banner kind for a Django message's tags."""
    return next((MESSAGE_KINDS[tag] for tag in tags.split() if tag in MESSAGE_KINDS), "info")


@register.inclusion_tag(COMPONENTS + "sort_th.html", takes_context=True)
def sort_th(context: Context, label: str, key: str, css: str = "") -> dict[str, Any]:
    """A column heading that sorts by `key` through `?sort=`, keeping the other parameters."""
    return {"label": label, "key": key, "css": css, **sort_state(context["request"].GET, key)}


@register.inclusion_tag(COMPONENTS + "filter_chips.html")
def filter_chips(chips: Iterable[tuple[str, str]], clear_url: str) -> dict[str, Any]:
    """Active filters as (label, url without it), and a link that clears all."""
    return {"chips": list(chips), "clear_url": clear_url}


@register.inclusion_tag(COMPONENTS + "tabs.html")
def tabs(items: Iterable[dict[str, Any]], label: str) -> dict[str, Any]:
    """Tabs that are links; each {"label", "url", "current", "count"}."""
    return {"tabs": list(items), "label": label}


@register.inclusion_tag(COMPONENTS + "copy_row.html")
def copy_row(text: str, label: str) -> dict[str, Any]:
    """A command with its copy button; `label` says what is copied."""
    return {"text": text, "label": label}


@register.inclusion_tag(COMPONENTS + "progress.html")
def progress(value: int, maximum: int, label: str) -> dict[str, Any]:
    """How much of a known amount is done."""
    return {"value": value, "maximum": maximum, "label": label}


@register.inclusion_tag(COMPONENTS + "stat.html")
def stat(value: Any, label: str, *, hint: str = "", url: str = "") -> dict[str, Any]:
    """One figure with its name."""
    return {"value": value, "label": label, "hint": hint, "url": url}


@register.inclusion_tag(COMPONENTS + "diff.html")
def diff(rows: Iterable[tuple[str, Any, Any]]) -> dict[str, Any]:
    """What changed: (label, before, after)."""
    return {
        "rows": [(label, _shown(before), _shown(after), before != after) for label, before, after in rows]
    }


def _shown(value: Any) -> Any:
    return "–" if value is None or value == "" else value


@register.inclusion_tag(COMPONENTS + "empty.html")
def empty(*, title: str, why: str, action_url: str, action: str, icon: str = "inbox") -> dict[str, Any]:
    """An empty list in three lines: what it holds, why it may be empty, one action."""
    return {"title": title, "why": why, "action_url": action_url, "action": action, "icon": icon}


@register.inclusion_tag(COMPONENTS + "more.html")
def more(next_url: str, shown: int, total: int | None = None, step: int = 50) -> dict[str, Any]:
    """The end of a keyset page: how many are shown, and a link to the next."""
    return {"next_url": next_url, "shown": shown, "total": total, "step": step}


@register.simple_tag
def when(at: dt.datetime | None, relative: bool = False) -> SafeString:
    """A moment, with its zone on hover; `relative` says how long ago or ahead."""
    return time_element(at, relative=relative)


@register.simple_tag
def day(at: dt.date | None) -> SafeString:
    """A date without its time."""
    return day_element(at)
