"""The shipped settings with a production environment: Django's and our own checks find nothing."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

CLEAN = "System check identified no issues (0 silenced)."
SECRETS = ("PURSER_SECRET_KEY", "OIDC_CLIENT_SECRET", "REGISTRY_NOTIFICATION_SECRET", "JIRA_WEBHOOK_SECRET")
SHOWN = """
import json, django
from django.conf import settings as s
django.setup()
print(json.dumps({
    "session": s.SESSION_COOKIE_NAME, "csrf": s.CSRF_COOKIE_NAME, "hsts": s.SECURE_HSTS_SECONDS,
    "proxy": s.SECURE_PROXY_SSL_HEADER, "silenced": s.SILENCED_SYSTEM_CHECKS, "debug": s.DEBUG,
    "key": s.SECRET_KEY, "user": s.DATABASES["default"]["USER"], "cache": s.CACHES["default"]["LOCATION"],
}))
"""


@pytest.fixture
def production(tmp_path: Path) -> dict[str, str]:
    """An environment as docs/operations.md describes it, secrets and addresses in files."""
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    files = {name: "s3cret-" * 8 + name for name in SECRETS} | {
        "DATABASE_URL": "postgresql://purser_app:a@db.example.com/purser",
        "DATABASE_OWNER_URL": "postgresql://purser_owner:b@db.example.com/purser",
        "REDIS_URL": "redis://:c@redis.example.com:6379",
    }
    for name, content in files.items():
        (tmp_path / name).write_text(f"{content}\n")
    return inherited | {
        **{f"{name}_FILE": str(tmp_path / name) for name in files},
        "DJANGO_SETTINGS_MODULE": "portal.settings",
        "PURSER_DATA_DIR": str(tmp_path / "data"),
        "PURSER_CHECKPOINT_DIRS": f"{tmp_path / 'here'},{tmp_path / 'elsewhere'}",
        "PURSER_BASE_URL": "https://purser.example.com",
        "PURSER_BEHIND_PROXY": "true",
        "OIDC_ISSUER": "https://id.example.com",
        "REGISTRY_HOST": "registry.example.com",
        "REGISTRY_URL": "https://registry.example.com",
        "JIRA_URL": "https://jira.example.com",
        "SMTP_HOST": "smtp.example.com",
        "PURSER_MAIL_FROM": "purser@example.com",
    }


def run(environment: dict[str, str], *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - arguments are ours
        [sys.executable, *argv],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_deploy_checks_raise_nothing_and_silence_nothing(production: dict[str, str]) -> None:
    done = run(production, "manage.py", "check", "--deploy", "--fail-level", "DEBUG")
    assert (done.returncode, done.stdout.strip()) == (0, CLEAN), done.stderr


def test_deploy_checks_speak_up_when_https_is_missing(production: dict[str, str]) -> None:
    plain = production | {"PURSER_BASE_URL": "http://purser.example.com"}
    done = run(plain, "manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 1
    assert "(purser.W003)" in done.stderr
    assert "(security.W004)" in done.stderr


def test_production_settings_are_the_strict_ones(production: dict[str, str]) -> None:
    done = run(production, "-c", SHOWN)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "session": "__Host-session",
        "csrf": "__Host-csrf",
        "hsts": 31_536_000,
        "proxy": ["HTTP_X_FORWARDED_PROTO", "https"],
        "silenced": [],
        "debug": False,
        "key": "s3cret-" * 8 + "PURSER_SECRET_KEY",
        "user": "purser_app",
        "cache": "redis://:c@redis.example.com:6379/1",
    }


def test_migrations_connect_as_the_owner(production: dict[str, str]) -> None:
    done = run(production | {"PURSER_DATABASE_ROLE": "owner"}, "-c", SHOWN)
    assert json.loads(done.stdout)["user"] == "purser_owner"
