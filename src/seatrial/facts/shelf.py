"""What an index holds of a project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import parse_sdist_filename, parse_wheel_filename

from seatrial.facts.contents import Kind
from seatrial.facts.metadata import FAILURES
from seatrial.facts.versions import next_version

if TYPE_CHECKING:
    from datetime import datetime

    from packaging.version import Version

    from seatrial.facts.archive import Archive


@dataclass(frozen=True)
class Shelved:
    """A file on an index: ``size`` in bytes, ``sha256`` in hexadecimal digits.

    ``uploaded``: with its time zone, None where the index does not tell it; ``metadata``: the address of its core
    metadata (PEP 658), "" where the index does not serve them; ``provenance``: that of its attestations (PEP 740), ""
    for none, None where the index does not tell, as before version 1.3 of the API.
    """

    name: str
    sha256: str
    size: int
    uploaded: datetime | None
    is_yanked: bool = False
    metadata: str = ""
    provenance: str | None = None

    @property
    def version(self) -> Version | None:
        """The version that the file name tells, None where it tells none."""
        return version_of(self.name)


@dataclass(frozen=True)
class Shelf:
    """What an index holds of one project.

    ``project``: its name there, "" when the index does not know it; ``burned``: the names of files that were deleted,
    which nobody can use again; ``status``: active, archived, quarantined or deprecated (PEP 792).
    """

    project: str = ""
    files: tuple[Shelved, ...] = ()
    burned: tuple[str, ...] = ()
    status: str = "active"

    def has(self, archive: Archive) -> bool:
        """Whether the very same file is there, byte for byte."""
        return any(one.name == archive.name and one.sha256 == archive.sha256 for one in self.files)

    @property
    def versions(self) -> tuple[Version, ...]:
        """The versions that there are files of. Sorted."""
        return tuple(sorted({one.version for one in self.files if one.version is not None}))

    def after(self, version: Version) -> Version:
        """Return the next version that there is no file of: of a pre-release the next one with its label."""
        found = version
        while found == version or self.of_release(found):
            found = next_version(found, found.pre[0] if found.pre else "patch")
        return found

    def of_release(self, version: Version | None) -> tuple[Shelved, ...]:
        """Return the files of a release."""
        return tuple(one for one in self.files if version is not None and one.version == version)


@dataclass(frozen=True)
class Landing:
    """A release that is about to go to an index, ``version`` None where none was found, and what is there already.

    ``index``: the address, fit to be shown; ``released``: the versions that the repository has tags of; ``holder``: who
    made what is there, as far as that was asked and is told.
    """

    index: str
    name: str
    version: Version | None
    shelf: Shelf
    released: tuple[Version, ...] = ()
    holder: str = ""

    @property
    def is_strange(self) -> bool:
        """Whether the index has the project, and the repository knows none of its versions."""
        return bool(self.shelf.versions) and not set(self.shelf.versions) & set(self.released)


@dataclass(frozen=True)
class Arrival:
    """A file that is about to be uploaded, at a time with its zone, and what is there already."""

    archive: Archive
    shelf: Shelf
    now: datetime

    @property
    def is_there(self) -> bool:
        """Whether the very same file is there: an index answers that all is well, and does nothing."""
        return self.shelf.has(self.archive)


def version_of(name: str) -> Version | None:
    """Return the version that the name of a distribution tells, None where it tells none."""
    try:
        return parse_wheel_filename(name)[1] if Kind.of(name) is Kind.WHEEL else parse_sdist_filename(name)[1]
    except FAILURES:
        return None
