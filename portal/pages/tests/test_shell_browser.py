"""The frame and every component in Chromium: accessibility, reflow, policy, keyboard, copy, dialogs, live."""

import itertools
from types import SimpleNamespace

import pytest
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.pages import shell, shellviews
from portal.pages.tests.conftest import POWERS, make_request, until

TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
LOOKS = list(itertools.product((320, 768, 1440), ("light", "dark"), ("en", "zh-hans")))


@pytest.fixture(autouse=True)
def _whole_site(monkeypatch):
    """Draw the frame as in a complete site: all routes exist, one provider is connected, counts are supplied."""
    sso = SimpleNamespace(
        name="Acme SSO", uses_apps=False, get_login_url=lambda request, **query: "/accounts/oidc/sso/login/"
    )
    monkeypatch.setattr(shell, "_url", lambda name: "/" if name == "home" else f"/{name}/")
    monkeypatch.setattr(shell, "_counters", {"inbox": lambda request: 5, "notifications": lambda request: 2})
    monkeypatch.setattr(DefaultSocialAccountAdapter, "list_providers", lambda self, request: [sso])


def sign_in_page(request: HttpRequest) -> HttpResponse:
    """Draw the sign-in page with one provider and no local accounts."""
    return render(request, "account/login.html", {"form": None, "SOCIALACCOUNT_ONLY": True})


def find_violations(page):
    source = (settings.BASE_DIR / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")
    page.evaluate(source)
    result = page.evaluate("tags => axe.run(document, {runOnly: tags})", TAGS)
    assert len(result["passes"]) > 15
    return [(found["id"], [node["html"] for node in found["nodes"]]) for found in result["violations"]]


def reflows(page):
    return page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def as_root(path="/styleguide/", **cookies):
    return make_request(path, name="Root", powers=POWERS, **cookies)


@pytest.mark.parametrize(("width", "theme", "language"), LOOKS)
def test_style_guide_has_no_accessibility_violation_in_any_look(draw, width, theme, language):
    drawn = draw(shellviews.styleguide, as_root(), width=width, theme=theme, language=language)
    assert find_violations(drawn.page) == []
    assert reflows(drawn.page)
    assert drawn.violations == []


@pytest.mark.parametrize(("width", "theme", "language"), LOOKS)
def test_sign_in_page_has_no_accessibility_violation_in_any_look(draw, width, theme, language):
    drawn = draw(sign_in_page, make_request("/accounts/login/"), width=width, theme=theme, language=language)
    assert find_violations(drawn.page) == []
    assert reflows(drawn.page)
    assert drawn.violations == []


@pytest.mark.parametrize("view", [shellviews.help_page, shellviews.keyboard, shellviews.accessibility])
def test_public_pages_have_no_accessibility_violation(draw, view):
    drawn = draw(view, make_request("/help/"), width=320)
    assert find_violations(drawn.page) == []
    assert reflows(drawn.page)


def test_open_dialog_and_menu_have_no_accessibility_violation(draw):
    page = draw(shellviews.styleguide, as_root()).page
    page.click("#open-account")
    assert find_violations(page) == []
    page.keyboard.press("Escape")
    page.click("#open-sample")
    assert find_violations(page) == []


def test_first_error_summary_takes_the_focus_and_names_the_title(draw):
    page = draw(shellviews.styleguide, as_root()).page
    assert page.evaluate("document.activeElement.hasAttribute('data-error-summary')")
    assert page.title().startswith("Error: ")
    page.click("[data-error-summary] a >> nth=0")
    assert page.evaluate("document.activeElement.id") == "id_bad-purpose"


def test_dialog_returns_focus_to_what_opened_it(draw):
    page = draw(shellviews.styleguide, as_root()).page
    page.focus("#open-sample")
    page.keyboard.press("Enter")
    assert page.evaluate("document.querySelector('#sample-dialog').open")
    page.keyboard.press("Escape")
    until(page, "!document.querySelector('#sample-dialog').open")
    assert page.evaluate("document.activeElement.id") == "open-sample"


def test_menu_closes_when_the_focus_leaves_it_so_that_it_covers_nothing(draw):
    page = draw(shellviews.styleguide, as_root()).page
    page.focus("#open-account")
    page.keyboard.press("Enter")
    menu = "document.querySelector('details.menu:has(#open-account)')"
    assert page.evaluate(f"{menu}.open")
    page.keyboard.press("Tab")
    assert page.evaluate(f"{menu}.open && {menu}.contains(document.activeElement)")
    for _turn in range(12):
        page.keyboard.press("Tab")
        if not page.evaluate(f"{menu}.contains(document.activeElement)"):
            break
    assert not page.evaluate(f"{menu}.open")


def test_copy_on_plain_http_selects_the_text_and_says_which_key(draw):
    page = draw(shellviews.styleguide, as_root()).page
    page.click("[data-copy]")
    until(page, "document.querySelector('[data-copy-label]').textContent === 'Press Ctrl+C'")
    assert page.evaluate("getSelection().toString()").startswith("docker pull registry.example.com/")
    until(page, "document.querySelector('#say').textContent === 'Press Ctrl+C'")


def test_list_keys_move_and_tick_only_inside_the_list(draw):
    page = draw(shellviews.styleguide, as_root()).page
    page.keyboard.press("x")
    assert page.locator("[name=sel]:checked").count() == 0
    page.focus("#open-REQ-1207")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.id") == "open-REQ-1199"
    page.keyboard.press("Shift+X")
    assert page.locator("[name=sel]:checked").count() == 3
    assert page.inner_text("[data-bulk-count]") == "3"
    page.keyboard.press("?")
    assert page.evaluate("document.querySelector('#key-list').open")


def test_letters_do_nothing_in_a_list_when_the_person_turned_them_off(draw):
    page = draw(shellviews.styleguide, as_root(keys="off")).page
    page.focus("#open-REQ-1207")
    page.keyboard.press("x")
    page.keyboard.press("j")
    assert page.locator("[name=sel]:checked").count() == 0
    assert page.evaluate("document.activeElement.id") == "open-REQ-1207"


def test_every_focus_stop_shows_an_outline_and_none_is_hidden_by_the_bulk_bar(draw):
    page = draw(shellviews.styleguide, as_root(), width=320, height=640).page
    page.check("#sel-REQ-1207")
    page.evaluate("document.querySelector('.skip').focus()")
    stops = 0
    while page.evaluate("document.activeElement !== document.body") and stops < 100:
        page.keyboard.press("Tab")
        seen = page.evaluate(
            """() => { const one = document.activeElement; if (one === document.body) return 'end';
            const box = one.getBoundingClientRect();
            const [x, y] = [box.x + Math.min(box.width, 20) / 2, box.y + Math.min(box.height, 20) / 2];
            const top = document.elementFromPoint(x, y);
            const bar = document.querySelector('[data-bulk-bar]');
            if (bar.contains(top) && !bar.contains(one)) return 'covered ' + one.outerHTML;
            return getComputedStyle(one).outlineStyle === 'none' ? 'no outline ' + one.outerHTML : 'seen'; }"""
        )
        assert seen in ("seen", "end")
        stops += 1
    assert 40 < stops < 100


def test_page_reads_whole_without_javascript(draw):
    page = draw(shellviews.styleguide, as_root(), width=320, script=False).page
    page.locator(".nav-narrow summary").click()
    assert page.locator("#narrow-nav-1").is_visible()
    assert page.locator("#wide-nav-1").is_hidden()
    assert page.locator("#sample-dialog").is_hidden()
    assert page.locator("#live-state").is_hidden()
    assert reflows(page)


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_chinese_names_are_drawn_with_a_simplified_chinese_face(draw, language):
    page = draw(shellviews.styleguide, as_root(), language=language).page
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    node = session.send("DOM.querySelector", {"nodeId": root, "selector": "td span[lang=zh-Hans]"})["nodeId"]
    fonts = session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
    assert [font["familyName"] for font in fonts] == ["Noto Sans CJK SC"]
