"""Chromium, the web process and the world of the browser journeys."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import override_settings
from playwright.sync_api import Browser, sync_playwright

from portal.pages.static_assets import vendor
from portal.tests.journeys.browser import Site, aside, web_process
from portal.tests.journeys.world import World, make_world

CHROMIUM = Path("/usr/bin/chromium")
MODULES = settings.BASE_DIR / "node_modules"
CATALOGUE = settings.BASE_DIR / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.mo"


class AtOnce:
    """Says each failure of a journey when it happens: a long run is read while it runs."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config

    @pytest.hookimpl(trylast=True)
    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """After the letter of the test, its name and what was wrong."""
        terminal = self._config.pluginmanager.get_plugin("terminalreporter")
        if report.failed and terminal and report.nodeid.startswith("portal/tests/journeys/"):
            crash = getattr(report.longrepr, "reprcrash", None)
            terminal.write_line(f"\nFAILED {report.nodeid}: {crash.message if crash else report.longrepr}")
            terminal.flush()


def pytest_configure(config: pytest.Config) -> None:
    """Speak in the process that has the terminal."""
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(AtOnce(config))


@pytest.fixture(scope="session")
def translations() -> None:
    """The compiled translations; without them every Chinese page would be an English one."""
    if not CATALOGUE.exists():
        pytest.fail("the translations are not compiled: make install, or manage.py messages", pytrace=False)


@pytest.fixture(scope="session")
def static_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with our static files and those of other people."""
    if not MODULES.is_dir():
        pytest.skip("npm ci --ignore-scripts has not run")
    folder = tmp_path_factory.mktemp("web") / "static"
    folder.mkdir()
    for part in ("css", "js", "img"):
        shutil.copytree(settings.BASE_DIR / "static" / part, folder / part)
    vendor(modules=MODULES, target=folder / "vendor")
    return folder


@pytest.fixture(scope="module")
def web(django_db_setup, django_db_blocker, static_root, translations) -> Iterator[str]:
    # A module's own, as is the browser: both hold threads and loops that other tests must not meet.
    with django_db_blocker.unblock(), override_settings(STATIC_ROOT=static_root), web_process() as url:
        yield url


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    if not CHROMIUM.exists():
        pytest.skip("Chromium is not installed")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM))
        yield browser
        browser.close()


@pytest.fixture
def world(transactional_db) -> World:
    cache.clear()
    return aside(make_world)


@pytest.fixture
def site(world, web, chromium) -> Iterator[Site]:
    """The running site with `world` in it; its browsers are closed before the data goes."""
    opened = Site(web, chromium)
    yield opened
    opened.close()
