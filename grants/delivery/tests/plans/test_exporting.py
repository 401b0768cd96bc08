"""Taking along what was applied: only what was seen in place, only whose it may be, one event for each file."""

from datetime import timedelta

import pytest
import yaml
from django.core.management import CommandError, call_command

from audit.ledger.models import Event
from grants.catalogue.models import Cluster, Registry
from grants.catalogue.testing import make_image
from grants.connectors.google_layout import GoogleLayout, GoogleOptions
from grants.connectors.harbor_layout import HarborLayout
from grants.connectors.kubernetes_layout import KubernetesLayout
from grants.connectors.kubernetes_options import KubernetesOptions
from grants.delivery import targets
from grants.delivery.errors import NotAllowed, NotExportable
from grants.delivery.exporting import applied, export_applied, projects_of_export, targets_of
from grants.delivery.models import Delivery
from grants.delivery.services import plan_rows
from grants.delivery.tests.conftest import BY
from grants.directory.models import Project
from grants.directory.standing import standing_of
from grants.directory.testing import make_person, make_project, make_team
from grants.lifecycle.services import revoke
from grants.lifecycle.testing import make_grant

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("planned")]
GOOGLE = {"project": "ai", "location": "eu", "group_domain": "g.example.com", "customer": "C1"}


@pytest.fixture
def export(registry, now):
    def call(form="yaml", projects=None, target=registry):
        return export_applied(target=target, form=form, projects=projects, by=BY, now=now)

    return call


def keys(target, **narrowed):
    return [(entry.kind, entry.key) for entry in applied(target, **narrowed)]


def documents(made):
    return list(yaml.safe_load_all(made.text))


def test_only_what_was_seen_in_place_is_there(give, people, registry, clock, now):
    give("alice", at=(0,))
    assert applied(registry) == []
    clock.work()
    assert keys(registry) == [("image", "team/a"), ("member", people.alice.label), ("room", "anti-fraud-v2")]
    Delivery.objects.filter(kind="member").update(status="applied", next_attempt_at=now)
    assert keys(registry) == [("image", "team/a"), ("room", "anti-fraud-v2")]


def test_a_grant_adds_to_a_shared_place_once_its_own_line_is_verified(give, people, registry, clock):
    give("alice", at=(0,))
    clock.work()
    give("alice", at=(1,))
    member = next(entry for entry in applied(registry) if entry.kind == "member")
    assert member.values("image") == ("team/a",)
    clock.work()
    member = next(entry for entry in applied(registry) if entry.kind == "member")
    assert member.values("image") == ("team/a", "team/b")


def test_ended_access_is_gone_at_once(give, registry, clock, now):
    grant = give("alice", at=(0,))
    clock.work()
    revoke(grant=grant, note="", by=BY, now=now)
    assert applied(registry) == []


def test_facts_of_other_projects_are_left_out_of_shared_places(give, people, images, registry, clock, now):
    give("alice", at=(0,))
    other = make_project("vision", team=make_team("vision"))
    grant = make_grant(
        project=other, members=[people.alice], images=[images[1]], starts=now - timedelta(hours=1)
    )
    plan_rows(grant_id=grant.pk, now=now)
    clock.work()
    part = applied(registry, projects={"vision"})
    assert [(entry.key, entry.attributes) for entry in part if entry.kind == "member"] == [
        (people.alice.label, (("image", "team/b"),))
    ]
    assert len(applied(registry)) == 5
    assert applied(registry, projects=set()) == []


def test_administrators_and_auditors_have_all_leads_their_teams_and_others_nothing(people):
    make_project("vision", team=make_team("vision"))

    def of(person, project=None):
        return projects_of_export(standing_of(person), project)

    assert (of(people.root), of(people.ada), of(people.alice)) == (None, None, frozenset({"anti-fraud-v2"}))
    vision = Project.objects.get(key="vision")
    assert of(people.root, vision) == of(people.ada, vision) == frozenset({"vision"})
    for person, project in (
        (people.bob, None),
        (people.charlie, None),
        (people.mia, None),
        (people.alice, vision),
    ):
        with pytest.raises(NotAllowed) as refused:
            of(person, project)
        assert refused.value.code == "not_a_lead"


def test_disabled_lead_has_nothing(people, now):
    lead = make_person("dana", leads=[people.team])
    lead.active, lead.disabled_at = False, now
    lead.save()
    with pytest.raises(NotAllowed):
        projects_of_export(standing_of(lead))


def test_every_file_is_recorded_once_with_what_it_is_about(give, export, clock):
    give("alice", at=(0,))
    clock.work()
    made = export(projects=frozenset({"anti-fraud-v2"}))
    event = Event.objects.get(kind="grants.target.exported")
    assert (event.subject, event.project, event.detail) == (
        "target:keeper", "anti-fraud-v2", {"target": "keeper", "format": "yaml", "count": 3},
    )  # fmt: skip
    assert made.name.startswith("purser-keeper-anti-fraud-v2-")
    assert (made.name[-5:], made.places) == (".yaml", 3)


def test_file_says_what_it_is_and_reads_back(give, people, export, clock):
    give("alice", at=(0,))
    clock.work()
    made = export()
    assert made.text.startswith("# What Purser applied at keeper (keeping), written 20")
    assert [one["key"] for one in documents(made)] == ["team/a", people.alice.label, "anti-fraud-v2"]
    assert "# There is no Terraform for targets of this kind." in export("terraform").text


def test_where_nothing_is_kept_the_file_says_so(people, export, connector):
    make_image("fraud/base")
    main = Registry.objects.get(key="main")
    for form in ("terraform", "yaml"):
        assert "# Nothing is kept there: Purser's own token service decides" in export(form, target=main).text
    assert documents(export("yaml", target=main)) == []


def test_where_nothing_is_in_place_yet_the_file_says_so(export, keeper):
    assert "# Nothing was seen in place there yet." in export("terraform").text


def test_projects_know_their_targets(give, people, registry, clock):
    give("alice", at=(0,))
    assert targets_of(people.project) == []
    clock.work()
    assert targets_of(people.project) == [registry]


@pytest.fixture
def settled(people, now, monkeypatch):
    """A grant whose lines at a target of a real kind are all verified."""

    def call(target, layout, repository):
        monkeypatch.setattr(targets, "_layouts", {target.kind: lambda row: layout})
        home = target if isinstance(target, Registry) else None
        image = make_image(repository, **({"registry": home} if home else {}))
        grant = make_grant(project=people.project, members=[people.bob], images=[image])
        plan_rows(grant_id=grant.pk, now=now)
        Delivery.objects.update(status="verified", next_attempt_at=None)

    return call


def made_registry(kind, **options):
    where = {"host": f"{kind}.test", "api_url": f"http://{kind}.test", "service": kind}
    return Registry.objects.create(key=kind, name=kind, kind=kind, options=options, **where)


def test_google_is_terraform(settled, export):
    row = made_registry("google", **GOOGLE)
    settled(row, GoogleLayout(GoogleOptions.read("google", GOOGLE)), "ai/base/torch")
    text = export("terraform", target=row).text
    assert 'resource "google_artifact_registry_repository_iam_member" "base_reader_' in text
    assert 'id = "bob@example.com"' in text


def test_harbor_is_terraform_and_says_when_it_is_a_part(settled, export):
    row = made_registry("harbor", prefix="eu")
    settled(row, HarborLayout("harbor", prefix="eu"), "lib/torch")
    text = export("terraform", target=row).text
    assert 'resource "harbor_robot_account" "eu-project-anti-fraud-v2" {' in text
    assert "This is a part of the target." not in text
    assert "This is a part of the target." in export("terraform", {"anti-fraud-v2"}, row).text


def test_a_cluster_is_yaml_and_terraform_and_shares_only_with_the_whole(settled, export, people):
    Project.objects.filter(pk=people.project.pk).update(namespace="af")
    people.project.refresh_from_db()
    row = Cluster.objects.create(key="gpu", name="GPU", kind="kubernetes", options={})
    settled(row, KubernetesLayout(target="gpu", options=KubernetesOptions()), "lib/torch")
    kinds = [one["kind"] for one in documents(export(target=row))]
    assert ("Namespace" in kinds, "ClusterRole" in kinds, "Secret" in kinds) == (True, True, False)
    part = [one["kind"] for one in documents(export(projects={"anti-fraud-v2"}, target=row))]
    assert ("Namespace" in part, "ClusterRole" in part) == (True, False)
    assert 'resource "kubernetes_manifest" "namespace_af"' in export("terraform", target=row).text


def test_target_whose_settings_are_incomplete_is_refused_in_a_sentence(settled, export, monkeypatch):
    row = made_registry("google")
    settled(row, GoogleLayout(GoogleOptions.read("google", GOOGLE)), "ai/base/torch")
    with pytest.raises(NotExportable, match="The settings of google lack") as refused:
        export("terraform", target=row)
    assert refused.value.code == "bad_options"
    assert not Event.objects.filter(kind="grants.target.exported").exists()
    with pytest.raises(CommandError, match="The settings of google lack"):
        call_command("export_applied", "google")


def test_command_writes_the_file_as_the_operator(give, clock, run):
    give("alice", at=(0,))
    clock.work()
    code, said = run("export_applied", "keeper", project="anti-fraud-v2", format="yaml")
    assert (code, "# Only of these projects: anti-fraud-v2." in said, said.count("\n---\n")) == (0, True, 3)
    assert Event.objects.get(kind="grants.target.exported").actor.startswith("operator:")
