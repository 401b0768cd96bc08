"""Every page, opened once in each language and looked at in every width and theme: the long form of the looks.

All faults of a page are told at once, each with the look it was seen in.
"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from pytest_django import DjangoDbBlocker

from portal.tests.journeys.browser import refused_by_policy
from portal.tests.journeys.kept import Kept
from portal.tests.journeys.looking import (
    LANGUAGES,
    faults,
    focus_faults,
    looks,
    open_case,
    policy_faults,
    use,
    wear,
)
from portal.tests.journeys.pages import ALL, PageCase
from portal.tests.journeys.words import english_left

pytestmark = [pytest.mark.enable_loopback, pytest.mark.journey]


@pytest.fixture(scope="module")
def transactional_db(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The database for as long as the module lasts: `kept` empties it, not the end of each test."""
    with django_db_blocker.unblock():
        yield


@pytest.fixture(scope="module")
def kept(transactional_db: None, web: str, chromium: Browser) -> Iterator[Kept]:
    """A world and browsers for all pages of this module."""
    held = Kept(web, chromium)
    yield held
    held.throw_away()


@pytest.mark.parametrize("case", ALL, ids=lambda case: case.name)
def test_page_is_sound_in_every_look(kept: Kept, case: PageCase) -> None:
    wrong = used_before_pressing(kept, case) if case.press else []
    for language in LANGUAGES:
        wrong += seen(kept, case, language)
    if wrong:
        pytest.fail("\n".join(wrong), pytrace=False)


def used_before_pressing(kept: Kept, case: PageCase) -> list[str]:
    """What is wrong with the page whose control `seen` will press at once."""
    reader = kept.reader(case, "en")
    wear(reader.page)
    answer = reader.page.goto(case.address(kept.world()))
    assert answer is not None
    found = policy_faults(answer) + faults_in_use(reader.page) + reader.errors
    return [f"unpressed: {one}" for one in found]


def seen(kept: Kept, case: PageCase, language: str) -> list[str]:
    """What is wrong in any look of the page in this language; in English in use, in Chinese the words left."""
    reader = kept.reader(case, language)
    page = reader.page
    wear(page)
    opened = open_case(page, kept.world(), case)
    found = [f"{look}: {one}" for look in looks(page) for one in faults(page, language)]
    found += policy_faults(opened.answer)
    wear(page)
    if language == "en":
        found += focus_faults(page) + faults_in_use(page)
    else:
        found += [f"English: {one}" for one in english_left(page)]
    found += [f"script: {one}" for one in reader.errors]
    if opened.changed:
        kept.throw_away()
    return [f"{language} {one}" for one in found]


def faults_in_use(page: Page) -> list[str]:
    """What the policy refuses once the page is used."""
    use(page)
    return [f"in use: policy: {one}" for one in refused_by_policy(page)]
