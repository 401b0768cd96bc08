"""One world for many pages, and a browser for each reader that stays open: making both anew costs more than looking."""

import time
from dataclasses import dataclass, field

from django.core.cache import cache
from django.core.management import call_command
from playwright.sync_api import Browser, Page

from portal.testing import owner_without_triggers
from portal.tests.journeys.browser import Site, aside, axe_script
from portal.tests.journeys.pages import PageCase
from portal.tests.journeys.world import World, make_world

FRESH = 300.0
"""Seconds; the code that a terminal shows lives twice as long."""


@dataclass
class Reader:
    """The page of one person in one language, and the errors of its scripts since it was last asked for."""

    page: Page
    errors: list[str] = field(default_factory=list)


class Kept:
    """A world that pages share until one of them changes it, and the browsers opened on it."""

    def __init__(self, url: str, chromium: Browser) -> None:
        self._site = Site(url, chromium)
        self._readers: dict[tuple[str, str], Reader] = {}
        self._world: World | None = None
        self._made = 0.0

    def world(self) -> World:
        """The world; a new one when a page changed the last one or it is five minutes old."""
        if self._world is None or time.monotonic() - self._made > FRESH:
            self.throw_away()
            cache.clear()
            self._world, self._made = aside(make_world), time.monotonic()
        return self._world

    def reader(self, case: PageCase, language: str) -> Reader:
        """The browser of the person of a case, in a language, without errors of earlier pages."""
        world = self.world()
        key = (case.person, language)
        if key not in self._readers:
            page = self._site.visit(world.person(case.person) if case.person else None, language=language)
            page.add_init_script(axe_script())
            self._readers[key] = Reader(page)
            page.on("pageerror", lambda error, heard=self._readers[key].errors: heard.append(str(error)))
        self._readers[key].errors.clear()
        return self._readers[key]

    def throw_away(self) -> None:
        """Close the browsers and empty the database, when there is something in it."""
        self._site.close()
        self._readers.clear()
        if self._world is not None:
            self._world = None
            with owner_without_triggers():
                call_command("flush", verbosity=0, interactive=False, allow_cascade=False)
