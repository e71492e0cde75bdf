"""What several processes share: files that are written whole or not at all, and locks."""

from __future__ import annotations

import contextlib
import json
import logging
import os
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
    """Return the object in a file, None where there is none that can be read."""
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
