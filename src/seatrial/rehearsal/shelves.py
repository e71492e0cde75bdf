"""What the index of a rehearsal holds: files in a folder, and who may put one there."""

from __future__ import annotations

import hashlib
import shutil
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from seatrial.checks.door import Shelf, Shelved

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from seatrial.facts.archive import Archive


@dataclass(frozen=True)
class Stored:
    """A file on a shelf, with what the index tells of it: its core metadata and the Pythons that it is for."""

    shelved: Shelved
    metadata: bytes = b""
    metadata_sha256: str = ""
    requires_python: str = ""


@dataclass
class Shelves:
    """The files of all projects, below ``folder``; safe to use from several threads."""

    folder: Path
    _stored: dict[str, list[Stored]] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    @property
    def projects(self) -> tuple[str, ...]:
        """The normalised names of the projects that have a file, sorted."""
        with self._lock:
            return tuple(sorted(self._stored))

    def files(self, project: str) -> tuple[Stored, ...]:
        """Return the files of a project, in the order in which they came."""
        with self._lock:
            return tuple(self._stored.get(canonicalize_name(project), ()))

    def shelf(self, project: str) -> Shelf:
        """Return what the index holds of a project, as the rules at its door want to know it."""
        files = self.files(project)
        return Shelf(project if files else "", tuple(one.shelved for one in files))

    def put(self, path: Path, project: str, stored: Stored) -> None:
        """Take a file over, in place of one of the same name."""
        with self._lock:
            place = self.path(project, stored.shelved.name)
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, place)
            kept = [one for one in self.files(project) if one.shelved.name != stored.shelved.name]
            self._stored[canonicalize_name(project)] = [*kept, stored]

    def path(self, project: str, name: str) -> Path:
        """Return where a file lies."""
        return self.folder / canonicalize_name(project) / name


def described(archive: Archive, now: datetime) -> Stored:
    """Return what an index tells of a file that it has taken."""
    data = (archive.text("METADATA") or b"") if archive.is_wheel else b""
    return Stored(
        Shelved(archive.name, archive.sha256, archive.size, now),
        metadata=data,
        metadata_sha256=hashlib.sha256(data).hexdigest() if data else "",
        requires_python=archive.metadata.text("requires_python") if archive.metadata else "",
    )
