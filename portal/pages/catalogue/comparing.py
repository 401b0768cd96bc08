"""Two tags of one image side by side: what they hold, what the scanner says, and in words what differs."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from grants.catalogue.models import Scan
from portal.pages.access import signed_in, viewer_of
from portal.pages.catalogue.presenters import SEVERITIES, TagRow, readable_findings, tag_rows, whole_image
from portal.pages.markup import moment_text

Shown = Callable[[int], str]
MOST_FINDINGS = 50


class CompareForm(forms.Form):
    """Which two tags. `names` are all of the image, the last moved first; without a choice the last two."""

    one = forms.ChoiceField(label=gettext_lazy("First tag"))
    other = forms.ChoiceField(label=gettext_lazy("Second tag"))

    def __init__(self, data: Any, names: Sequence[str], **kwargs: Any) -> None:
        super().__init__(data, initial=dict(zip(("other", "one"), names, strict=False)), **kwargs)
        for name in ("one", "other"):
            self.fields[name] = forms.ChoiceField(
                label=self.fields[name].label,
                choices=[(tag, tag) for tag in names],
                error_messages={
                    "required": _("Choose a tag"),
                    "invalid_choice": _("Choose one of the tags that the image has now"),
                },
            )


@dataclass(frozen=True)
class Difference:
    """One fact of both tags as text, and in words how they differ; `code` is what machines read."""

    label: str
    one: str
    other: str
    words: str
    same: bool
    code: bool = False


@dataclass(frozen=True)
class Findings:
    """The findings that only one tag has: the worst of them, and how many there are."""

    tag: str
    total: int
    rows: Sequence[dict[str, Any]]


@require_safe
@signed_in
def compare(request: HttpRequest, pk: int) -> HttpResponse:
    """Show two tags of an image side by side: the ones asked for, else the two that moved last. Raises Http404."""
    image = whole_image(viewer_of(request), pk)
    if image is None:
        raise Http404
    tags = tag_rows(image, timezone.now())
    names = [row.tag.name for row in tags]
    form = CompareForm(request.GET if "one" in request.GET or "other" in request.GET else None, names)
    context = {"image": image, "form": form, "enough": len(tags) > 1}
    if len(tags) > 1 and not (form.is_bound and form.errors):
        context |= _compared(tags, form.cleaned_data if form.is_bound else form.initial)
    return render(request, "pages/catalogue/compare.html", context, status=422 if form.errors else 200)


def _compared(tags: Iterable[TagRow], chosen: Any) -> dict[str, Any]:
    by_name = {row.tag.name: row for row in tags}
    one, other = by_name[chosen["one"]], by_name[chosen["other"]]
    facts, labels, scan = facts_of(one, other), labels_of(one, other), scan_of(one, other)
    return {
        "one": one,
        "other": other,
        "tables": [
            (_("What they hold"), facts),
            (_("Labels"), labels),
            (_("What the scanner says"), scan),
        ],
        "different": sum(not row.same for row in (*facts, *labels, *scan)),
        "findings": [found for found in (only_in(one, other), only_in(other, one)) if found.total],
    }


def facts_of(one: TagRow, other: TagRow) -> list[Difference]:
    """Digest, size, platforms and when it was built."""
    first, second = one.tag.version, other.tag.version
    return [
        replace(_fact(_("Digest"), first.digest, second.digest), code=True),
        _amount(_("Size"), first.size, second.size, shown=filesizeformat, words=_size_words(other.tag.name)),
        _fact(_("Platforms"), ", ".join(first.architectures), ", ".join(second.architectures)),
        _fact(_("Built"), _moment(first.built_at), _moment(second.built_at)),
    ]


def labels_of(one: TagRow, other: TagRow) -> list[Difference]:
    """Every label that either has, by name."""
    first, second = one.tag.version.labels, other.tag.version.labels
    names = sorted({*first, *second})
    ends = (one.tag.name, other.tag.name)
    return [_fact(name, str(first.get(name, "")), str(second.get(name, "")), only=ends) for name in names]


def scan_of(one: TagRow, other: TagRow) -> list[Difference]:
    """Findings by severity, and when they were looked for; a tag without a scan has no numbers."""
    first, second = one.scan, other.scan
    counts = [
        (str(label), getattr(first, name, None), getattr(second, name, None))
        for name, label in SEVERITIES.items()
    ]
    rows = [_amount(*count, shown=str, words=_count_words(other.tag.name)) for count in counts]
    return [*rows, _fact(_("Scanned"), _scanned(first), _scanned(second))]


def only_in(one: TagRow, other: TagRow) -> Findings:
    """The findings of `one` that `other` does not have, by finding and package; nothing where a scan is missing."""
    if one.scan is None or other.scan is None:
        return Findings(one.tag.name, 0, [])
    known = {(found.get("id"), found.get("package")) for found in other.scan.findings}
    new = [found for found in one.scan.findings if (found.get("id"), found.get("package")) not in known]
    return Findings(one.tag.name, len(new), readable_findings(new[:MOST_FINDINGS]))


def _fact(label: str, one: str, other: str, only: tuple[str, str] | None = None) -> Difference:
    words = _("Same") if one == other else _("Different")
    if only and bool(one) != bool(other):
        words = _("Only in %(tag)s") % {"tag": only[0] if one else only[1]}
    return Difference(label, one or "–", other or "–", words, one == other)


def _amount(label: str, one: int | None, other: int | None, *, shown: Shown, words: Shown) -> Difference:
    """`words` tell a change from the first to the second; a number that is not known cannot be compared."""
    if one is None or other is None:
        said = _("Same") if one == other else _("Cannot be compared")
    else:
        said = words(other - one) if other != one else _("Same")
    return Difference(label, _shown(one, shown), _shown(other, shown), said, one == other)


def _shown(value: int | None, shown: Shown) -> str:
    return "–" if value is None else shown(value)


def _size_words(tag: str) -> Shown:
    def words(change: int) -> str:
        said = _("%(size)s larger in %(tag)s") if change > 0 else _("%(size)s smaller in %(tag)s")
        return said % {"size": filesizeformat(abs(change)), "tag": tag}

    return words


def _count_words(tag: str) -> Shown:
    def words(change: int) -> str:
        said = _("%(n)d more in %(tag)s") if change > 0 else _("%(n)d fewer in %(tag)s")
        return said % {"n": abs(change), "tag": tag}

    return words


def _scanned(scan: Scan | None) -> str:
    return _moment(scan.scanned_at) if scan else _("Not scanned")


def _moment(at: Any) -> str:
    return moment_text(at) if at else ""
