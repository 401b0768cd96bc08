"""deploy/targets.example.toml names every option that connectors, layouts and readers read, and no other."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from grants.catalogue.models import Cluster, Registry
from grants.catalogue.target_file import TargetFile, read_targets
from grants.connectors.google_layout import GoogleOptions
from portal import targets
from portal.webhooks import harbor_scans

pytestmark = pytest.mark.django_db  # names are checked against the access that stands there
EXAMPLE = Path(settings.BASE_DIR) / "deploy/targets.example.toml"
OFF = re.compile(r"^# (\w+ = )", re.MULTILINE)
EVERYWHERE = {"concurrency", "per_minute", "drift", "drift_at_once"}
"""Read by delivery and drift, of every kind of target (grants/delivery)."""
ELSEWHERE = {
    "harbor": {"robot_prefix"},
    "google": {"push_account", "push_audience", "push_certs"},
    "kubernetes": {"pull_secret_days"},
}
"""Read when a webhook comes, and when a pull secret is made."""


class Watched(dict[str, Any]):
    """Options that remember what was asked for."""

    def __init__(self, given: dict[str, Any]) -> None:
        super().__init__(given)
        self.asked: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.asked.add(name)
        return super().get(name, default)

    def __getitem__(self, name: str) -> Any:
        self.asked.add(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self.asked.add(str(name))
        return super().__contains__(name)


def whole() -> TargetFile:
    """The file with every line that is switched off switched on."""
    return read_targets(OFF.sub(r"\1", EXAMPLE.read_text("utf-8")).encode())


def test_the_example_is_read_as_it_is_and_with_everything_switched_on() -> None:
    for file in (read_targets(EXAMPLE.read_bytes()), whole()):
        assert [target.key for target in [*file.registry, *file.cluster]] == [
            "harbor",
            "google",
            "gpu-cluster",
        ]


@pytest.mark.parametrize("kind", ["harbor", "google", "kubernetes"])
def test_every_option_of_the_example_is_read_and_every_option_read_is_in_it(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(targets, "secret", lambda reference: "x")
    monkeypatch.setattr(harbor_scans, "secret", lambda reference: "x")
    monkeypatch.setattr(targets, "configuration", lambda **_reached: None)
    monkeypatch.setattr(targets, "KubernetesConnector", lambda **_given: None)
    target = next(one for one in [*whole().registry, *whole().cluster] if one.kind == kind)
    options = Watched(target.options)
    row = (Cluster if kind == "kubernetes" else Registry)(key=target.key, options=options)
    if isinstance(row, Registry):
        row.api_url = "https://registry.test"
    READ[kind](row)
    known = (options.asked | ELSEWHERE[kind]) - {"target"}  # a field of Google's that is no option
    named = set(target.options) | (set() if kind == "harbor" else EVERYWHERE)
    assert named - known - EVERYWHERE == set()
    assert known - named == set()


def _harbor(row: Any) -> None:
    targets.harbor_layout(row)
    targets.harbor_connector(row)
    harbor_scans.harbor_reader(row)


def _google(row: Any) -> None:
    GoogleOptions.read(row.key, row.options)
    targets.google_clients(row)


def _kubernetes(row: Any) -> None:
    targets.kubernetes_layout(row)
    targets.kubernetes_connector(row)


READ = {"harbor": _harbor, "google": _google, "kubernetes": _kubernetes}
