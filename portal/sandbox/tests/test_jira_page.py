"""The stand-in's page: two languages, buttons that work as plain forms, nothing inline."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.sandbox.jira.pages import WORDS, language
from portal.sandbox.tests.jira_process import Standin, running_standin


@pytest.fixture
def standin(tmp_path: Path) -> Iterator[Standin]:
    with running_standin(tmp_path / "state.json") as running:
        yield running


@pytest.mark.enable_loopback
def test_an_issue_is_finished_and_reopened_by_its_button(standin: Standin) -> None:
    assert "There are no issues yet." in standin.http.get("/").text
    key = standin.seed("Cards & <b>fraud</b>")
    page = standin.http.get("/").text
    assert f'action="/issues/{key}/done"' in page
    assert "Cards &amp; &lt;b&gt;fraud&lt;/b&gt;" in page
    pressed = standin.press(key)
    assert (pressed.status_code, pressed.headers["location"]) == (303, f"/?moved={key}")
    page = standin.http.get(pressed.headers["location"]).text
    assert f"{key} is now: Done." in page
    assert f'action="/issues/{key}/reopen"' in page
    standin.press(key, "reopen")
    assert f'action="/issues/{key}/done"' in standin.http.get("/").text


@pytest.mark.enable_loopback
def test_the_page_speaks_chinese_and_forbids_everything_inline(standin: Standin) -> None:
    standin.seed()
    answer = standin.http.get("/", headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"})
    assert '<html lang="zh-Hans">' in answer.text
    assert "重新打开" not in answer.text
    assert "完成" in answer.text
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; style-src 'self'")
    assert "style=" not in answer.text
    assert "<script" not in answer.text
    assert standin.http.get("/style.css").headers["content-type"].startswith("text/css")


@pytest.mark.enable_loopback
def test_a_form_of_another_site_is_refused(standin: Standin) -> None:
    key = standin.seed()
    sent = standin.http.post(f"/issues/{key}/done", headers={"Sec-Fetch-Site": "cross-site"})
    assert sent.status_code == 403
    assert standin.press("NONE-1").status_code == 404
    assert standin.http.get("/absent").status_code == 404
    assert standin.http.put("/").status_code == 405


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
