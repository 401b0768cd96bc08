"""The template lint, the component tags and the vendored files."""

import datetime as dt
from pathlib import Path

import pytest
from django import forms
from django.conf import settings
from django.core.management import CommandError, call_command
from django.template import engines
from django.test import RequestFactory, override_settings
from django.utils import translation

from portal.pages import static_assets, templatelint

MOMENT = dt.datetime(2026, 11, 20, 14, 5, tzinfo=dt.UTC)
P = Path("page.html")


def draw(text, **context):
    return (
        engines["django"]
        .from_string("{% load purser %}" + text)
        .render(context, RequestFactory().get("/?sort=ends&q=a"))
    )


@pytest.mark.parametrize(
    "text",
    [
        '<p style="color:red">',
        "<style>p{}</style>",
        '<button onclick="go()">',
        '<a hx-on:click="go()">',
        '<div hx-trigger="click[ctrlKey]">',
        "<div hx-vals='js:{a: 1}'>",
        "<script>go()</script>",
        '<script src="https://cdn.example/x.js"></script>',
        '<img src="//cdn.example/x.png">',
        "{{ text|safe }}",
        "{% autoescape off %}",
        '{% translate "Please enter a name" %}',
        '{{ _("Invalid date") }}',
        "{% blocktranslate %}Sorry, no{% endblocktranslate %}",
        "<p>非法输入</p>",
    ],
)
def test_lint_finds_what_the_policy_blocks_and_words_that_blame(text):
    assert [finding.line for finding in templatelint.lint_text("\n" + text, P)] == [2]


@pytest.mark.parametrize(
    "text",
    [
        '<div hx-trigger="live:request:12 from:body, live-show" hx-vals=\'{"a": 1}\'>',
        '<a href="https://jira.example.com/">Jira</a>',
        '<script src="/static/app.js" type="module"></script>',
        '{% translate "Enter the use case" %} <p data-style="x">{{ safe }}</p>',
    ],
)
def test_lint_lets_plain_markup_pass(text):
    assert list(templatelint.lint_text(text, P)) == []


def test_all_templates_pass_the_lint():
    assert templatelint.lint([settings.BASE_DIR / "templates"]) == []


def test_lint_command_reports_place_and_reason(tmp_path, capsys):
    (tmp_path / "bad.html").write_text("<b>\n<style>", encoding="utf-8")
    assert templatelint.main([str(tmp_path)]) == 1
    reason = "a <style> element is blocked by the Content-Security-Policy"
    assert capsys.readouterr().out == f"{tmp_path}/bad.html:2: {reason}\n"
    (tmp_path / "bad.html").unlink()
    assert templatelint.main([str(tmp_path)]) == 0


class Sample(forms.Form):
    name = forms.CharField(
        label="Name", help_text="As in Jira", error_messages={"required": "Enter the name"}
    )
    role = forms.ChoiceField(
        label="Role",
        choices=[("viewer", "Viewer")],
        widget=forms.RadioSelect,
        error_messages={"required": "Select a role"},
    )


def test_field_ties_label_hint_and_error_to_its_control():
    html = draw("{% field form.name %}", form=Sample({}))
    assert 'aria-describedby="id_name_hint id_name_error"' in html
    assert 'aria-invalid="true"' in html
    assert '<label for="id_name">Name</label>' in html
    assert '<span class="visually-hidden">Error:</span> Enter the name' in html


def test_radio_field_is_a_fieldset_with_a_legend():
    html = draw("{% field form.role %}", form=Sample({"name": "x", "role": "viewer"}))
    assert "<legend>Role</legend>" in html
    assert 'type="radio" name="role" value="viewer" id="id_role_0" checked' in html


def test_error_summary_links_each_field_and_is_absent_without_errors():
    html = draw("{% error_summary form %}", form=Sample({}))
    assert '<a href="#id_name">Enter the name</a>' in html
    assert '<a href="#id_role">Select a role</a>' in html
    assert draw("{% error_summary form %}", form=Sample()).strip() == ""


def test_sort_heading_toggles_and_keeps_other_parameters():
    assert 'aria-sort="ascending"><a href="?sort=-ends&amp;q=a"' in draw('{% sort_th "Ends" "ends" %}')
    assert 'aria-sort="none"><a href="?sort=name&amp;q=a"' in draw('{% sort_th "Name" "name" %}')


@pytest.mark.parametrize(
    ("language", "text"), [("en", "20 November 2026, 14:05"), ("zh-hans", "2026年11月20日 14:05")]
)
def test_moment_is_written_as_the_language_writes_it(language, text):
    with translation.override(language):
        html = draw("{% when at %}", at=MOMENT)
    assert html == f'<time datetime="2026-11-20T14:05:00Z" title="{text} UTC">{text}</time>'


def test_missing_moment_is_a_dash():
    assert draw("{% when at %}{% day at %}", at=None).count("–") == 2


def test_content_of_components_is_escaped():
    html = draw(
        '{% banner "bad" title %}{{ title }}{% endbanner %}{% copy_row title title %}{{ title|han }}'
        "{% summary_row title %}{{ title }}{% endsummary_row %}",
        title="<b>王",
    )
    assert "<b>王" not in html
    assert html.count("&lt;b&gt;王") == 7


def test_empty_state_cannot_be_drawn_without_its_three_lines():
    with pytest.raises(Exception, match="did not receive value"):
        draw('{% empty title="No grants yet" why="None was approved" %}')


def test_live_region_carries_topic_version_and_refetches_itself():
    html = draw('{% live "request:12" id="state" url="/requests/12/" version=5 %}x{% endlive %}')
    assert 'data-live-topic="request:12" data-live-version="5" hx-get="/requests/12/"' in html
    assert 'hx-trigger="live:request:12 from:body, live-show" hx-target="#state" hx-select="#state"' in html
    assert html.endswith(' id="state">x</div>')


def test_vendoring_copies_files_with_their_maps_and_draws_one_sprite(tmp_path):
    if not (settings.BASE_DIR / "node_modules").is_dir():
        pytest.skip("npm ci --ignore-scripts has not run")
    written = static_assets.vendor(modules=settings.BASE_DIR / "node_modules", target=tmp_path)
    names = {path.name for path in written}
    assert names == {
        "chart.umd.min.js",
        "chart.umd.min.js.map",
        "tabler.min.css",
        "tabler.min.css.map",
        "htmx.min.js",
        "idiomorph-ext.min.js",
        "icons.svg",
    }
    sprite = (tmp_path / "icons.svg").read_text(encoding="utf-8")
    in_use = static_assets.icons_in_use(settings.BASE_DIR)
    assert sprite.count("<symbol ") == len(in_use)
    assert {"check", "anchor", "circle-check"} <= in_use


def test_unknown_icon_stops_the_sprite(tmp_path):
    with pytest.raises(static_assets.MissingAsset, match=r"no-such-icon\.svg"):
        static_assets.sprite(tmp_path, {"no-such-icon"})


def test_vendor_command_says_what_to_run_without_node_modules(tmp_path):
    with override_settings(BASE_DIR=tmp_path), pytest.raises(CommandError, match="npm ci --ignore-scripts"):
        call_command("vendor_static")
