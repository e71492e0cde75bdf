"""Reading a zip archive (PEP 427) with bounded memory."""

from __future__ import annotations

import posixpath
import stat
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING, BinaryIO

from seatrial.archives import BROKEN
from seatrial.facts import framing, tarballs
from seatrial.facts.contents import Contents, Fault, FaultKind, Member, MemberKind
from seatrial.facts.sifting import MOST_MEMBERS, PIECE, Sieve, TooMuchError

if TYPE_CHECKING:
    from collections.abc import Iterator

RATIO = 50
"""More than that many times its size a zip file does not unpack to, if it unpacks to more than `FREE` (PyPI)."""

FREE = 64 * PIECE

LONGEST_DIRECTORY = 16 * PIECE
"""How long the directory at the end may be, which is read at once: enough for more than `MOST_MEMBERS`."""

UNIX = 3
"""The number of the system, in a member's header, whose modes are known."""

FAILURES = (*BROKEN, RuntimeError, NotImplementedError, OverflowError, MemoryError, IndexError)
"""What reading an archive can raise; RuntimeError for a member that is encrypted."""


class Sipping:
    """A file as `zipfile` needs it, of which nobody reads too much at once."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int = -1) -> bytes:
        """Return the next ``size`` bytes, or all that are left. Raises `TooMuchError`."""
        data = self._file.read(min(size, LONGEST_DIRECTORY + 1) if size >= 0 else LONGEST_DIRECTORY + 1)
        if len(data) > LONGEST_DIRECTORY:
            raise TooMuchError(f"its directory has more than {LONGEST_DIRECTORY // PIECE} MiB")
        return data

    @staticmethod
    def seekable() -> bool:
        """Whether any place can be gone to."""
        return True


def is_zip(file: BinaryIO) -> bool:
    """Whether a file ends like a zip archive."""
    file.seek(0)
    try:
        return zipfile.is_zipfile(Sipping(file))
    except FAILURES:
        return False


def read(file: BinaryIO, name: str, size: int) -> Contents:
    """Read an archive of ``size`` bytes; what is wrong with it is in what is returned."""
    file.seek(0)
    members: list[Member] = []
    sieve = Sieve()
    try:
        with zipfile.ZipFile(Sipping(file)) as archive:
            fault = _weigh(archive, size) or _layout(archive, name)
            is_safe = fault is None or fault.kind is FaultKind.LAYOUT
            # One by one, so that what was read before a failure is known.
            members.extend(_member(archive, info, sieve if is_safe else None) for info in archive.infolist())
            fault = fault or _framing(archive, file)
    except TooMuchError as error:
        fault = Fault(FaultKind.HOSTILE, detail=str(error))
    except FAILURES as error:
        fault = Fault(FaultKind.UNREADABLE, "None", str(error) or type(error).__name__)
    return Contents(tuple(members), sieve.texts, tuple(sieve.cut), tuple(sieve.secrets), fault)


def _weigh(archive: zipfile.ZipFile, size: int) -> Fault | None:
    """Say what forbids to read the members: there are too many, too large ones, or they are compressed otherwise."""
    infos = archive.infolist()
    if len(infos) > MOST_MEMBERS:
        raise TooMuchError(f"it has more than {MOST_MEMBERS:,} members")
    unpacked = sum(info.file_size for info in infos)
    if unpacked > FREE and unpacked / size > RATIO:
        detail = f"it would unpack to {unpacked:,} bytes"
        return Fault(FaultKind.BOMB, f"File exceeds compression ratio of {RATIO}", detail)
    if any(info.compress_type not in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED} for info in infos):
        return Fault(FaultKind.COMPRESSION, "File does not use a supported compression type")
    return None


def _layout(archive: zipfile.ZipFile, name: str) -> Fault | None:
    names = archive.namelist()
    if name.endswith(".zip"):
        top = tarballs.common_folder(names)
        if top in {".", "/", ""}:
            return Fault(FaultKind.LAYOUT, "Incorrect number of top-level directories in sdist")
        target = posixpath.join(top, "PKG-INFO")
        return None if target in names else Fault(FaultKind.LAYOUT, f"PKG-INFO not found at {target}")
    parts = name.split("-", 2)
    if len(parts) != 3:  # noqa: PLR2004 - the name, the version, and all the tags
        return Fault(FaultKind.LAYOUT, "Unable to parse name and version from wheel filename")
    target = f"{parts[0]}-{parts[1]}.dist-info/WHEEL"
    return None if target in names else Fault(FaultKind.LAYOUT, f"WHEEL not found at {target}")


def _framing(archive: zipfile.ZipFile, file: BinaryIO) -> Fault | None:
    said = framing.fault(archive, file)
    return Fault(FaultKind.FRAMING, f"ZIP archive not accepted: {said}.") if said else None


def _member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, sieve: Sieve | None) -> Member:
    mode = info.external_attr >> 16 if info.create_system == UNIX else 0
    known = Member(info.filename, mode=stat.S_IMODE(mode), date=info.date_time)
    if info.is_dir():
        return replace(known, kind=MemberKind.FOLDER)
    kind = MemberKind.SYMLINK if stat.S_ISLNK(mode) else MemberKind.FILE
    known = replace(known, kind=kind, size=info.file_size, packed=(info.compress_type, info.compress_size))
    return replace(known, sha256=sieve.sift(info.filename, info.file_size, _pieces(archive, info))) if sieve else known


def _pieces(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(info) as source:
        while piece := source.read(PIECE):
            yield piece
