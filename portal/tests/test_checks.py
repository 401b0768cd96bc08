"""Dangerous settings are named by `manage.py check`, and harmless ones are not."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.checks import CheckMessage

from grants.delivery import failpoints
from portal import checks

Settings = Any
Check = Callable[[], list[CheckMessage]]
LONG = "x" * checks.LEAST_SECRET


def ids(check: Check) -> list[str | None]:
    return [message.id for message in check()]


@pytest.mark.parametrize(
    ("owner", "expected"),
    [
        ("postgresql://purser_owner:a@db/purser", []),
        ("postgresql://purser_app:a@db/purser", ["purser.E001"]),
        ("postgresql:///purser?host=/run/postgresql", []),
        (None, []),
    ],
)
def test_one_role_for_owner_and_application_is_an_error(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, owner: str | None, expected: list[str]
) -> None:
    settings.DATABASE_APP_ROLE = "purser_app"
    monkeypatch.delenv("DATABASE_OWNER_URL", raising=False)
    if owner:
        monkeypatch.setenv("DATABASE_OWNER_URL", owner)
    assert ids(checks.database_roles_differ) == expected


def test_two_addresses_without_a_user_are_one_role(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.DATABASE_APP_ROLE = ""
    monkeypatch.setenv("DATABASE_OWNER_URL", "postgresql:///purser?host=/run/postgresql")
    assert ids(checks.database_roles_differ) == ["purser.E001"]


@pytest.mark.parametrize(
    ("default", "cap", "expected"), [(90, 180, []), (90, 90, []), (91, 90, ["purser.E002"])]
)
def test_a_default_over_the_cap_is_an_error(
    settings: Settings, default: int, cap: int, expected: list[str]
) -> None:
    settings.POLICY = settings.POLICY | {"default_days": default, "max_days": cap}
    assert ids(checks.policy_agrees_with_itself) == expected


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("unix:///run/redis.sock", ["purser.E003"]),
        ("redis+socket:///run/redis.sock?virtual_host=0", []),
        ("amqp://purser@rabbit//", []),
    ],
)
def test_a_broker_that_celery_cannot_read_is_an_error(
    monkeypatch: pytest.MonkeyPatch, url: str, expected: list[str]
) -> None:
    monkeypatch.setenv("BROKER_URL", url)
    assert ids(checks.broker_is_spelled_for_celery) == expected


def test_a_planned_failure_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(failpoints.VARIABLE, raising=False)
    assert ids(checks.no_failure_is_planned) == []
    monkeypatch.setenv(failpoints.VARIABLE, failpoints.POINTS[0])
    assert ids(checks.no_failure_is_planned) == ["purser.E004"]


@pytest.mark.parametrize(("hosts", "expected"), [(["purser.example.com"], []), (["*"], ["purser.E005"])])
def test_any_host_is_an_error(settings: Settings, hosts: list[str], expected: list[str]) -> None:
    settings.ALLOWED_HOSTS = hosts
    assert ids(checks.hosts_are_named) == expected


@pytest.mark.parametrize(
    ("issuer", "metadata", "expected"),
    [("", "", ["purser.W001"]), ("https://id.example.com", "", []), ("", "https://id.example.com/m", [])],
)
def test_no_identity_provider_is_a_warning(
    settings: Settings, issuer: str, metadata: str, expected: list[str]
) -> None:
    settings.OIDC = settings.OIDC | {"issuer": issuer}
    settings.SAML_METADATA_URL = metadata
    assert ids(checks.sign_in_is_configured) == expected


@pytest.mark.parametrize(
    ("folders", "expected"), [(["a"], ["purser.W002"]), (["a", "a"], ["purser.W002"]), (["a", "b"], [])]
)
def test_one_checkpoint_folder_is_a_warning(
    settings: Settings, folders: list[str], expected: list[str]
) -> None:
    settings.PURSER_CHECKPOINT_DIRS = [Path(folder) for folder in folders]
    assert ids(checks.checkpoints_leave_the_machine) == expected


@pytest.mark.parametrize(("secure", "expected"), [(False, ["purser.W003"]), (True, [])])
def test_plain_http_is_a_warning(settings: Settings, secure: bool, expected: list[str]) -> None:
    settings.SECURE = secure
    assert ids(checks.purser_is_reached_by_tls) == expected


@pytest.mark.parametrize(
    ("registry", "webhook", "bearer", "faults"),
    [
        (LONG, [], [], []),
        ("", [LONG], [LONG], ["REGISTRY_NOTIFICATION_SECRET"]),
        (LONG, [LONG, "short"], [LONG], ["JIRA_WEBHOOK_SECRET"]),
        (LONG, [], ["short"], ["JIRA_WEBHOOK_BEARER"]),
    ],
)
def test_a_short_shared_secret_is_a_warning(
    settings: Settings, registry: str, webhook: list[str], bearer: list[str], faults: list[str]
) -> None:
    settings.REGISTRY = settings.REGISTRY | {"notification_secret": registry}
    settings.JIRA = settings.JIRA | {"webhook_secrets": webhook, "bearer_secrets": bearer}
    found = checks.shared_secrets_are_strong()
    assert [(message.id, message.msg.split()[0]) for message in found] == [
        ("purser.W004", name) for name in faults
    ]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://jira.example.com", []),
        ("http://127.0.0.1:8480", []),
        ("http://localhost:8480", []),
        ("http://jira.example.com", ["purser.W005"]),
        ("http://10.0.0.1", ["purser.W005"]),
        ("", []),
    ],
)
def test_an_outside_system_over_plain_http_is_a_warning(
    settings: Settings, url: str, expected: list[str]
) -> None:
    settings.OIDC = settings.OIDC | {"issuer": ""}
    settings.SAML_METADATA_URL = ""
    settings.JIRA = settings.JIRA | {"base_url": url}
    assert ids(checks.outside_systems_are_reached_by_tls) == expected


@pytest.mark.parametrize(
    ("host", "password", "tls", "expected"),
    [
        ("", "", True, ["purser.W006"]),
        ("smtp.example.com", "secret", True, []),
        ("smtp.example.com", "", False, []),
        ("smtp.example.com", "secret", False, ["purser.W006"]),
    ],
)
def test_mail_that_reaches_nobody_or_tells_its_password_is_a_warning(
    settings: Settings, host: str, password: str, tls: bool, expected: list[str]
) -> None:
    settings.EMAIL_HOST, settings.EMAIL_HOST_PASSWORD, settings.EMAIL_USE_TLS = host, password, tls
    assert ids(checks.mail_leaves_the_machine) == expected


@pytest.mark.parametrize(("mode", "expected"), [(0o700, []), (0o770, []), (0o755, ["purser.W007"])])
def test_a_key_folder_open_to_others_is_a_warning(
    settings: Settings, tmp_path: Path, mode: int, expected: list[str]
) -> None:
    settings.PURSER_KEY_DIR = tmp_path / "keys"
    assert ids(checks.keys_are_private) == []
    settings.PURSER_KEY_DIR.mkdir()
    settings.PURSER_KEY_DIR.chmod(mode)
    assert ids(checks.keys_are_private) == expected
