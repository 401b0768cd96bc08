"""Downloads of costs hold what their viewer may see, by page and by API alike."""

import csv
import io
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from audit.costs.models import DayTotal, UsageKey
from audit.ledger.models import Event
from grants.directory.testing import cast, make_person, make_team
from portal.accounts.testing import sign_in

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people(client):
    found = cast()
    day = timezone.localdate()
    with connection.cursor() as cursor:
        cursor.execute("SELECT costs_ensure_months(%s, %s)", [day, day + timedelta(days=1)])
    for number, (team, person) in enumerate([(found.team.key, found.bob.label), ("credit", "person:999")]):
        key = UsageKey.objects.create(
            hash=str(number), team=team, project="p", person=person, gpu_type="l40s", cluster="main",
            pricing_class="on_demand", matched_by="label",
        )  # fmt: skip
        DayTotal.objects.create(day=day, key=key, team=team, held_ms=3_600_000, cost=Decimal("1.54"))
    return found


def rows(response):
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))


def test_a_lead_downloads_the_own_team_with_names(client, people):
    sign_in(client, people.alice)
    found = rows(client.post("/costs/export/", {"form": "showback"}))
    assert [(row["team"], row["person_name"], row["cost"]) for row in found] == [
        (people.team.key, people.bob.name, "1.540000")
    ]
    event = Event.objects.get(kind="audit.cost-export.made")
    assert event.actor == people.alice.label


def test_page_and_api_give_the_same_bytes(client, people):
    sign_in(client, people.ada)
    page = b"".join(client.post("/costs/export/", {"form": "focus"}).streaming_content)
    api = b"".join(client.get("/api/v1/costs/export/", {"form": "focus"}).streaming_content)
    assert page == api
    assert page.count(b"\n") == 3


def test_a_stranger_downloads_an_empty_file(client, people):
    sign_in(client, make_person("zoe", member_of=[make_team("empty")]))
    assert rows(client.post("/costs/export/", {"form": "showback"})) == []


def test_an_unknown_form_is_refused_by_the_api_in_words(client, people):
    sign_in(client, people.ada)
    answer = client.get("/api/v1/costs/export/", {"form": "xlsx"})
    assert answer.status_code == 400
    assert "form" in answer.content.decode()
    assert client.post("/costs/export/", {"form": "xlsx"}).status_code == 404
