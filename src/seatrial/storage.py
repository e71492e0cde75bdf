"""Files that are written whole or not at all, locks between processes, and folders that are removed fast."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class LockTaken(Exception):
    """Another process holds the lock."""


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield the path of a new file next to ``path``, which takes its place at the end; after a failure nothing does."""
    new = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        yield new
        new.replace(path)
    finally:
        with contextlib.suppress(OSError):
            new.unlink()


def write_json(path: Path, value: object, *, indent: int | None = None) -> None:
    """Write a value, in a folder that is made for it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as new:
        new.write_text(json.dumps(value, indent=indent), encoding="utf-8")


def read_json(path: Path) -> dict[str, Any] | None:
    """Return the object in a file, or None where no file can be read."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


@contextlib.contextmanager
def locked(path: Path, waiting: Callable[[], object] | None = None) -> Iterator[None]:
    """Hold the lock of a file, in a folder that is made for it.

    Where another process holds it: raises `LockTaken`, or, with ``waiting``, calls that and waits.
    """
    # It loads asyncio, which takes as long as all git commands before a release.
    from filelock import FileLock, Timeout  # noqa: PLC0415

    # It logs every step, and the nox of Python 3.9 prints what reaches the root logger.
    logging.getLogger("filelock").setLevel(logging.WARNING)
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        if waiting is None:
            raise LockTaken from None
        waiting()
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


REMOVERS, REMOVED_DEPTH = 8, 7
"""How many threads remove a folder, and how far below it their parts are: the packages of an environment of nox."""


def remove_folder(folder: Path) -> None:
    """Remove a folder with all that is in it, as far as it can be removed.

    The thousands of files of an environment are removed one after another in the time that a disk takes to answer, so
    several threads share them.
    """
    parts = [os.fspath(folder)]
    for _ in range(REMOVED_DEPTH):
        parts = [below for part in parts for below in (_folders_in(part) or [part])]
    with ThreadPoolExecutor(REMOVERS) as pool:
        for _ in pool.map(_remove, parts):
            pass
    _remove(os.fspath(folder))


def _folders_in(folder: str) -> list[str]:
    """Return the folders in a folder; links are left out."""
    try:
        with os.scandir(folder) as entries:
            return [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []


def _remove(folder: str) -> None:
    shutil.rmtree(folder, ignore_errors=True)
