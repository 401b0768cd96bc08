"""The stand-in's page: two languages, buttons that work as plain forms, nothing inline."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest

from portal.sandbox.jira.app import App
from portal.sandbox.jira.pages import WORDS, language
from portal.sandbox.jira.store import Store


class Browser:
    """Calls the application without a server."""

    def __init__(self, app: App) -> None:
        self._app = app

    def send(self, method: str, path: str, **more: Any) -> httpx.Response:
        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://jira.test") as http:
                return await http.request(method, path, **more)

        return asyncio.run(call())

    def get(self, path: str, **more: Any) -> httpx.Response:
        return self.send("GET", path, **more)

    def press(self, key: str, button: str = "done", **more: Any) -> httpx.Response:
        return self.send("POST", f"/issues/{key}/{button}", **more)

    def seed(self, summary: str) -> str:
        answer = self.send("POST", "/sandbox/issues", json={"summary": summary, "project": "FRAUD"})
        return str(answer.json()["issues"][0]["key"])


@pytest.fixture
def browser(tmp_path: Path) -> Browser:
    return Browser(App(Store(tmp_path / "state.json"), flavour="cloud"))


def test_an_issue_is_finished_and_reopened_by_its_button(browser: Browser) -> None:
    assert "There are no issues yet." in browser.get("/").text
    key = browser.seed("Cards & <b>fraud</b>")
    page = browser.get("/").text
    assert f'action="/issues/{key}/done"' in page
    assert "Cards &amp; &lt;b&gt;fraud&lt;/b&gt;" in page
    pressed = browser.press(key)
    assert (pressed.status_code, pressed.headers["location"]) == (303, f"/?moved={key}")
    page = browser.get(pressed.headers["location"]).text
    assert f"{key} is now: Done." in page
    assert f'action="/issues/{key}/reopen"' in page
    browser.press(key, "reopen")
    assert f'action="/issues/{key}/done"' in browser.get("/").text


def test_the_page_speaks_chinese_and_forbids_everything_inline(browser: Browser) -> None:
    browser.seed("Cards")
    answer = browser.get("/", headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"})
    assert '<html lang="zh-Hans">' in answer.text
    assert "重新打开" not in answer.text
    assert "完成" in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    assert "style=" not in answer.text
    assert "<script" not in answer.text
    assert browser.get("/style.css").headers["content-type"].startswith("text/css")


def test_a_form_of_another_site_is_refused(browser: Browser) -> None:
    key = browser.seed("Cards")
    sent = browser.press(key, headers={"Sec-Fetch-Site": "cross-site"})
    assert sent.status_code == 403
    assert browser.press("NONE-1").status_code == 404
    assert browser.get("/absent").status_code == 404
    assert browser.send("PUT", "/").status_code == 405


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("", "en"),
        ("zh", "zh"),
        ("en,zh;q=0.5", "en"),
        ("en;q=0.2,zh-TW;q=0.9", "zh"),
        ("fr,de", "en"),
        ("zh;q=x", "en"),
    ],
)
def test_the_language_is_the_one_preferred(accepted: str, expected: str) -> None:
    assert language(accepted) == expected


def test_both_languages_say_the_same_things() -> None:
    assert WORDS["en"].keys() == WORDS["zh"].keys()
