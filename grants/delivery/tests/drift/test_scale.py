"""A scan of 5,000 tenants of 10,000 people: our own time, in a fixed number of queries."""

from datetime import timedelta
from time import process_time

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from grants.catalogue.models import Image
from grants.connectors.base import Entry
from grants.delivery.drift_reading import wanted_everywhere
from grants.delivery.entries import digest_of
from grants.delivery.holdings import all_holdings
from grants.delivery.models import Delivery
from grants.delivery.tests.keeping import KeepingLayout
from grants.directory.models import EmailAddress, Person, Project
from grants.lifecycle.models import Grant, GrantImage, GrantMember

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.journey]
TENANTS, PEOPLE = 5000, 10_000


def made(registry, team, now):
    """A project, a grant, an image and two people a tenant; everything in place for an hour."""
    many, hour = {"batch_size": 2000}, now - timedelta(hours=1)
    projects = Project.objects.bulk_create(
        (Project(key=f"p{n}", name=f"Project {n}", team=team) for n in range(TENANTS)), **many
    )
    people = Person.objects.bulk_create(
        (Person(user_name=f"u{n}", name=f"Person {n}", created_at=hour) for n in range(PEOPLE)), **many
    )
    EmailAddress.objects.bulk_create(
        (EmailAddress(person=one, address=f"{one.user_name}@example.com", primary=True) for one in people),
        **many,
    )
    images = Image.objects.bulk_create(
        (Image(registry=registry, repository=f"team/i{n}") for n in range(TENANTS)), **many
    )
    said = {"starts": hour, "issued_at": hour, "changed_at": hour, "ends": now + timedelta(days=90)}
    grants = Grant.objects.bulk_create(
        (
            Grant(project=project, status="active", activated_at=hour, origin=f"test:{n}", **said)
            for n, project in enumerate(projects)
        ),
        **many,
    )
    GrantImage.objects.bulk_create(
        (GrantImage(grant=grant, image=image) for grant, image in zip(grants, images, strict=True)), **many
    )
    GrantMember.objects.bulk_create(
        (GrantMember(grant=grants[n // 2], person=person) for n, person in enumerate(people)), **many
    )
    in_place(registry, hour)


def in_place(registry, hour):
    layout, holdings = KeepingLayout(), all_holdings(registry)
    entries = wanted_everywhere(holdings, layout)
    Delivery.objects.bulk_create(
        (
            Delivery(
                grant_id=holding.grant, target=registry.key, kind=place.kind, key=place.key, status="verified",
                since=hour, verified_at=hour, facts=digest_of(entries[place.kind, place.key]),
            )
            for holding in holdings
            for place in layout.places(holding)
        ),
        batch_size=2000,
    )  # fmt: skip
    return entries


def test_scan_of_five_thousand_tenants(registry, people, keeper, clock, now):
    made(registry, people.team, now)
    entries = wanted_everywhere(all_holdings(registry), KeepingLayout())
    keeper.kept = {
        ("keeper", *spot): Entry("keeper", *spot, entry.attributes) for spot, entry in entries.items()
    }
    clock.scan()
    with CaptureQueriesContext(connection) as caught:
        started = process_time()
        report = clock.scan()
        spent = process_time() - started
    for number in range(TENANTS):
        keeper.take("room", f"p{number}")
    mass = clock.scan()
    print(f"\n{report.ms} ms ({spent:.2f} s of CPU), {len(caught)} queries; 5,000 vanished: {mass.ms} ms")  # noqa: T201
    assert (report.wanted, report.there, report.vanished) == (20_000, 20_000, 0)
    assert len(caught) < 30
    assert (mass.vanished, mass.repairing) == (5000, 500)
    # The machine may be busy with other things: what the scan itself computes is what is bounded here.
    assert spent < 1
