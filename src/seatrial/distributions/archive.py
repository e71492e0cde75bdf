"""Reads zip (PEP 427) and gzipped tar (PEP 625) archives once, with bounded memory."""

from __future__ import annotations

import bisect
import gzip
import hashlib
import posixpath
import re
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, BinaryIO, cast

from seatrial.distributions.metadata import FileKind
from seatrial.distributions.pypi_rules import (
    CONTENT_RULES,
    SCANNED_LIMIT,
    SCANNED_SUFFIXES,
    ZIP_FREE,
    ZIP_RATIO,
    ContentRule,
)
from seatrial.distributions.zip_structure import structure_fault
from seatrial.redaction import TOKEN_FORMS

ARCHIVE_ERRORS = (
    ArithmeticError,
    LookupError,
    MemoryError,
    OSError,
    EOFError,
    RuntimeError,
    ValueError,
    struct.error,
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
)
"""What Python's modules raise for an archive that is damaged, cut off, encrypted, or made to do harm: RecursionError,
a RuntimeError, for extended headers without end, and OverflowError for dates that no system has."""


class MemberKind(Enum):
    """What a member of an archive becomes when it is unpacked."""

    FILE = "file"
    FOLDER = "folder"
    SYMLINK = "symbolic link"
    HARDLINK = "hard link"
    OTHER = "device or pipe"


@dataclass(frozen=True)
class Member:
    """A member of an archive.

    ``size``: of a file, in bytes; ``target``: of a link, None for other members; ``sha256``: of a file's content in
    hexadecimal digits, None if it was not read. How it is packaged: ``mode``: its permissions; ``date``: as the archive
    has it; ``owner``: of a member of a tar archive; ``packed``: method and size in bytes in a zip file.
    """

    name: str
    kind: MemberKind = MemberKind.FILE
    size: int = 0
    target: str | None = None
    sha256: str | None = None
    mode: int = field(default=0, compare=False)
    date: object = field(default=None, compare=False)
    owner: object = field(default=None, compare=False)
    packed: object = field(default=None, compare=False)

    @property
    def path(self) -> str:
        """Where it is unpacked."""
        return path_of(self.name)


def path_of(name: str) -> str:
    """Return where a member is unpacked: its name without the parts and slashes that lead nowhere.

    ``a/./b``, ``a//b``, ``./a/b`` and ``a/x/../b`` are all ``a/b``.
    """
    if not name.startswith((".", "/")) and not any(part in name for part in ("//", "/.")):
        # As nearly all names are.
        return name.rstrip("/")
    path = posixpath.normpath(name)
    # Two slashes at the start are kept by normpath.
    return "" if path == "." else re.sub(r"^//", "/", path)


def is_folder_of(folder: str, names: list[str]) -> bool:
    """Whether one of the sorted names lies in a folder."""
    if not folder:
        return True
    at = bisect.bisect_left(names, f"{folder}/")
    return at < len(names) and names[at].startswith(f"{folder}/")


class FaultKind(Enum):
    """Why an archive is not accepted, in the order in which PyPI looks."""

    UNREADABLE = "it can't be read"
    BOMB = "it unpacks to too much"
    COMPRESSION = "its compression method is not supported"
    LAYOUT = "a required member is missing"
    STRUCTURE = "it reads differently for different readers"
    SPARSE = "it has sparse members"
    HOSTILE = "it exceeds a limit"


@dataclass(frozen=True)
class Fault:
    """The first thing that is wrong with an archive as such.

    ``message``: what PyPI says after "Invalid distribution file.", None if PyPI accepts it; ``detail``: in our words,
    None if PyPI's suffice.
    """

    kind: FaultKind
    message: str | None = None
    detail: str | None = None


@dataclass(frozen=True)
class Secret:
    """Something in a member that looks like a secret: what it looks like, never the secret itself."""

    member: str
    looks_like: str


@dataclass(frozen=True)
class RefusedContent:
    """A member with content that PyPI refuses, and what PyPI says of it."""

    member: str
    message: str


@dataclass(frozen=True)
class ArchiveContents:
    """What is inside an archive.

    ``texts``: the files that checks read, by their paths, the last where two have one path, as installers unpack them;
    ``cut``: those that were too long to be kept; ``pointers``: the members that Git LFS left in place of files;
    ``fault``: the first thing that is wrong, None if all is well; ``ending``: what is wrong after the last member of a
    tar archive, where PyPI does not look, None if nothing is.
    """

    members: tuple[Member, ...] = ()
    texts: Mapping[str, bytes] = field(default_factory=dict)
    cut: tuple[str, ...] = ()
    secrets: tuple[Secret, ...] = ()
    refused: tuple[RefusedContent, ...] = ()
    pointers: tuple[str, ...] = ()
    fault: Fault | None = None
    ending: str | None = None


PIECE = 1 << 20
"""How much of a file is in memory at a time, in bytes."""

LONGEST_TEXT = 16 * PIECE
"""How long a file may be that is kept for checks to read; the RECORD of 100,000 files has about 10 MiB."""

MOST_TEXT = 32 * PIECE
"""How much is kept of all the files in an archive."""

MOST_MEMBERS = 200_000
"""How many members are looked at; the largest wheels have some ten thousand."""

KEPT = re.compile(r"[^/]+/PKG-INFO|[^/]+\.dist-info/(METADATA|WHEEL|RECORD|entry_points\.txt)")
"""The files that checks read: directly below the top folder of an sdist, or in the .dist-info of a wheel."""

SECRETS = {
    **{form.kind: (form.sign.encode(), re.compile(form.whole.encode())) for form in TOKEN_FORMS},
    "a private key": (b"PRIVATE KEY-----", re.compile(rb"-----BEGIN (?:[A-Z]{2,10} )?PRIVATE KEY-----\s")),
}
"""What a secret looks like: first what is always in it, which is searched for fast."""

POINTER = re.compile(rb"version https://git-lfs\.github\.com/spec/v\d+\n(.+\n)*oid sha256:[0-9a-f]{64}\nsize \d+\n")
"""What Git LFS commits in place of a file (its specification, "The Pointer")."""


class TooMuchError(ValueError):
    """The archive holds more than is read."""


OVERLAP = 1024
"""How much of a piece is scanned again with the next, so that nothing is cut in two; no pointer is longer."""


@dataclass
class Scanner:
    """Reads the members of one archive, and gathers the facts that checks need; ``room``: bytes left for texts."""

    texts: dict[str, bytes] = field(default_factory=dict)
    cut: list[str] = field(default_factory=list)
    secrets: list[Secret] = field(default_factory=list)
    refused: list[RefusedContent] = field(default_factory=list)
    pointers: list[str] = field(default_factory=list)
    room: int = MOST_TEXT

    def scan(self, name: str, size: int, pieces: Iterable[bytes]) -> str:
        """Read the content of a member, and return its SHA-256 in hexadecimal digits."""
        digest, before = hashlib.sha256(), b""
        collected: list[bytes] | None = [] if self._keeps(name, size) else None
        is_searched = size <= SCANNED_LIMIT and posixpath.splitext(name)[1].lower() in SCANNED_SUFFIXES
        searched = PATTERNS if is_searched else frozenset()
        kinds, patterns = set(), set()
        for piece in pieces:
            digest.update(piece)
            window = before + piece
            kinds |= {kind for kind, (sign, form) in SECRETS.items() if sign in window and form.search(window)}
            patterns |= {pattern for pattern in searched if pattern in window}
            before = window[-OVERLAP:]
            if collected is not None:
                collected.append(piece)
        if collected is not None:
            self.texts[path_of(name)] = b"".join(collected)
        self.secrets += (Secret(name, kind) for kind in sorted(kinds))
        self.refused += (RefusedContent(name, rule.message) for rule in CONTENT_RULES if _matches(rule, patterns))
        if size <= OVERLAP and POINTER.fullmatch(before):
            self.pointers.append(name)
        return digest.hexdigest()

    def contents(self, members: Iterable[Member], fault: Fault | None) -> ArchiveContents:
        """Return what was gathered."""
        return ArchiveContents(
            tuple(members),
            self.texts,
            tuple(self.cut),
            tuple(self.secrets),
            tuple(self.refused),
            tuple(self.pointers),
            fault,
        )

    def _keeps(self, name: str, size: int) -> bool:
        """Whether there is room for the text of a member that checks read; of two with one path the last is kept."""
        path = path_of(name)
        if not KEPT.fullmatch(path):
            return False
        self.room += len(self.texts.pop(path, b""))
        if size > min(LONGEST_TEXT, self.room):
            self.cut.append(path)
            return False
        self.room -= size
        return True


PATTERNS = frozenset(pattern for rule in CONTENT_RULES for pattern in rule.patterns)


def _matches(rule: ContentRule, patterns: set[bytes]) -> bool:
    return (all if rule.needs_all else any)(pattern in patterns for pattern in rule.patterns)


def read_contents(file: BinaryIO, name: str, size: int) -> ArchiveContents:
    """Read what is in an open file of ``size`` bytes, by the kind that its name states, as PyPI does.

    What is wrong with the file is part of the result.
    """
    if FileKind.of(name) is FileKind.NEITHER:
        return ArchiveContents()
    is_zip, is_tar = looks_like_zip(file), looks_like_tar(file)
    if is_zip and is_tar:
        return ArchiveContents(fault=Fault(FaultKind.UNREADABLE, "File is both a zip and a tar file"))
    if name.endswith((".zip", ".whl")):
        if is_zip:
            return read_zip(file, name, size)
        return ArchiveContents(fault=Fault(FaultKind.UNREADABLE, "File is not a zipfile"))
    if is_tar:
        return read_tar(file, size)
    return ArchiveContents(fault=Fault(FaultKind.UNREADABLE, "File is not a tarfile"))


TAR_RATIO = 100
"""More than that many times its size an sdist does not unpack to, if it unpacks to more than `ZIP_FREE`."""

TAR_FREE = 64 * PIECE

LONGEST_HEADER = 4 * PIECE
"""How long all headers of one member may be: extended headers hold what somebody else wrote."""

OTHER_COMPRESSIONS = (b"BZh", b"\xfd7zXZ")
"""How files begin that tarfile can read and that are not gzipped."""


class BoundedStream:
    """The unpacked bytes of an archive, read forwards: a file as `tarfile` needs it."""

    def __init__(self, file: BinaryIO, most: int) -> None:
        self._file = file
        self._most = most
        self._at = 0
        self._last = b""
        self._again = b""
        self.header = 0
        """How many bytes of headers were read since this was set to 0."""
        self.block = b""
        """The header that was read last."""

    def read(self, size: int) -> bytes:
        """Return the next ``size`` bytes of a header."""
        self.header += size
        if self.header > LONGEST_HEADER:
            raise TooMuchError(f"a member has headers of more than {LONGEST_HEADER // PIECE} MiB")
        self.block = self.next(size)
        return self.block

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


def looks_like_tar(file: BinaryIO) -> bool:
    """Whether a file begins like a tar archive, gzipped or not, or is compressed in another way that tarfile reads."""
    file.seek(0)
    start = file.read(6)
    if start.startswith(OTHER_COMPRESSIONS):
        return True
    file.seek(0)
    source = cast("BinaryIO", gzip.GzipFile(fileobj=file)) if start.startswith(b"\x1f\x8b") else file
    try:
        with _open_tar(BoundedStream(source, TAR_FREE)):
            return True
    except ARCHIVE_ERRORS:
        return False


def read_tar(file: BinaryIO, size: int, most: int = MOST_MEMBERS) -> ArchiveContents:
    """Read an archive of ``size`` bytes and ``most`` members; what is returned says what is wrong."""
    file.seek(0)
    members: list[Member] = []
    scanner = Scanner()
    fault: Fault | None = None
    sparse = False
    stream = BoundedStream(cast("BinaryIO", gzip.GzipFile(fileobj=file)), max(TAR_FREE, TAR_RATIO * size))
    try:
        with _open_tar(stream) as archive:
            for info in _tar_members(archive, stream, most):
                sparse = sparse or info.issparse()
                members.append(_tar_member(info, stream, scanner))
    except TooMuchError as error:
        fault = Fault(FaultKind.HOSTILE, detail=str(error))
    except ARCHIVE_ERRORS as error:
        fault = Fault(FaultKind.UNREADABLE, "None", str(error) or type(error).__name__)
    if sparse and not fault:
        fault = Fault(FaultKind.SPARSE, "tar archive not accepted: Sparse members are not allowed.")
    ending = None if fault else _ending_fault(stream)
    contents = scanner.contents(members, fault or sdist_layout_fault([member.name for member in members]))
    return replace(contents, ending=ending)


def _ending_fault(stream: BoundedStream) -> str | None:
    """Read what comes after the last member, and return what is wrong there: an archive ends with zeros.

    tarfile stops at the first invalid header; other readers go on. gzip compares its checksum at the very end.
    """
    try:
        has_more = bool(stream.block.strip(b"\0"))
        while piece := stream.next(PIECE):
            has_more = has_more or bool(piece.strip(b"\0"))
    except ARCHIVE_ERRORS as error:
        return f"it does not end as it should: {str(error) or type(error).__name__}"
    return "it has data after its last member" if has_more else None


def sdist_layout_fault(names: list[str]) -> Fault | None:
    """Return what is missing among the members of an sdist: one top folder, and PKG-INFO in it (PEP 625)."""
    top = common_folder(names)
    if top in {".", "/", ""}:
        return Fault(FaultKind.LAYOUT, "Incorrect number of top-level directories in sdist")
    target = posixpath.join(top, "PKG-INFO")
    return None if target in names else Fault(FaultKind.LAYOUT, f"PKG-INFO not found at {target}")


def common_folder(names: list[str]) -> str:
    """Return the folder that all names lie in, or ""."""
    try:
        return posixpath.commonpath(names)
    except ValueError:
        # There are none, or some are absolute and others not.
        return ""


def _open_tar(stream: BoundedStream) -> tarfile.TarFile:
    return tarfile.TarFile(fileobj=cast("Any", stream), mode="r")


def _tar_members(archive: tarfile.TarFile, stream: BoundedStream, most: int) -> Iterator[tarfile.TarInfo]:
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


def member_of(info: tarfile.TarInfo) -> Member:
    """Return a member of a tar archive, as its header describes it."""
    kinds = (
        (info.isreg(), MemberKind.FILE),
        (info.isdir(), MemberKind.FOLDER),
        (info.issym(), MemberKind.SYMLINK),
        (info.islnk(), MemberKind.HARDLINK),
    )
    return Member(
        info.name,
        kind=next((kind for is_of_kind, kind in kinds if is_of_kind), MemberKind.OTHER),
        size=info.size if info.isreg() else 0,
        target=info.linkname if info.issym() or info.islnk() else None,
        mode=info.mode,
        date=info.mtime,
        owner=(info.uid, info.gid, info.uname, info.gname),
    )


def _tar_member(info: tarfile.TarInfo, stream: BoundedStream, scanner: Scanner) -> Member:
    member = member_of(info)
    if member.kind is not MemberKind.FILE or info.issparse():
        return member
    stream.seek(info.offset_data)
    return replace(member, sha256=scanner.scan(info.name, info.size, stream.pieces(info.size)))


LONGEST_DIRECTORY = 16 * PIECE
"""How long the directory at the end may be, which is read at once: enough for more than `MOST_MEMBERS`."""

UNIX_SYSTEM = 3
"""The number of the system, in a member's header, whose modes are known."""


class BoundedFile:
    """A file as `zipfile` needs it, of which no read takes too much."""

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
        """Whether the file can seek: always."""
        return True


def looks_like_zip(file: BinaryIO) -> bool:
    """Whether a file ends like a zip archive."""
    file.seek(0)
    try:
        return zipfile.is_zipfile(BoundedFile(file))
    except ARCHIVE_ERRORS:
        return False


def read_zip(file: BinaryIO, name: str, size: int) -> ArchiveContents:
    """Read an archive of ``size`` bytes; what is wrong with it is part of the result."""
    file.seek(0)
    members: list[Member] = []
    scanner = Scanner()
    try:
        with zipfile.ZipFile(BoundedFile(file)) as archive:
            fault = _size_fault(archive, size) or _zip_layout_fault(archive, name)
            is_safe = fault is None or fault.kind is FaultKind.LAYOUT
            # One by one, so that what was read before a failure is part of the result.
            members.extend(
                _zip_member(archive, info, scanner if is_safe or _is_small_text(info) else None)
                for info in archive.infolist()
            )
            sentence = None if fault else structure_fault(archive, file)
            if sentence:
                fault = Fault(FaultKind.STRUCTURE, f"ZIP archive not accepted: {sentence}.")
    except TooMuchError as error:
        fault = Fault(FaultKind.HOSTILE, detail=str(error))
    except ARCHIVE_ERRORS as error:
        fault = Fault(FaultKind.UNREADABLE, "None", str(error) or type(error).__name__)
    return scanner.contents(members, fault)


def _size_fault(archive: zipfile.ZipFile, size: int) -> Fault | None:
    """Say why the members cannot be read: too many, too large, or with another compression."""
    infos = archive.infolist()
    if len(infos) > MOST_MEMBERS:
        raise TooMuchError(f"it has more than {MOST_MEMBERS:,} members")
    unpacked = sum(info.file_size for info in infos)
    if unpacked > ZIP_FREE and unpacked / size > ZIP_RATIO:
        detail = f"it would unpack to {unpacked:,} bytes"
        return Fault(FaultKind.BOMB, f"File exceeds compression ratio of {ZIP_RATIO}", detail)
    if not all(map(_is_compressed_usually, infos)):
        return Fault(FaultKind.COMPRESSION, "File does not use a supported compression type")
    return None


def _zip_layout_fault(archive: zipfile.ZipFile, name: str) -> Fault | None:
    names = archive.namelist()
    if name.endswith(".zip"):
        return sdist_layout_fault(names)
    parts = name.split("-", 2)
    if len(parts) != 3:  # noqa: PLR2004 - the name, the version, and all the tags
        return Fault(FaultKind.LAYOUT, "Unable to parse name and version from wheel filename")
    target = f"{parts[0]}-{parts[1]}.dist-info/WHEEL"
    return None if target in names else Fault(FaultKind.LAYOUT, f"WHEEL not found at {target}")


def _is_small_text(info: zipfile.ZipInfo) -> bool:
    """Whether a member can be read for the checks although others would unpack to too much."""
    return (
        bool(KEPT.fullmatch(path_of(info.filename))) and info.file_size <= LONGEST_TEXT and _is_compressed_usually(info)
    )


def _is_compressed_usually(info: zipfile.ZipInfo) -> bool:
    return info.compress_type in {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}


def _zip_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo, scanner: Scanner | None) -> Member:
    # Installers make a file executable by these bits, whatever system the archive says that it was made on.
    mode = info.external_attr >> 16
    if info.is_dir():
        return Member(info.filename, MemberKind.FOLDER, mode=stat.S_IMODE(mode), date=info.date_time)
    return Member(
        info.filename,
        kind=MemberKind.SYMLINK if _is_symlink(info) else MemberKind.FILE,
        size=info.file_size,
        sha256=scanner.scan(info.filename, info.file_size, _zip_pieces(archive, info)) if scanner else None,
        mode=stat.S_IMODE(mode),
        date=info.date_time,
        packed=(info.compress_type, info.compress_size),
    )


def _is_symlink(info: zipfile.ZipInfo) -> bool:
    return info.create_system == UNIX_SYSTEM and stat.S_ISLNK(info.external_attr >> 16)


def _zip_pieces(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Iterator[bytes]:
    with archive.open(info) as source:
        while piece := source.read(PIECE):
            yield piece
