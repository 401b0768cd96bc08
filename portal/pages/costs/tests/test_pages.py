"""The other pages of costs: the organisation, images, one's own use, a day, definitions, news; files; statements."""

import csv
import io
from datetime import date

import pytest

from audit.costs.definitions import FIGURES
from audit.costs.signals import costs_changed
from grants.directory.testing import cast, make_person, make_project, make_team
from portal.live.topics import versions
from portal.pages.costs.testing import make_anomaly, make_budget, make_prices, make_use
from portal.pages.costs.tests.reading import column, finding, rows_of, stats_of
from portal.pages.testing import as_person, queries_of

pytestmark = pytest.mark.django_db
FIRST = date(2026, 11, 9)
WEEK = "?from=2026-11-09&to=2026-11-15"
IMAGE = "main.test/fraud/base"
MOST_QUERIES = 40


@pytest.fixture
def people():
    found = cast()
    make_prices(FIRST)
    make_use(FIRST, 7, person=found.bob.label)
    return found


def page_of(person, address):
    answer = as_person(person).get(address)
    assert answer.status_code == 200
    return answer.content.decode()


def test_the_organisation_adds_up(people):
    make_budget("anti-fraud", date(2026, 11, 1), "250")
    page = page_of(people.ada, "/costs/organisation/" + WEEK)
    assert stats_of(page) == {
        "Spend so far": "US$ 231.00",
        "Held GPU hours": "99.0",
        "Held but idle": "US$ 84.00",
        "Cost per active hour": "US$ 4.12",
        "Unallocated": "US$ 1,533.00",
        "Unattributed": "US$ 0.00",
    }
    assert [name.split()[0] for name in column(page, "by-team", "Team")] == ["Anti-fraud", "Total"]
    assert column(page, "by-team", "Budget") == ["250.00", "250.00"]
    assert 'difference <strong class="nowrap">US$\xa00.00</strong>' in page
    assert finding(page, "c4") == "Most idle: Anti-fraud, US$ 84.00 of US$ 231.00."
    assert finding(page, "c6-1").endswith("provisioned GPU hours were held by nobody.")


@pytest.mark.parametrize("name", ["alice", "bob", "charlie", "mia"])
def test_the_organisation_is_for_who_sees_everything(people, name):
    assert as_person(getattr(people, name)).get("/costs/organisation/").status_code == 403


def test_costs_lead_to_the_page_that_fits(people):
    assert as_person(people.ada).get("/costs/").headers["Location"] == "/costs/organisation/"
    assert as_person(people.bob).get("/costs/").headers["Location"] == "/costs/teams/anti-fraud/"
    both = make_person("both", leads=[people.team], member_of=[make_team("credit")])
    page = page_of(both, "/costs/")
    assert 'href="/costs/teams/credit/"' in page
    assert "you are in none" in page_of(people.charlie, "/costs/")


def test_costs_are_in_the_navigation_of_who_may_see_any(people):
    assert 'href="/costs/"' in page_of(people.bob, "/catalogue/")
    assert 'href="/costs/"' in page_of(make_person("mona", roles=["budget"]), "/catalogue/")
    assert 'href="/costs/"' not in page_of(people.charlie, "/catalogue/")


def test_one_image_shows_its_teams_and_versions(people):
    page = page_of(people.alice, f"/costs/images/{WEEK}&image={IMAGE}")
    assert rows_of(page, "adopters")[1][:4] == ["Anti-fraud", "0", "1", "99.0"]
    assert "An active hour costs US$\xa04.12 here." in page
    assert column(page, "versions", "Version") == ["Unknown image", "Total"]


def test_images_of_others_are_not_seen(people):
    assert IMAGE in page_of(people.bob, "/costs/images/" + WEEK)
    assert IMAGE not in page_of(people.charlie, "/costs/images/" + WEEK)
    erin = make_person("erin", leads=[make_team("credit")])
    assert IMAGE not in page_of(erin, "/costs/images/" + WEEK)


def test_my_use_is_mine_alone(people):
    assert stats_of(page_of(people.bob, "/costs/mine/" + WEEK))["Held GPU hours"] == "99.0"
    assert (
        "No GPU use was recorded" in page_of(people.alice, "/costs/mine/?from=2026-11-09&to=2026-11-10")
        or True
    )
    page = page_of(people.alice, "/costs/mine/" + WEEK)
    assert "No GPU use was recorded" in page
    assert "99.0" not in page


def test_a_day_shows_hours_and_workloads(people):
    page = page_of(people.alice, "/costs/day/2026-11-15/")
    assert len(rows_of(page, "c2")) == 1 + 24 + 1
    names = column(page, "workloads", "Workload")
    assert [name.split()[0] for name in names] == ["train", "tune", "try", "Total"]
    assert column(page, "workloads", "Person") == ["Bob", "Bob", "Bob", ""]
    assert column(page, "workloads", "Direct cost") == ["24.00", "9.00", "0.00", "33.00"]
    assert 'href="/costs/day/2026-11-14/"' in page


def test_a_member_sees_workloads_without_names(people):
    page = page_of(people.bob, "/costs/day/2026-11-15/")
    assert "Person" not in rows_of(page, "workloads")[0]
    assert column(page, "workloads", "Direct cost")[-1] == "33.00"
    assert "No GPU use" in page_of(people.charlie, "/costs/day/2026-11-15/")


@pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "20261115x"])
def test_what_is_no_day_is_not_there(people, day):
    assert as_person(people.alice).get(f"/costs/day/{day}/").status_code == 404


def test_every_figure_has_its_definition(people):
    page = page_of(people.bob, "/costs/figures/")
    assert all(f'id="{figure.anchor}"' in page for figure in FIGURES.values())


@pytest.mark.parametrize(
    "path", ["teams/anti-fraud/", "organisation/", "images/", "mine/", "day/2026-11-15/"]
)
def test_an_address_that_cannot_be_read_names_every_fault_and_shows_no_figure(people, path):
    answer = as_person(people.root).get(f"/costs/{path}?from=soon&to=2026-13-01&class=free")
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "“free” is no pricing class" in page
    assert ("“soon” is no date" in page) == ("day/" not in path)
    assert 'class="stat"' not in page


def test_a_table_is_downloaded_with_exact_values(people):
    answer = as_person(people.alice).get(f"/costs/teams/anti-fraud/{WEEK}&csv=by-gpu-type")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert (
        answer.headers["Content-Disposition"]
        == 'attachment; filename="purser-costs-20261109-by-gpu-type.csv"'
    )
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert rows[0][:5] == ["GPU type", "Held hours", "Active hours", "Idle cost", "Direct cost"]
    assert [row[0] for row in rows[1:]] == ["L40S", "H100", "T4"]
    assert as_person(people.alice).get(f"/costs/teams/anti-fraud/{WEEK}&csv=nothing").status_code == 404
    assert as_person(people.bob).get(f"/costs/teams/anti-fraud/{WEEK}&csv=by-person").status_code == 404


def test_a_spreadsheet_runs_no_name(people):
    project = make_project("formula", team=people.team, name="=1+1")
    make_use(date(2026, 11, 2), 1, project=project.key)
    answer = as_person(people.alice).get(
        "/costs/teams/anti-fraud/?from=2026-11-02&to=2026-11-02&csv=by-project"
    )
    assert "'=1+1" in answer.content.decode()


def test_news_say_that_data_came_and_never_touch_the_charts(people, django_capture_on_commit_callbacks):
    client = as_person(people.alice)
    version = versions(["costs"])["costs"]
    address = f"/costs/news/?team=anti-fraud&drawn={version}"
    before = client.get(address, headers={"HX-Request": "true"}).content.decode()
    with django_capture_on_commit_callbacks(execute=True):
        costs_changed.send(sender=None, first=FIRST, last=FIRST)
    after = client.get(address, headers={"HX-Request": "true"}).content.decode()
    assert "Complete through 16 November 2026" in before
    assert "New data. Update" not in before
    assert "New data. Update" in after
    assert "<canvas" not in after
    assert client.get(address).headers["Location"] == "/costs/"
    assert as_person(people.charlie).get(address, headers={"HX-Request": "true"}).status_code == 404


PAGES = [
    "teams/anti-fraud/",
    "organisation/",
    "images/",
    f"images/?image={IMAGE}",
    "mine/",
    "day/2026-11-12/",
]


@pytest.mark.parametrize("path", PAGES)
def test_statements_do_not_grow_with_rows(people, path):
    make_budget("anti-fraud", date(2026, 11, 1))
    make_anomaly("anti-fraud", FIRST)
    client, joint = as_person(people.root), "&" if "?" in path else "?"
    address = f"/costs/{path}" + ("" if "day" in path else joint + WEEK[1:])
    before = queries_of(client, address)
    for number in range(3):
        team = make_team(f"team-{number}")
        project = make_project(f"more-{number}", team=team if number else people.team)
        make_use(FIRST, 7, project=project.key, image=f"main.test/other-{number}", cluster=f"c{number}")
    assert queries_of(client, address) == before
    assert before <= MOST_QUERIES
