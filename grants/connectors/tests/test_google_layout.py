"""How grants become places and entries at Google, and the names behind them. Pure."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from grants.connectors.base import Entry, Holder, Holding, Place
from grants.connectors.errors import Permanent
from grants.connectors.google_layout import GoogleLayout, GoogleOptions
from grants.connectors.google_names import (
    Mark,
    account_base,
    account_id,
    canonical,
    group_address,
    read_mark,
    split_image,
)
from grants.connectors.tests.contract import ALICE, BOB, NOW
from grants.connectors.tests.google_case import CRYPTO_KEY, IMAGES, OPTIONS, PLACE

LAYOUT = GoogleLayout(OPTIONS)
ENDS = NOW + timedelta(days=90)


def grant(**fields: Any) -> Holding:
    made = Holding(grant=1, project="anti-fraud-v2", team="anti-fraud", role="viewer", holders=(ALICE, BOB),
                   images=IMAGES[:2], ends=ENDS)  # fmt: skip
    return replace(made, **fields)


def entry(place: Place, *holdings: Holding, layout: GoogleLayout = LAYOUT) -> Entry:
    found = layout.entry(place, holdings)
    assert found is not None
    return found


def test_places_are_people_plus_images_plus_two() -> None:
    crowd = tuple(Holder(f"person:{n}", f"p{n}@example.com") for n in range(500))
    images = tuple(f"models/fraud/i{n}" for n in range(50))
    assert len(LAYOUT.places(grant(holders=crowd, images=images))) == 552


def test_a_bundle_is_one_project_one_role_and_exactly_these_images() -> None:
    group = LAYOUT.group(grant())
    assert group == LAYOUT.group(grant(grant=9, holders=(), images=tuple(reversed(IMAGES[:2]))))
    others = [grant(images=IMAGES), grant(role="developer"), grant(project="vision")]
    assert group not in {LAYOUT.group(one) for one in others}
    assert group.startswith("purser-anti-fraud-v2-viewer-")


def test_two_images_of_one_repository_share_a_binding() -> None:
    first, second = (entry(Place("image", image), grant()) for image in IMAGES[:2])
    assert first.first("repository") == second.first("repository") == f"{PLACE}/fraud"
    assert first.values("binding") == second.values("binding")
    assert LAYOUT.lock(Place("image", IMAGES[0])) == LAYOUT.lock(Place("image", IMAGES[1]))
    assert LAYOUT.lock(Place("image", IMAGES[0])) != LAYOUT.lock(Place("image", IMAGES[2]))


def test_the_latest_end_of_two_grants_counts() -> None:
    later = grant(grant=2, ends=ENDS + timedelta(days=5))
    found = entry(Place("member", "person:1"), grant(), later)
    assert found.values("group") == (LAYOUT.group(grant()),)
    assert found.first(f"until:{LAYOUT.group(grant())}") == "2027-02-05T09:00:00Z"


@pytest.mark.parametrize(("expiry", "names"), [("true", "until"), ("auto", "seen_until"), ("false", "")])
def test_ends_are_facts_only_where_the_licence_is_known(expiry: Any, names: str) -> None:
    layout = GoogleLayout(replace(OPTIONS, expiry=expiry))
    found = entry(Place("member", "person:1"), grant(), layout=layout)
    assert {name.partition(":")[0] for name, _ in found.attributes if "until" in name} == ({names} - {""})


def test_each_role_has_its_role_of_iam() -> None:
    bound = entry(Place("image", IMAGES[0]), grant(), grant(role="developer"), grant(role="admin"))
    roles = {one.partition(" ")[0] for one in bound.values("binding")}
    assert roles == {f"roles/artifactregistry.{name}" for name in ("reader", "writer", "repoAdmin")}


def test_encrypted_models_have_a_place_for_their_key() -> None:
    holding = grant(images=IMAGES)
    [place] = [one for one in LAYOUT.places(holding) if one.kind == "key"]
    assert place.key == f"{CRYPTO_KEY}#anti-fraud-v2"
    assert entry(place, holding, grant()).values("group") == (LAYOUT.group(holding),)
    assert not [one for one in LAYOUT.places(grant()) if one.kind == "key"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"images": ("models/fraud",)}, "does not name an image"),
        ({"images": ("other/fraud/scorer",)}, "lies in the project other"),
        ({"images": ()}, "at least one image"),
        ({"project": "anti fraud"}, "cannot stand in a group's description"),
        ({"role": "root"}, "set bind_roles"),
        ({"holders": (Holder("person:9", ""),)}, "person:9 has no address"),
        ({"images": tuple(f"models/fraud/{n:080}" for n in range(60))}, "too many images"),
    ],
)
def test_what_google_cannot_hold_is_said_before_anybody_approves(fields: Any, said: str) -> None:
    [problem] = LAYOUT.problems(grant(**fields))
    assert said in problem


def test_an_ordinary_grant_has_no_problems() -> None:
    assert LAYOUT.problems(grant()) == []


def test_nothing_wanted_is_no_entry() -> None:
    assert all(LAYOUT.entry(place, []) is None for place in LAYOUT.places(grant(images=IMAGES)))
    assert LAYOUT.empty(Place("image", IMAGES[0])).attributes == (("repository", f"{PLACE}/fraud"),)


@pytest.mark.parametrize(
    ("reference", "asset"),
    [
        ("gcr.io/models/scorer", "us-docker.pkg.dev/models/gcr.io/scorer"),
        ("us.gcr.io/models/a/b", "us-docker.pkg.dev/models/us.gcr.io/a/b"),
        ("eu.gcr.io/models/scorer", "europe-docker.pkg.dev/models/eu.gcr.io/scorer"),
        ("asia.gcr.io/example.com/p/scorer", "asia-docker.pkg.dev/example.com/p/asia.gcr.io/scorer"),
        ("europe-west1-docker.pkg.dev/models/fraud/x", "europe-west1-docker.pkg.dev/models/fraud/x"),
    ],
)
def test_both_forms_of_a_host_are_one_asset(reference: str, asset: str) -> None:
    assert canonical(reference) == asset


def test_a_host_that_is_not_googles_is_refused() -> None:
    with pytest.raises(Permanent):
        canonical("docker.io/library/python")


def test_an_old_hosts_image_lies_in_its_repository() -> None:
    found, name = split_image("example.com/p/team/scorer", location="x", host="eu.gcr.io")
    assert found.resource == "projects/example.com:p/locations/europe/repositories/eu.gcr.io"
    assert name == "team/scorer"


def test_a_mark_reads_back_and_another_text_is_none() -> None:
    mark = Mark("google", "anti-fraud-v2", "viewer", ("m/a/x", "m/a/y/z", "m/b/x"))
    assert read_mark(f"{mark.text()} more") == mark
    assert read_mark("purser") is None


def test_long_names_stay_within_googles_limits_and_apart() -> None:
    one, two = (f"a-project-with-a-very-long-name-{'x' * 60}-{n}" for n in (1, 2))
    addresses = {
        group_address(Mark("t", p, "developer", ("m/a/x",)), domain="example.com") for p in (one, two)
    }
    assert len(addresses) == 2
    assert all(len(address.partition("@")[0]) <= 64 for address in addresses)
    assert account_base(one) != account_base(two)
    assert 6 <= len(account_id(account_base(one), NOW)) <= 30


def test_an_account_made_on_another_day_has_another_name() -> None:
    base = account_base("anti-fraud-v2")
    again = datetime(2026, 11, 3, 0, 0, tzinfo=UTC)
    assert account_id(base, NOW) == account_id(base, NOW + timedelta(hours=14))
    assert account_id(base, NOW) != account_id(base, again)


def test_settings_say_what_is_missing() -> None:
    with pytest.raises(Permanent, match="customer"):
        GoogleOptions.read("google", {"project": "p", "location": "us", "group_domain": "example.com"})
    read = GoogleOptions.read(
        "google",
        {
            "project": "p",
            "location": "us",
            "group_domain": "e.com",
            "customer": "customers/C1",
            "expiry": True,
        },
    )
    assert (read.customer, read.account_project, read.expiry) == ("C1", "p", "true")
    assert read.bind_roles["viewer"] == "roles/artifactregistry.reader"
