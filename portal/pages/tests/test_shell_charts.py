"""Charts in Chromium: drawn from their tables under the strict policy, read by keyboard, redrawn for a theme."""

import re

import pytest
from django.conf import settings

from portal.pages import shellviews
from portal.pages.tests.conftest import POWERS, make_request, until
from portal.pages.tests.test_shell import luminance

CHART = "Chart.getChart(document.querySelector('#{} canvas'))"


def as_root():
    return make_request("/styleguide/", name="Root", powers=POWERS)


@pytest.fixture
def page(draw):
    drawn = draw(shellviews.styleguide, as_root())
    until(drawn.page, f"{CHART.format('sample-c5')} !== undefined")
    yield drawn.page
    assert drawn.violations == []


def test_every_chart_draws_the_values_of_its_table(page):
    same = """() => [...document.querySelectorAll("figure[data-chart]")].map((figure) => {
      const table = figure.querySelector("table");
      const kept = [...table.tHead.rows[0].cells].map((head, n) => head.dataset.kind ? n : -1).filter((n) => n >= 0);
      const value = (cell) => (cell.dataset.v ? Number(cell.dataset.v) : null);
      const shown = kept.map((n) => [...table.tBodies[0].rows].map((row) => value(row.cells[n])));
      const drawn = Chart.getChart(figure.querySelector("canvas")).data.datasets.map((set) => set.data);
      return shown.length > 1 && JSON.stringify(shown) === JSON.stringify(drawn);
    })"""
    assert page.evaluate(same) == [True] * 4


def test_a_chart_says_what_it_shows_and_where_its_keys_are_explained(page):
    label = page.get_attribute("#sample-c3 canvas", "aria-label")
    assert label == "Held versus active. 23 % idle, US$\xa04,195.00; most: project 缺陷检测 v2."
    assert page.get_attribute("#sample-c3 canvas", "role") == "img"
    assert page.inner_text("#chart-keys").startswith("Left, Right, Home and End")


def test_arrows_read_the_rows_of_the_table(page):
    page.focus("#sample-c3 canvas")
    said = "document.getElementById('say').textContent"
    page.keyboard.press("ArrowRight")
    assert (
        page.evaluate(said) == "1 November 2026, Held and active 60.0, Held but idle 20.0, Not measured 0.0"
    )
    page.keyboard.press("End")
    assert (
        page.evaluate(said) == "14 November 2026, Held and active 73.0, Held but idle 20.0, Not measured 5.0"
    )
    page.keyboard.press("ArrowRight")
    assert page.evaluate(said).startswith("14 November 2026")
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(said).startswith("13 November 2026")
    page.keyboard.press("Home")
    assert page.evaluate(said).startswith("1 November 2026")


WATCH_LINK = """document.querySelectorAll('#sample-c2 tbody a')[1].addEventListener('click', (event) => {
  event.preventDefault();
  window.__followed = true;
})"""


def test_enter_follows_the_row_that_was_read(page):
    page.focus("#sample-c2 canvas")
    page.evaluate(WATCH_LINK)
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    assert page.evaluate("window.__followed") is True


def test_other_keys_keep_their_meaning(page):
    page.focus("#sample-c2 canvas")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.id") == "sample-c2-open"


def test_a_type_keeps_its_colour_and_idle_is_a_pattern(page):
    chart = CHART.format("sample-c2")
    assert page.evaluate(f"{chart}.data.datasets[0].backgroundColor") == "rgb(40, 102, 169)"
    assert page.evaluate(f"{chart}.data.datasets[6].backgroundColor") == "rgb(122, 133, 143)"
    held = CHART.format("sample-c3")
    assert page.evaluate(
        f"{held}.data.datasets.map((set) => set.backgroundColor instanceof CanvasPattern)"
    ) == [False, True, True]


def test_a_change_of_theme_redraws_in_its_colours(page):
    chart = CHART.format("sample-c2")
    page.emulate_media(color_scheme="dark")
    until(page, f"{chart}.data.datasets[0].backgroundColor === 'rgb(121, 192, 253)'")
    page.evaluate("document.documentElement.dataset.bsTheme = 'light'")
    until(page, f"{chart}.data.datasets[0].backgroundColor === 'rgb(40, 102, 169)'")


def test_forced_colours_draw_every_series_with_a_pattern_of_its_own(page):
    page.emulate_media(forced_colors="active")
    chart = CHART.format("sample-c2")
    until(page, f"{chart}.data.datasets[0].borderColor === 'CanvasText'")
    assert page.evaluate(
        f"{chart}.data.datasets.slice(0, 7).every((set) => set.backgroundColor instanceof CanvasPattern)"
    )


def test_nothing_moves(page):
    still = (
        "[...document.querySelectorAll('figure canvas')].map((one) => Chart.getChart(one).options.animation)"
    )
    assert page.evaluate(still) == [False] * 4


def test_without_scripts_the_tables_stand_open(draw):
    page = draw(shellviews.styleguide, as_root(), script=False).page
    assert page.locator("#sample-c2-table").is_visible()
    assert not page.locator("#sample-c2 canvas").is_visible()


def test_a_table_sorts_by_its_links_and_adds_up(page):
    head = page.locator("#sample-projects-table thead th")
    assert head.all_inner_texts()[:3] == ["Project", "Held hours", "Idle"]
    assert page.locator("#sample-projects-table tfoot td").all_inner_texts()[:2] == ["1,626.8", "907.67"]
    shown = page.locator("#sample-projects-table tbody td:nth-child(3)").all_inner_texts()
    assert shown == ["812.34", "95.33", "0.00"]


GROUNDS = {"light": "#ffffff", "dark": "#12171d"}


@pytest.mark.parametrize("theme", GROUNDS)
def test_series_stand_out_from_the_ground_in_both_themes(theme):
    text = (settings.BASE_DIR / "static/css/charts.css").read_text(encoding="utf-8")
    pairs = re.findall(r"\.c-\d \{ color: light-dark\((#\w{6}), (#\w{6})\)", text)
    assert len(pairs) == 7
    ground = luminance(GROUNDS[theme])
    for light, dark in pairs:
        low, high = sorted([luminance(light if theme == "light" else dark), ground])
        assert (high + 0.05) / (low + 0.05) >= 3, (theme, light, dark)
