"""Rewrites distributions so that the same sources give the same bytes, and unpacks sdists safely.

Backends write into an archive what does not come from the sources: the order and dates of files, the umask, the
name of the user (setuptools, pdm-backend). The contents of the files are not changed.
See https://reproducible-builds.org/docs/archives/.

Where members land when they are unpacked in order is computed in memory, links followed (PEP 706): Python's ``data``
filter resolves links on the disk, which its older releases do not do for every chain of links, and the oldest have no
filter at all.
"""

from __future__ import annotations

import contextlib
import gzip
import math
import os
import shutil
import stat
import tarfile
import time
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from seatrial.distributions.archive import Member, MemberKind, is_folder_of, member_of, path_of
from seatrial.errors import first_names
from seatrial.storage import replacing

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
        for member in sorted(old.getmembers(), key=lambda member: path_of(member.name)):
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


@dataclass(frozen=True)
class Difference:
    """How two builds of one distribution differ: ``members`` is empty if the same ones are packaged differently."""

    name: str
    members: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}: {first_names(self.members) or 'the same members, packaged differently'}"


@dataclass(frozen=True)
class RebuildResult:
    """A second build in another folder, compared with the first.

    ``again``: what differs although it was built in the same way; ``direct``: how the wheel that was built directly
    from the tree differs from the wheel that was built from the sdist, None if it does not.
    """

    again: tuple[Difference, ...] = ()
    direct: Difference | None = None


MOST_LINKS = 40
"""How many links may be followed for one path, as in Linux."""

MOST_STEPS = 2_000_000
"""How many folders are entered at most to follow the links of an archive."""

Place = tuple[str, ...]


class LeavesError(ValueError):
    """A path leads out of the folder that the archive is unpacked in, or cannot be followed."""


@dataclass
class UnpackedLinks:
    """The links that have been unpacked so far, by where they lie, with the folder that each starts from."""

    targets: dict[Place, str] = field(default_factory=dict)
    steps: int = 0

    def resolve(self, path: str, start: Place = ()) -> Place:
        """Return where a path leads from a place, all links followed. Raises `LeavesError`."""
        if _is_absolute(path):
            raise LeavesError
        place, pending, followed = list(start), path.split("/")[::-1], 0
        while pending:
            self.steps += 1
            part = pending.pop()
            if part == "..":
                if not place:
                    raise LeavesError
                place.pop()
            elif part not in {"", "."}:
                place.append(part)
                target = self.targets.get(tuple(place)) if self.targets else None
                if target is not None:
                    followed += 1
                    if followed > MOST_LINKS or self.steps > MOST_STEPS or _is_absolute(target):
                        raise LeavesError
                    place.pop()
                    pending += target.split("/")[::-1]
        return tuple(place)

    def unpack(self, member: Member) -> Iterator[str]:
        """Unpack a member, and yield what is dangerous about it."""
        path = _with_slashes(member.name)
        if not self.targets and member.target is None and ".." not in path and not _is_absolute(path):
            # As nearly all members are.
            return
        folder, _, name = path.rstrip("/").rpartition("/")
        try:
            self.resolve(path)
            start = self.resolve(folder)
        except LeavesError:
            yield f"{member.name} would be unpacked outside"
            return
        if member.target is None:
            return
        target = _with_slashes(member.target)
        try:
            if member.kind is MemberKind.SYMLINK:
                self.resolve(target, start)
                place = (*start, name)
                self.targets[place] = target
            elif self._is_link(target):
                # The copy of a link starts from another folder.
                yield f"{member.name} is a hard link to a link, {member.target}"
        except LeavesError:
            yield f"{member.name} links outside, to {member.target}"

    def dangling(self) -> Iterator[str]:
        """Yield the links that lead outside now, after others have been unpacked."""
        for place, target in self.targets.items():
            if self._leaves("/".join(place)):
                yield f"{'/'.join(place)} links outside, to {target}"

    def _leaves(self, path: str) -> bool:
        try:
            self.resolve(path)
        except LeavesError:
            return True
        return False

    def _is_link(self, path: str) -> bool:
        """Whether the file that a hard link names is a link. Raises `LeavesError`."""
        self.resolve(path)
        folder, _, name = path.rpartition("/")
        return (*self.resolve(folder), name) in self.targets


def dangers_of(members: Iterable[Member]) -> Iterator[str]:
    """Yield why the members of an archive must not be unpacked, a line each: what lands or leads outside."""
    links = UnpackedLinks()
    for member in members:
        if member.kind is MemberKind.OTHER:
            yield f"{member.name} is a {MemberKind.OTHER.value}"
        yield from links.unpack(member)
    yield from links.dangling()


LONGEST_NAME, LONGEST_PATH = 255, 4096
"""How many bytes a name may have on the file systems of Linux and macOS, and a path on Linux."""


def obstacles_of(members: Iterable[Member]) -> Iterator[str]:
    """Yield why members of an archive can't be unpacked, a line each: no system can create them."""
    members = tuple(members)
    names = sorted({member.path for member in members})
    folders = {member.path for member in members if member.kind is MemberKind.FOLDER}
    before: set[str] = set()
    has_links = False
    for member in members:
        parts = member.path.encode("utf-8", "surrogatepass").split(b"/")
        is_file = member.kind in {MemberKind.FILE, MemberKind.HARDLINK}
        if max(map(len, parts)) > LONGEST_NAME or sum(map(len, parts)) + len(parts) > LONGEST_PATH:
            yield f"the name {member.name[:40]}... is too long for a file system"
        elif is_file and not member.path:
            yield f"{member.name!r} is not the name of a file"
        elif is_file and (member.path in folders or is_folder_of(member.path, names)):
            yield f"{member.name} is both a file and a folder"
        # What a link leads to is not followed.
        if member.kind is MemberKind.HARDLINK and not has_links and path_of(member.target or "") not in before:
            yield f"{member.name} is a hard link to {member.target}, which is not in the archive before it"
        if isinstance(member.date, float) and not math.isfinite(member.date):
            yield f"{member.name} has a date that no system can store: {member.date}"
        before.add(member.path)
        has_links = has_links or member.kind is MemberKind.SYMLINK


def _with_slashes(path: str) -> str:
    return path.replace("\\", "/")


def _is_absolute(path: str) -> bool:
    return path.startswith("/") or path[1:3] == ":/"
