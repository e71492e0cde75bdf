"""mypy's cache, kept between environments and clones.

A first run of mypy spends nearly all of its time on the standard library and on the dependencies. Its cache records
for each file what it was made from, and mypy ignores whatever does not match (options, versions, contents), so a copy
from an earlier run is safe wherever it comes from.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from platformdirs import user_cache_path

if TYPE_CHECKING:
    from pathlib import Path


REFRESHED_AFTER = 24 * 60 * 60
"""Seconds after which a run replaces the copy."""


@dataclass(frozen=True)
class TypeCache:
    """The cache of one project for one target: ``used`` by mypy, and ``kept`` for the next clone."""

    used: Path
    kept: Path

    @classmethod
    def of(cls, name: str, cache_dir: Path, target: str) -> TypeCache:
        """Return the cache of the project ``name`` for the Python ``target``, as mypy names its folders."""
        return cls(cache_dir / target, user_cache_path("seatrial") / "mypy" / name / target)

    def seed(self) -> None:
        """Copy the kept cache to mypy's, unless mypy has one already."""
        if self.kept.is_dir() and not self.used.exists():
            with contextlib.suppress(OSError):
                _copy(self.kept, self.used)

    def keep(self) -> None:
        """Copy mypy's cache, unless a recent copy is kept. Errors are ignored."""
        with contextlib.suppress(OSError):
            if self.used.is_dir() and not self._is_young():
                _copy(self.used, self.kept)

    def _is_young(self) -> bool:
        try:
            return time.time() - self.kept.stat().st_mtime < REFRESHED_AFTER
        except OSError:
            return False


def _copy(source: Path, target: Path) -> None:
    """Copy a folder so that ``target`` is always complete; of two copies at the same time, one wins."""
    new = target.with_name(f".{target.name}.{os.getpid()}")
    old = target.with_name(f".{target.name}.{os.getpid()}.old")
    try:
        shutil.copytree(source, new)
        # copytree gives the folder the time of the original.
        os.utime(new)
        with contextlib.suppress(FileNotFoundError):
            target.rename(old)
        new.rename(target)
    finally:
        for folder in (new, old):
            shutil.rmtree(folder, ignore_errors=True)
