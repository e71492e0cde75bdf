"""Reading a gzipped tar archive (PEP 625) once from the front, with bounded memory."""

from __future__ import annotations

import gzip
import posixpath
import tarfile
from dataclasses import replace
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from seatrial.archives import BROKEN
from seatrial.facts.contents import Contents, Fault, FaultKind, Member, MemberKind
from seatrial.facts.sifting import MOST_MEMBERS, PIECE, Sieve, TooMuchError

if TYPE_CHECKING:
    from collections.abc import Iterator

RATIO = 100
"""More than that many times its size an sdist does not unpack to, if it unpacks to more than `FREE`."""

FREE = 64 * PIECE

LONGEST_HEADER = 4 * PIECE
"""How long all headers of one member may be: extended headers hold what somebody else wrote."""

ELSEWHERE = (b"BZh", b"\xfd7zXZ")
"""How files begin that tarfile can read and that are not gzipped."""

FAILURES = (*BROKEN, RuntimeError, OverflowError, MemoryError)
"""What reading an archive can raise; extended headers without end raise RecursionError."""


class Stream:
    """The unpacked bytes of an archive, read forwards: a file as `tarfile` needs it."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        self._file = file
        self._most = most
        self._at = 0
        self._last = b""
        self._again = b""
        self.header = 0
        """How many bytes of headers were read since somebody set this to 0."""

    def read(self, size: int) -> bytes:
        """Return the next ``size`` bytes of a header."""
        self.header += size
        if self.header > LONGEST_HEADER:
            raise TooMuchError(f"a member has headers of more than {LONGEST_HEADER // PIECE} MiB")
        return self.next(size)

    def next(self, size: int) -> bytes:
        """Return the next ``size`` bytes, fewer at the end."""
        again, self._again = self._again[:size], self._again[size:]
        data = again + self._file.read(size - len(again)) if size > len(again) else again
        self._at += len(data)
        if self._at > self._most:
            raise TooMuchError(f"it unpacks to more than {self._most // PIECE} MiB")
        self._last = data[-1:] or self._last
        return data

    def tell(self) -> int:
        """Return how many bytes have been read."""
        return self._at

    def seek(self, place: int) -> int:
        """Go forwards to a place, or one byte back, which is where tarfile looks for the end of a member."""
        if place == self._at - 1:
            self._again, self._at = self._last, place
        if place < self._at:
            raise TooMuchError("its members overlap")
        while self._at < place and self.next(min(PIECE, place - self._at)):
            pass
        return self._at

    def pieces(self, size: int) -> Iterator[bytes]:
        """Yield the next ``size`` bytes, a piece at a time. Raises `EOFError` where they are cut off."""
        while size:
            piece = self.next(min(PIECE, size))
            if not piece:
                raise EOFError("it is cut off")
            size -= len(piece)
            yield piece


def is_tar(file: BinaryIO) -> bool:
    """Whether a file begins like a tar archive, gzipped or not, or is compressed in another way that tarfile reads."""
    file.seek(0)
    start = file.read(6)
    if start.startswith(ELSEWHERE):
        return True
    file.seek(0)
    source = cast("BinaryIO", gzip.GzipFile(fileobj=file)) if start.startswith(b"\x1f\x8b") else file
    try:
        with _open(Stream(source, FREE)):
            return True
    except FAILURES:
        return False


def read(file: BinaryIO, size: int, most: int = MOST_MEMBERS) -> Contents:
    """Read an archive of ``size`` bytes and ``most`` members; what is returned says what is wrong."""
    file.seek(0)
    members: list[Member] = []
    sieve = Sieve()
    fault: Fault | None = None
    sparse = False
    stream = Stream(cast("BinaryIO", gzip.GzipFile(fileobj=file)), max(FREE, RATIO * size))
    try:
        with _open(stream) as archive:
            for info in _walk(archive, stream, most):
                sparse = sparse or info.issparse()
                members.append(_member(info, stream, sieve))
    except TooMuchError as error:
        fault = Fault(FaultKind.HOSTILE, detail=str(error))
    except FAILURES as error:
        fault = Fault(FaultKind.UNREADABLE, "None", str(error) or type(error).__name__)
    if sparse and not fault:
        said = "tar archive not accepted: Sparse members are not allowed."
        fault = Fault(FaultKind.SPARSE, said)
    return Contents(tuple(members), sieve.texts, tuple(sieve.cut), tuple(sieve.secrets), fault or layout(members))


def layout(members: list[Member]) -> Fault | None:
    """Say what is missing in an sdist: one folder at the top, and PKG-INFO in it (PEP 625)."""
    top = common_folder([member.name for member in members])
    if top in (".", "/", ""):
        return Fault(FaultKind.LAYOUT, "Incorrect number of top-level directories in sdist")
    target = posixpath.join(top, "PKG-INFO")
    if all(member.name != target for member in members):
        return Fault(FaultKind.LAYOUT, f"PKG-INFO not found at {target}")
    return None


def common_folder(names: list[str]) -> str:
    """Return the folder that all names lie in, "" for none."""
    try:
        return posixpath.commonpath(names)
    except ValueError:
        # There are none, or some are absolute and others not.
        return ""


def _open(stream: Stream) -> tarfile.TarFile:
    return tarfile.TarFile(fileobj=cast("Any", stream), mode="r")


def _walk(archive: tarfile.TarFile, stream: Stream, most: int) -> Iterator[tarfile.TarInfo]:
    count = 0
    while info := archive.next():
        count += 1
        if count > most:
            raise TooMuchError(f"it has more than {most:,} members")
        yield info
        # What tarfile keeps of members, and of headers that are meant for all of them, would grow and grow.
        archive.members = []  # type: ignore[attr-defined] # documented in the examples of tarfile
        archive.pax_headers = {}
        stream.header = 0


def _member(info: tarfile.TarInfo, stream: Stream, sieve: Sieve) -> Member:
    if not info.isreg():
        kinds = (
            (info.isdir(), MemberKind.FOLDER),
            (info.issym(), MemberKind.SYMLINK),
            (info.islnk(), MemberKind.HARDLINK),
        )
        kind = next((kind for is_it, kind in kinds if is_it), MemberKind.OTHER)
        return _packaged(Member(info.name, kind, target=info.linkname), info)
    if info.issparse():
        return Member(info.name, size=info.size)
    stream.seek(info.offset_data)
    digest = sieve.sift(info.name, info.size, stream.pieces(info.size))
    return _packaged(Member(info.name, size=info.size, sha256=digest), info)


def _packaged(member: Member, info: tarfile.TarInfo) -> Member:
    owner = (info.uid, info.gid, info.uname, info.gname)
    return replace(member, mode=info.mode, date=info.mtime, owner=owner)
