"""Rewrites distributions so that the same sources give the same bytes.

Backends write into an archive what does not come from the sources: the order and dates of files, the umask, the
name of the user (setuptools, pdm-backend). The contents of the files are not changed.
See https://reproducible-builds.org/docs/archives/.
"""

from __future__ import annotations

import contextlib
import gzip
import os
import shutil
import stat
import tarfile
import time
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.distributions.archive import member_of
from seatrial.distributions.unpacked_links import dangers_of
from seatrial.storage import replacing

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


COPY_BUFFER = 1 << 20


def normalise_distribution(path: Path, epoch: int) -> None:
    """Rewrite an sdist or a wheel in place: members sorted, dated ``epoch`` (seconds since 1970), without owners.

    Modes become 644, or 755 for folders and for what anyone may execute. Raises one of `ARCHIVE_ERRORS`.
    """
    with replacing(path) as new:
        if path.suffix == ".whl":
            _rewrite_wheel(path, new, epoch)
        else:
            _rewrite_sdist(path, new, epoch)


def unpack_sdist(path: Path, into: Path) -> Path:
    """Unpack an sdist into an empty folder and return its one top-level folder (PEP 625).

    Nothing lands outside ``into``, and no link leads there: unsafe members raise `tarfile.TarError` (PEP 706).
    """
    with tarfile.open(path) as archive:
        danger = next(dangers_of(map(member_of, archive.getmembers())), None)
        if danger is not None:
            raise tarfile.TarError(danger)
        # Python 3.9.17 is the first 3.9 that has the filter.
        if hasattr(tarfile, "data_filter"):
            archive.extractall(into, filter="data")
        else:
            archive.extractall(into)  # noqa: S202 - no member is dangerous
    tops = sorted(into.iterdir())
    if len(tops) != 1 or not tops[0].is_dir():
        raise tarfile.TarError(f"it contains {[top.name for top in tops]} at its top, and must contain one folder")
    return tops[0]


def date_of(path: Path) -> int:
    """Return the ``epoch`` that an sdist was normalised with. Raises one of `ARCHIVE_ERRORS`."""
    with tarfile.open(path) as archive:
        return max((int(member.mtime) for member in archive), default=0)


def _rewrite_sdist(path: Path, new: Path, epoch: int) -> None:
    with contextlib.ExitStack() as stack:
        old = stack.enter_context(tarfile.open(path))
        raw = stack.enter_context(new.open("wb"))
        packed = stack.enter_context(gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=epoch))
        archive = stack.enter_context(tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT))
        for member in sorted(old.getmembers(), key=lambda member: member.name):
            # A hard link could now come before the file that it links to: it becomes a file of its own.
            content = old.extractfile(member) if member.isreg() or member.islnk() else None
            if member.islnk() and content is not None:
                member.type, member.size = tarfile.REGTYPE, content.seek(0, os.SEEK_END)
                content.seek(0)
            archive.addfile(_anonymous(member, epoch), content)


def _anonymous(member: tarfile.TarInfo, epoch: int) -> tarfile.TarInfo:
    member.mtime = epoch
    member.mode = _mode(member.mode, is_folder=member.isdir())
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    # Extended headers contain what PAX_FORMAT writes again (long names), and times and owners.
    member.pax_headers = {}
    return member


def _rewrite_wheel(path: Path, new: Path, epoch: int) -> None:
    date = time.gmtime(epoch)[:6]
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as archive:
        for member in _in_order(old):
            info = zipfile.ZipInfo(member.filename, date)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.create_system = 3  # Unix, wherever this runs: else the modes have no meaning
            kind = stat.S_IFDIR if member.is_dir() else stat.S_IFREG
            info.external_attr = (kind | _mode(member.external_attr >> 16, is_folder=member.is_dir())) << 16
            info.file_size = member.file_size
            with old.open(member) as source, archive.open(info, "w") as target:
                shutil.copyfileobj(source, target, COPY_BUFFER)


def _in_order(archive: zipfile.ZipFile) -> Iterator[zipfile.ZipInfo]:
    """Yield the members sorted, metadata last and RECORD at the very end, as PEP 427 recommends."""
    yield from sorted(archive.infolist(), key=lambda member: (_rank(member.filename), member.filename))


def _rank(name: str) -> int:
    if not name.partition("/")[0].endswith(".dist-info"):
        return 0
    return 2 if name.endswith(".dist-info/RECORD") else 1


def _mode(mode: int, *, is_folder: bool) -> int:
    return 0o755 if is_folder or mode & 0o111 else 0o644


MOST_MEMBERS_NAMED = 5
"""How many members are named."""


@dataclass(frozen=True)
class Difference:
    """How two builds of one distribution differ: ``members`` is empty if the same ones are packaged differently."""

    name: str
    members: tuple[str, ...] = ()

    def __str__(self) -> str:
        more = len(self.members) - MOST_MEMBERS_NAMED
        named = ", ".join(self.members[:MOST_MEMBERS_NAMED]) + (f" and {more} more" if more > 0 else "")
        return f"{self.name}: {named or 'the same members, packaged differently'}"


@dataclass(frozen=True)
class RebuildResult:
    """A second build in another folder, compared with the first.

    ``again``: what differs although it was built in the same way; ``direct``: how the wheel that was built directly
    from the tree differs from the wheel that was built from the sdist, None if it does not.
    """

    again: tuple[Difference, ...] = ()
    direct: Difference | None = None
