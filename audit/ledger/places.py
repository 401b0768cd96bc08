"""The folders outside the database that hold every signed checkpoint as a file of its own."""

import os
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

from django.conf import settings

SHARD = 10_000
"""Folders are cut by size of the log, so that none grows past this many files."""


def folders() -> list[Path]:
    """The folders of PURSER_CHECKPOINT_DIRS."""
    return [Path(folder) for folder in settings.PURSER_CHECKPOINT_DIRS]


def write_note(size: int, text: str) -> None:
    """Write a checkpoint to every folder, whole or not at all, and synced; raises OSError."""
    for folder in folders():
        path = folder / f"{size // SHARD:08d}" / f"{size:012d}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_whole(path, text)


def all_notes() -> Iterator[str]:
    """The text of every checkpoint in every folder."""
    for folder in folders():
        for path in sorted(folder.rglob("*.txt")):
            yield path.read_text("utf-8")


def latest_notes() -> Iterator[str]:
    """The text of the largest checkpoint of every folder that has one."""
    for folder in folders():
        shards = sorted(path for path in folder.glob("*") if path.is_dir() and any(path.glob("*.txt")))
        if shards:
            yield max(shards[-1].glob("*.txt")).read_text("utf-8")


def _write_whole(path: Path, text: str) -> None:
    partial = path.with_name(f".{path.name}.{token_hex(4)}")
    with partial.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
