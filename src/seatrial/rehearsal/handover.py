"""What a job of a pipeline hands to those that come after it: files, and variables in a file.

GitLab, "CI/CD YAML syntax reference", ``artifacts: paths`` and ``artifacts: reports: dotenv``.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LINE = re.compile(r"^(?P<name>\w+)=(?P<value>.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Handed:
    """What one job has handed on: a folder of files, and variables."""

    folder: Path
    variables: tuple[tuple[str, str], ...] = ()

    def give(self, folder: Path) -> None:
        """Copy the files into the folder of another job."""
        if self.folder.is_dir():
            shutil.copytree(self.folder, folder, symlinks=True, dirs_exist_ok=True)


def take(folder: Path, store: Path, patterns: Iterable[str], variables: Iterable[str]) -> Handed:
    """Take what a job hands on out of its ``folder``, into a folder that is made, ``store``.

    ``patterns``: of files and folders; ``variables``: the paths of the files that hold variables.
    """
    for path in _found(folder, patterns):
        target = store / path.relative_to(folder)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.is_dir():
            shutil.copytree(path, target, symlinks=True, dirs_exist_ok=True)
        else:
            shutil.copy2(path, target, follow_symlinks=False)
    files = [path for path in _found(folder, variables) if path.is_file()]
    lines = [one for path in files for one in LINE.finditer(path.read_text(encoding="utf-8", errors="replace"))]
    return Handed(store, tuple((one["name"], one["value"].strip()) for one in lines))


def _found(folder: Path, patterns: Iterable[str]) -> Iterator[Path]:
    """Yield what patterns mean in a folder; what lies outside of it is none of that."""
    for pattern in patterns:
        inside = pattern.removeprefix(f"{folder}/").removeprefix("./").rstrip("/")
        if inside and not inside.startswith("/") and ".." not in Path(inside).parts:
            yield from sorted(folder.glob(inside))
