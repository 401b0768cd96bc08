"""The registry of the settings becomes known once, and follows them."""

from io import StringIO

import pytest
from django.core.management import call_command

from audit.ledger.models import Event
from grants.catalogue.models import Registry

pytestmark = pytest.mark.django_db(transaction=True)


def keep() -> str:
    out = StringIO()
    call_command("keep_registry", stdout=out)
    return out.getvalue().strip()


def events() -> list[tuple[str, str, object]]:
    found = Event.objects.filter(kind__startswith="grants.registry").order_by("sequence")
    return [(event.kind, event.subject, event.detail["api_url"]) for event in found]


def test_the_registry_of_the_settings_becomes_known_once(settings) -> None:
    settings.REGISTRY = settings.REGISTRY | {
        "key": "main",
        "host": "r.example.com",
        "api_url": "https://r.example.com",
    }
    assert [keep(), keep()] == ["r.example.com: written down", "r.example.com: as it was"]
    assert list(Registry.objects.values_list("key", "host", "service")) == [
        ("main", "r.example.com", settings.REGISTRY["service"])
    ]
    assert events() == [("grants.registry.added", "registry:main", "https://r.example.com")]


def test_a_changed_setting_is_followed_and_recorded(settings) -> None:
    keep()
    settings.REGISTRY = settings.REGISTRY | {"api_url": "https://inside.example.com"}
    keep()
    assert Registry.objects.get().api_url == "https://inside.example.com"
    assert [kind for kind, _subject, _url in events()] == ["grants.registry.added", "grants.registry.changed"]
