"""Live updates in Chromium: topics, catching up, polling without a socket, lists held still, the pause."""

import json
from types import SimpleNamespace

import pytest
from django.http import HttpRequest, HttpResponse
from django.template import engines

from portal.pages import shell, shellviews
from portal.pages.tests.conftest import ORIGIN, make_request, until

PAGE = """{% extends "base.html" %}{% load purser %}{% block title %}Live{% endblock %}{% block content %}
{% live "request:12" id="state" url="/state/" version=5 %}<p id="word">as drawn</p>{% endlive %}
{% live "catalogue" id="list" url="/list/" version=2 hold=True %}<ul data-keylist>
<li data-keyitem><a href="#one" id="one">One</a>
<input type="checkbox" name="sel" value="1" id="sel-1" aria-label="1"></li>
</ul>{% endlive %}
<form id="form" method="post" hx-post="/form/" hx-target="#form" hx-swap="outerHTML">
<button id="send">Send</button></form>
{% endblock %}"""
STATE = '<div id="state" data-live-topic="request:12" data-live-version="6"><p id="word">fetched</p></div>'
LIST = """{% load purser %}{% live "catalogue" id="list" url="/list/" version=3 hold=True %}<ul data-keylist>
<li data-keyitem><a href="#one" id="one">One again</a>
<input type="checkbox" name="sel" value="1" id="sel-1" aria-label="1"{% if ticked %} checked{% endif %}>
</li></ul>{% endlive %}"""
FORM = """<form id="form" method="post"><div class="error-summary" tabindex="-1" data-error-summary data-title="Error:">
<h2>There is a problem</h2></div><button id="send">Send</button></form>"""


def page_view(request: HttpRequest) -> HttpResponse:
    """Draw the test page."""
    return HttpResponse(engines["django"].from_string(PAGE).render({}, request))


@pytest.fixture
def live(draw, monkeypatch):
    """Return a function that draws the page with a scripted socket: `live(**cookies)`."""
    monkeypatch.setattr(shell, "_url", lambda name: f"/{name}/")

    def run(*, refuse=False, powers=(), **cookies):
        request = make_request("/", name="Mia", powers=powers, **cookies)
        seen = SimpleNamespace(sent=[], sockets=[], fetched=[])

        def accept(socket):
            if refuse:
                socket.close()
                return
            seen.sockets.append(socket)
            socket.on_message(lambda text: seen.sent.append(json.loads(text)))

        def prepare(context):
            context.route_web_socket("**/ws/live/", accept)
            context.route("**/state/", lambda route: _answer(route, seen, STATE))
            context.route("**/list/**", lambda route: _answer(route, seen, _list(route)))
            context.route("**/counts/", lambda route: _answer(route, seen, _counts()))
            context.route("**/form/", lambda route: _answer(route, seen, FORM, 422))

        seen.page = draw(page_view, request, prepare=prepare).page
        return seen

    return run


def _list(route):
    return engines["django"].from_string(LIST).render({"ticked": "sel=1" in route.request.url})


def _counts():
    request = make_request("/counts/", name="Mia", powers=("is_approver",))
    request.META["HTTP_HX_REQUEST"] = "true"
    return shellviews.counts(request).content.decode()


def _answer(route, seen, body, status=200):
    seen.fetched.append(route.request.url.removeprefix(ORIGIN))
    route.fulfill(status=status, body=body, headers={"content-type": "text/html; charset=utf-8"})


def test_socket_is_told_topics_with_the_versions_drawn_and_a_newer_one_is_fetched(live):
    seen = live()
    until(seen.page, "document.querySelector('#live-state').dataset.state === 'live'")
    assert seen.sent[0] == {"topics": {"inbox:7": 4, "person:7": 4, "request:12": 5, "catalogue": 2}}
    seen.sockets[0].send(json.dumps({"t": "request:12", "v": 6}))
    until(seen.page, "document.querySelector('#word').textContent === 'fetched'")
    assert seen.fetched == ["/state/"]


def test_old_version_and_broken_message_fetch_nothing(live):
    seen = live()
    until(seen.page, "document.querySelector('#live-state').dataset.state === 'live'")
    for text in (
        "not json",
        json.dumps({"t": "request:12", "v": 5}),
        json.dumps({"t": "request:12", "v": 6}),
    ):
        seen.sockets[0].send(text)
    until(seen.page, "document.querySelector('#word').textContent === 'fetched'")
    assert seen.fetched == ["/state/"]


def test_list_under_focus_is_held_until_its_button_is_pressed_and_ticks_survive(live):
    seen = live()
    until(seen.page, "document.querySelector('#live-state').dataset.state === 'live'")
    seen.page.check("#sel-1")
    seen.sockets[0].send(json.dumps({"t": "catalogue", "v": 3}))
    seen.page.wait_for_selector("#list-more", state="visible")
    assert (seen.fetched, seen.page.inner_text("#one")) == ([], "One")
    seen.page.click("#list-more")
    until(seen.page, "document.querySelector('#one').textContent === 'One again'")
    assert seen.fetched == ["/list/?sel=1"]
    assert seen.page.is_checked("#sel-1")


def test_without_a_socket_the_page_polls_and_says_so(live):
    seen = live_with_clock(live, refuse=True)
    assert seen.page.inner_text("#live-state") == "Reconnecting…"
    seen.page.clock.run_for(6000)
    assert seen.page.inner_text("#live-state") == "Checking every 30 seconds"
    seen.page.clock.run_for(37000)
    until(seen.page, "document.querySelector('#word').textContent === 'fetched'")
    assert "/state/" in seen.fetched


def live_with_clock(live, **options):
    seen = live(**options)
    seen.page.clock.install()
    seen.page.reload()
    return seen


def test_answer_without_the_region_leaves_the_page_as_it_was(live):
    seen = live()
    until(seen.page, "document.querySelector('#live-state').dataset.state === 'live'")
    seen.page.context.route("**/state/", lambda route: _answer(route, seen, "<h1>Sign in</h1>"))
    seen.page.evaluate(
        "() => { document.addEventListener('htmx:afterRequest', () => { window.answered = true; }); }"
    )
    seen.sockets[0].send(json.dumps({"t": "request:12", "v": 6}))
    until(seen.page, "window.answered")
    assert seen.page.inner_text("#word") == "as drawn"


def test_socket_closed_as_signed_out_is_told_and_not_opened_again(live):
    seen = live()
    until(seen.page, "document.querySelector('#live-state').dataset.state === 'live'")
    seen.sockets[0].close(code=4401)
    until(seen.page, "document.querySelector('#live-state').dataset.state === 'ended'")
    assert seen.page.inner_text("#live-state") == "Signed out. Sign in again to see changes"
    assert len(seen.sockets) == 1


def test_counts_of_the_frame_follow_their_topics(live, monkeypatch):
    monkeypatch.setattr(shell, "_counters", {"inbox": lambda request: 1, "notifications": lambda request: 2})
    seen = live(powers=("is_approver",))
    until(seen.page, "document.querySelector('#live-state').dataset.state === 'live'")
    monkeypatch.setattr(shell, "_counters", {"inbox": lambda request: 3, "notifications": lambda request: 0})
    seen.sockets[0].send(json.dumps({"t": "inbox:7", "v": 5}))
    until(seen.page, "document.querySelector('#count-wide').textContent.trim() === '3'")
    assert seen.page.inner_text("#bell-count") == ""
    assert seen.fetched == ["/counts/"]


def test_paused_page_opens_no_socket(live):
    seen = live(live="paused")
    until(seen.page, "document.querySelector('#live-state').dataset.state === 'paused'")
    assert seen.page.inner_text("#live-state") == "Paused by you"
    assert seen.sockets == []


def test_form_returned_with_errors_is_swapped_and_its_summary_takes_the_focus(live):
    seen = live()
    seen.page.click("#send")
    until(seen.page, "document.activeElement.hasAttribute('data-error-summary')")
    assert seen.page.title() == "Error: Live – Purser"
