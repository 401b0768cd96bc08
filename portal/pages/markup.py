"""Small pieces of markup and the questions about forms and times that the component tags ask."""

import datetime as dt
import re
from typing import Any

from django.contrib.humanize.templatetags.humanize import naturaltime
from django.forms import BaseForm, BaseFormSet, BoundField, widgets
from django.http import QueryDict
from django.templatetags.static import static
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext as _

# CJK unified ideographs, extension A and the compatibility block (Unicode 16, chapter 18).
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_CHOICES = (widgets.RadioSelect, widgets.CheckboxSelectMultiple)
_ZH_DAY, _EN_DAY = "Y年n月j日", "j F Y"


def draw_icon(name: str, label: str = "") -> SafeString:
    """Return one icon of the sprite; decorative unless `label` names it."""
    href = f"{static('vendor/icons.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="icon" role="img" aria-label="{}" focusable="false"><use href="{}"></use></svg>',
            label,
            href,
        )
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}"></use></svg>', href
    )


def has_han(text: str) -> bool:
    """Return whether `text` holds a Chinese character."""
    return _HAN.search(text) is not None


def mark_han(text: Any) -> str:
    """Return `text`, marked `lang="zh-Hans"` when it holds Chinese: else browsers may draw it with a Japanese face."""
    value = str(text if text is not None else "")
    return format_html('<span lang="zh-Hans">{}</span>', value) if has_han(value) else value


def day_text(at: dt.date) -> str:
    """Return a date as people write it: "20 November 2026" or "2026年11月20日"."""
    day = timezone.localtime(at) if isinstance(at, dt.datetime) else at
    return date_format(day, _ZH_DAY if (get_language() or "").startswith("zh") else _EN_DAY)


def moment_text(at: dt.datetime) -> str:
    """Return a local date and time: "20 November 2026, 14:05" or "2026年11月20日 14:05"."""
    joint = " " if (get_language() or "").startswith("zh") else ", "
    return joint.join((day_text(at), date_format(timezone.localtime(at), "H:i")))


def time_element(at: dt.datetime | None, *, relative: bool = False) -> SafeString:
    """Return `<time>` for an aware moment, its zone in the title; relative or absolute; "–" for none."""
    if at is None:
        return format_html('<span class="muted">{}</span>', "–")
    local = timezone.localtime(at)
    zoned = f"{moment_text(at)} {local:%Z}"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        at.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        zoned,
        _distance(at) if relative else moment_text(at),
    )


def _distance(at: dt.datetime) -> str:
    """How long ago or ahead; the seconds of the last minute say nothing to people."""
    just_now = dt.timedelta() <= timezone.now() - at < dt.timedelta(minutes=1)
    return _("just now") if just_now else naturaltime(at)


def day_element(at: dt.date | None) -> SafeString:
    """Return `<time>` for a date; "–" for none."""
    if at is None:
        return format_html('<span class="muted">{}</span>', "–")
    return format_html('<time datetime="{}">{}</time>', f"{at:%Y-%m-%d}", day_text(at))


def widget_kind(bound: BoundField) -> str:
    """Return how a field is drawn: "choices" (radio or tick boxes), "check", "select" or "text"."""
    widget = bound.field.widget
    if isinstance(widget, _CHOICES):
        return "choices"
    if isinstance(widget, widgets.CheckboxInput):
        return "check"
    return "select" if isinstance(widget, widgets.Select) else "text"


def describe(bound: BoundField, hint: str) -> str:
    """Return the ids that describe a field's control: its hint, then its error."""
    ids = [f"{bound.auto_id}_hint"] if hint else []
    return " ".join(ids + ([f"{bound.auto_id}_error"] if bound.errors else []))


def error_links(form: "BaseForm | BaseFormSet[Any]") -> list[tuple[str, str]]:
    """Return (href, text) for each error of a form or formset, in the order of the page."""
    if isinstance(form, BaseFormSet):
        own = [("", str(text)) for text in form.non_form_errors()] if form.is_bound else []
        return own + [link for one in form.forms for link in error_links(one)]
    links = [("", str(text)) for text in form.non_field_errors()]
    for bound in form:
        href = f"#{bound.id_for_label or bound.auto_id}"
        links += [(href, str(text)) for text in bound.errors]
    return links


def sort_state(query: QueryDict, key: str) -> dict[str, str]:
    """Return the `aria-sort` word and the query string that a click on column `key` leads to."""
    current = query.get("sort", "")
    ascending, descending = current == key, current == f"-{key}"
    changed = query.copy()
    changed["sort"] = f"-{key}" if ascending else key
    changed.pop("after", None)
    state = "ascending" if ascending else "descending" if descending else "none"
    return {"sort": state, "query": f"?{changed.urlencode()}"}
