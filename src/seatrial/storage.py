"""Files that are written whole, or put back; locks between processes; folders that are removed fast."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Callable


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


@dataclass(frozen=True)
class FileBackup:
    """Files as they were: contents by path, None for one that was not there."""

    contents: tuple[tuple[Path, bytes | None], ...]

    @classmethod
    def of(cls, paths: Iterable[Path]) -> FileBackup:
        """Read the files."""
        return cls(tuple((path, path.read_bytes() if path.is_file() else None) for path in dict.fromkeys(paths)))

    def put_back(self) -> None:
        """Write them as they were."""
        for path, content in self.contents:
            if content is None:
                path.unlink(missing_ok=True)
            elif not path.is_file() or path.read_bytes() != content:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)

    def restore_line_ends(self) -> None:
        """Give each file that was rewritten the line ends that it had."""
        for path, old in self.contents:
            if old is not None and path.is_file():
                new = path.read_bytes()
                restored = restore_line_ends(old, new)
                if restored != new:
                    path.write_bytes(restored)


@contextlib.contextmanager
def put_back_on_failure(paths: Iterable[Path]) -> Iterator[FileBackup]:
    """Read files, and write them as they were when the block raises."""
    backup = FileBackup.of(paths)
    try:
        yield backup
    except BaseException:
        backup.put_back()
        raise


def restore_line_ends(old: bytes, new: bytes) -> bytes:
    """Return ``new`` with the line ends of ``old``: a line that stayed keeps its own, a new one gets the usual one."""
    if b"\r\n" not in old:
        return new
    ends = [line.endswith(b"\r") for line in old.split(b"\n")[:-1]] or [False]
    usual = ends.count(True) * 2 >= len(ends)
    *before, _ = _without_line_ends(old)
    *after, unended = _without_line_ends(new)
    carriage = [usual] * len(after)
    if not all(ends):
        # Loaded here because few files mix their line ends, and every command loads this module.
        from difflib import SequenceMatcher  # noqa: PLC0415

        for block in SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks():
            carriage[block.b : block.b + block.size] = ends[block.a : block.a + block.size]
    return b"".join(line + (b"\r\n" if has else b"\n") for line, has in zip(after, carriage)) + unended


def _without_line_ends(text: bytes) -> list[bytes]:
    """Return the lines without their ends, the last one being what follows the last end."""
    return text.replace(b"\r\n", b"\n").split(b"\n")


def leaves_repository(root: Path, path: Path) -> bool:
    """Whether a path leads out of the repository around ``root``, by a symbolic link or otherwise."""
    top = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
    try:
        target = path.resolve()
    except (OSError, RuntimeError):
        # Python before 3.13 raises RuntimeError for links in a circle.
        return True
    return top.resolve() not in (target, *target.parents)


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
    """Remove a folder with all that is in it, also one that is incomplete, as far as it can be removed.

    The thousands of files of an environment are removed one after another in the time that a disk takes to answer, so
    several threads share them.
    """
    # Loaded here because `nox -l` starts faster without it.
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415

    parts = [os.fspath(folder)]
    for _ in range(REMOVED_DEPTH):
        parts = [below for part in parts for below in (_folders_in(part) or [part])]
    remove = partial(shutil.rmtree, ignore_errors=True)
    with ThreadPoolExecutor(REMOVERS) as pool:
        list(pool.map(remove, parts))
    remove(os.fspath(folder))


def _folders_in(folder: str) -> list[str]:
    """Return the folders in a folder; links are left out."""
    try:
        with os.scandir(folder) as entries:
            return [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    except OSError:
        return []
