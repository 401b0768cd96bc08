"""The frame: navigation by role, preferences, words, error pages, budgets, contrast."""

import datetime as dt
import gzip
import itertools
import re
from types import SimpleNamespace

import pytest
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.urls import NoReverseMatch

from portal.pages import shell, shellviews, words
from portal.pages.tests.conftest import POWERS, make_request

NOW = dt.datetime(2026, 11, 20, 14, 5, tzinfo=dt.UTC)
STATIC = settings.BASE_DIR / "static"


@pytest.fixture
def _all_routes(monkeypatch):
    monkeypatch.setattr(shell, "_url", lambda name: "/" if name == "home" else f"/{name}/")


def labels(request):
    links = shell.frame(request)["nav"] + shell.frame(request)["admin_nav"]
    return [str(link.label) for link in links]


OVERSEEN = ["Audit", "Brakes", "Differences", "People", "Projects", "Pulls", "Teams"]


@pytest.mark.usefixtures("_all_routes")
@pytest.mark.parametrize(
    ("powers", "more"),
    [
        ((), []),
        (("is_approver",), ["Approvals"]),
        (("is_lead",), ["Differences", "Projects", "Pulls", "Teams"]),
        (("is_auditor",), OVERSEEN),
        (POWERS, [*OVERSEEN, "Approvals", "Health", "Style guide"]),
    ],
)
def test_navigation_shows_only_what_the_role_can_use(powers, more):
    everyone = ["Home", "Catalogue", "Requests", "Grants", "Pull help"]
    assert sorted(labels(make_request(name="Alice", powers=powers))) == sorted(everyone + more)


@pytest.mark.usefixtures("_all_routes")
def test_navigation_is_empty_before_sign_in():
    assert labels(make_request()) == []


@pytest.mark.usefixtures("_all_routes")
def test_current_page_is_marked_and_home_only_on_itself():
    links = shell.frame(make_request("/grants/7/", name="Alice"))["nav"]
    assert [str(link.label) for link in links if link.current] == ["Grants"]


def test_link_to_a_page_that_is_not_routed_is_left_out(monkeypatch):
    def refuse(name):
        raise NoReverseMatch

    monkeypatch.setattr(shell, "reverse", refuse)
    assert labels(make_request(name="Root", powers=POWERS)) == []


@pytest.mark.usefixtures("_all_routes")
def test_count_comes_from_its_provider_and_never_before_sign_in(monkeypatch):
    monkeypatch.setattr(shell, "_counters", {})
    shell.count_provider("inbox", lambda request: 7)
    inbox = next(x for x in shell.frame(make_request(name="Mia", powers=("is_approver",)))["nav"] if x.count)
    assert (str(inbox.label), inbox.count) == ("Approvals", 7)
    assert shell.count_of(make_request(), "inbox") is None


def test_counts_opened_as_a_page_lead_to_the_notifications():
    assert shellviews.counts(make_request("/counts/", name="Mia"))["Location"] == "/notifications/"
    assert shellviews.counts(make_request("/counts/"))["Location"] == "/accounts/login/?next=/counts/"


def test_session_end_is_its_age_after_sign_in_or_after_it_was_kept():
    request = make_request(name="Alice")
    assert shell.session_ends(request) == 0
    request.session["account_authentication_methods"] = [{"at": 1000.0}]
    assert shell.session_ends(request) == 1000 + settings.SESSION_COOKIE_AGE
    request.session[shell.KEPT_AT] = 5000.0
    assert shell.session_ends(request) == 5000 + settings.SESSION_COOKIE_AGE


def post(data, *, name="", **headers):
    request = RequestFactory().post("/preferences/", data, HTTP_HOST="127.0.0.1", headers=headers)
    request.user = SimpleNamespace(is_authenticated=bool(name))
    request.session = {}
    return request, shellviews.set_preferences(request)


def test_preferences_are_remembered_and_lead_back():
    _, answer = post({"language": "zh-hans", "theme": "dark", "live": "paused", "next": "/grants/?page=2"})
    assert (answer.status_code, answer["Location"]) == (302, "/grants/?page=2")
    kept = {name: morsel.value for name, morsel in answer.cookies.items()}
    assert kept == {"django_language": "zh-hans", "theme": "dark", "live": "paused"}
    assert all(morsel["httponly"] and morsel["samesite"] == "Lax" for morsel in answer.cookies.values())


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example", "javascript:alert(1)", ""])
def test_preferences_never_lead_to_another_site_and_ignore_unknown_values(target):
    _, answer = post({"language": "xx", "theme": "pink", "next": target})
    assert (answer["Location"], dict(answer.cookies)) == ("/", {})


def test_keeping_the_session_marks_it_only_for_somebody_signed_in():
    request, answer = post({"keep": "yes"}, name="alice", hx_request="true")
    assert (answer.status_code, shell.KEPT_AT in request.session) == (204, True)
    request, _ = post({"keep": "yes"})
    assert shell.KEPT_AT not in request.session


def test_style_guide_is_for_administrators():
    with pytest.raises(PermissionDenied):
        shellviews.styleguide(make_request("/styleguide/", name="Alice", powers=("is_lead",)))
    assert (
        shellviews.styleguide(make_request("/styleguide/"))["Location"]
        == "/accounts/login/?next=/styleguide/"
    )


def test_page_frame_names_language_theme_and_title():
    page = shellviews.help_page(make_request("/help/", name="Alice", theme="dark")).content.decode()
    assert '<html lang="en" data-bs-theme="dark"' in page
    assert "<title>Help – Purser</title>" in page
    assert page.count("<h1") == 1
    assert "data-bs-theme" not in shellviews.help_page(make_request("/help/")).content.decode()


def test_problem_page_names_who_can_help():
    answer = shellviews.problem_page(
        make_request(), status=403, title="Closed", text="It is over.", people=["王磊"]
    )
    assert answer.status_code == 403
    assert '<span lang="zh-Hans">王磊</span>' in answer.content.decode()


@pytest.mark.parametrize("code", ["400", "403", "403_csrf", "404", "422", "429", "500", "503"])
def test_error_page_draws_without_any_context(code):
    page = render_to_string(f"{code}.html")
    assert page.count("<h1") == 1
    assert 'href="/"' in page


def test_every_word_has_a_known_colour_and_domain_states_are_covered():
    table = itertools.chain.from_iterable(kind.values() for kind in words.WORDS.values())
    assert {word.colour for word in table} == {"ok", "warn", "bad", "info", "plain"}
    assert set(words.REQUEST) >= {
        "draft", "pending", "approved", "partly_approved", "denied", "withdrawn", "lapsed"
    }  # fmt: skip
    assert set(words.GRANT) >= {"scheduled", "provisioning", "active", "revoking", "ended", "failed"}
    assert set(words.DELIVERY) == {"wanted", "applied", "verified", "unwanted", "removed", "proven"}
    with pytest.raises(KeyError):
        words.word("request", "unheard-of")


@pytest.mark.parametrize(
    ("status", "reason", "days", "shown"),
    [
        ("active", None, 15, "active"),
        ("active", None, 14, "ends_soon"),
        ("active", None, None, "active"),
        ("revoking", "returned", 3, "revoking"),
        ("ended", "returned", 0, "returned"),
        ("ended", "revoked", 0, "revoked"),
        ("ended", "expired", 0, "ended"),
    ],
)
def test_grant_code_says_the_more_exact_thing(status, reason, days, shown):
    ends_at = None if days is None else NOW + dt.timedelta(days=days)
    assert words.grant_code(status=status, end_reason=reason, ends_at=ends_at, now=NOW) == shown


@pytest.mark.parametrize(
    ("files", "limit"),
    [("css/[pt]*.css", 6 * 1024), ("css/charts.css", 1536), ("js/*.js", 8 * 1024)],
    ids=["every page", "pages of costs", "scripts"],
)
def test_own_files_stay_within_their_budget(files, limit):
    text = b"".join(path.read_bytes() for path in sorted(STATIC.glob(files)))
    assert text
    assert len(gzip.compress(text, 9)) <= limit


def tokens(theme):
    text = (STATIC / "css/tokens.css").read_text(encoding="utf-8")
    pairs = re.findall(r"--p-([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", text)
    return {name: light if theme == "light" else dark for name, light, dark in pairs}


def luminance(colour):
    """Return relative luminance as WCAG 2.2 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


GROUNDS = ("bg", "subtle", "inset")
TEXTS = [(name, ground) for name in ("text", "muted", "link", "ok", "warn", "bad") for ground in GROUNDS]
TINTS = [(name, f"{name}-bg") for name in ("ok", "warn", "bad")] + [
    ("text", "accent-subtle"), ("on-accent", "accent"), ("text", "ok-bg"), ("text", "warn-bg"), ("text", "bad-bg"),
]  # fmt: skip


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("front", "ground"), TEXTS + TINTS)
def test_text_has_contrast_of_at_least_4_5(theme, front, ground):
    token = tokens(theme)
    assert contrast(token[front], token[ground]) >= 4.5


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("front", "ground"), list(itertools.product(("control", "accent"), GROUNDS)))
def test_edges_and_focus_have_contrast_of_at_least_3(theme, front, ground):
    token = tokens(theme)
    assert contrast(token[front], token[ground]) >= 3
