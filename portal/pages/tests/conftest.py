"""Pages drawn in Chromium straight from the template engine: no server, no socket, the strict policy on."""

import mimetypes
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils import translation
from playwright.sync_api import Browser, Page, Route, sync_playwright

from portal.pages import shell
from portal.pages.static_assets import vendor

ORIGIN = "http://purser.test"
POLICY = "; ".join(
    f"{name} {' '.join(values)}" for name, values in settings.CONTENT_SECURITY_POLICY["DIRECTIVES"].items()
)
NODE_MODULES = settings.BASE_DIR / "node_modules"
POWERS = ("is_lead", "is_approver", "is_auditor", "is_administrator")


@pytest.fixture(autouse=True)
def _no_counts(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """The frame's tests draw it for people who are in no database, so nothing can be counted for them."""
    if request.path.name.startswith("test_shell"):
        monkeypatch.setattr(shell, "_counters", {})


def make_request(
    path: str = "/", *, name: str = "", powers: tuple[str, ...] = (), **cookies: str
) -> HttpRequest:
    """Return a GET as the middleware would hand it to a view; `name` empty is somebody not signed in."""
    request = RequestFactory().get(path, HTTP_HOST="127.0.0.1")
    request.COOKIES.update(cookies)
    person = SimpleNamespace(pk=7, name=name, user_name=name.lower())
    request.user = SimpleNamespace(is_authenticated=bool(name), is_active=True, person=person)  # type: ignore[assignment]
    request.viewer = SimpleNamespace(**{power: power in powers for power in POWERS})  # type: ignore[attr-defined]
    request.session = {}  # type: ignore[assignment]
    request._messages = CookieStorage(request)  # type: ignore[attr-defined]
    return request


def until(page: Page, condition: str) -> None:
    """Wait up to 5 s until `condition` holds (Playwright's own wait needs eval, which the policy refuses)."""
    for _ in range(250):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(20)
    raise AssertionError(condition)


@dataclass
class Drawn:
    """A page in the browser and the policy violations seen so far."""

    page: Page
    violations: list[str] = field(default_factory=list)


@pytest.fixture(autouse=True)
def _topic_versions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the frame ask no database for versions."""
    monkeypatch.setattr(shell, "_versions", [lambda names: dict.fromkeys(names, 4)])


@pytest.fixture(scope="session")
def assets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with our static files and those of other people."""
    if not NODE_MODULES.is_dir():
        pytest.skip("npm ci --ignore-scripts has not run")
    folder = tmp_path_factory.mktemp("static")
    for part in ("css", "js", "img"):
        shutil.copytree(settings.BASE_DIR / "static" / part, folder / part)
    vendor(modules=NODE_MODULES, target=folder / "vendor")
    return folder


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return Debian's Chromium, a module's own: one process can hold only one Playwright at a time."""
    if not Path("/usr/bin/chromium").exists():
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path="/usr/bin/chromium")
        yield chromium
        chromium.close()


@pytest.fixture
def draw(browser: Browser, assets: Path) -> Iterator[Callable[..., Drawn]]:
    """Return a function that draws a view's answer: `draw(view, request, width=1440, theme="light", language="en")`."""
    contexts = []

    def run(view: Callable[..., HttpResponse], request: HttpRequest, **options: Any) -> Drawn:
        context, drawn = _open(browser, assets, view, request, options)
        contexts.append(context)
        drawn.page.goto(ORIGIN + request.get_full_path())
        return drawn

    yield run
    for context in contexts:
        context.close()


def _open(
    browser: Browser,
    assets: Path,
    view: Callable[..., HttpResponse],
    request: HttpRequest,
    options: dict[str, Any],
) -> tuple[Any, Drawn]:
    with translation.override(options.get("language", "en")):
        answer = view(request)
    context = browser.new_context(
        viewport={"width": options.get("width", 1440), "height": options.get("height", 900)},
        color_scheme=options.get("theme", "light"),
        reduced_motion="reduce",
        java_script_enabled=options.get("script", True),
    )
    drawn = Drawn(context.new_page())
    drawn.page.on(
        "console",
        lambda said: drawn.violations.append(said.text) if "Content Security" in said.text else None,
    )
    drawn.page.on("pageerror", lambda error: drawn.violations.append(str(error)))
    context.route("**/*", lambda route: _fulfil(route, assets, answer))
    options.get("prepare", lambda context: None)(context)
    return context, drawn


def _fulfil(route: Route, assets: Path, answer: HttpResponse) -> None:
    path = route.request.url.removeprefix(ORIGIN).split("?")[0].split("#")[0]
    if not path.startswith("/static/"):
        headers = {"content-security-policy": POLICY, "content-type": answer["Content-Type"]}
        route.fulfill(status=answer.status_code, body=answer.content, headers=headers)
        return
    file = assets / path.removeprefix("/static/")
    if file.is_file():
        kind = mimetypes.guess_type(file.name)[0] or "text/plain"
        route.fulfill(body=file.read_bytes(), headers={"content-type": kind})
    else:
        route.fulfill(status=404)
