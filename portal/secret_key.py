"""The signing key of sessions and forms: from the environment, else made once and kept in the data folder."""

import os
import secrets
from pathlib import Path

from portal import environment as env


def secret_key(data_dir: Path) -> str:
    """`PURSER_SECRET_KEY` (or its `_FILE`), else `secret_key` in the data folder, created with mode 0600."""
    if value := env.text("PURSER_SECRET_KEY"):
        return value
    path = data_dir / "secret_key"
    if not path.exists():
        data_dir.mkdir(parents=True, exist_ok=True)
        _create(path)
    return path.read_text(encoding="ascii")


def _create(path: Path) -> None:
    # Written beside and linked into place, so that two processes starting at once agree on one key.
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(secrets.token_urlsafe(48))
    try:
        os.link(draft, path)
    except FileExistsError:
        return
    finally:
        draft.unlink()
