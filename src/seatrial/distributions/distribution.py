"""A distribution: an sdist or a wheel, and what is inside it, read without trust and never unpacked."""

from __future__ import annotations

import hashlib
import re
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO

from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

from seatrial.distributions.archive import (
    PIECE,
    ArchiveContents,
    Fault,
    FaultKind,
    FileKind,
    Member,
    MemberKind,
    common_folder,
    looks_like_tar,
    looks_like_zip,
    read_tar,
    read_zip,
)
from seatrial.distributions.metadata import Metadata
from seatrial.errors import BuildError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from packaging.tags import Tag
    from packaging.utils import BuildTag, NormalizedName
    from packaging.version import Version


SUFFIXES = (".tar.gz", ".whl")
"""What the names of distributions end with (PEP 625, PEP 427)."""

MODULES = (".py", ".pyi", ".so", ".pyd")
"""What the names of modules and stubs end with."""


METADATA = re.compile(r"[^/]+\.dist-info/METADATA")


@dataclass(frozen=True)
class Distribution:
    """A distribution on disk: ``size`` in bytes, ``sha256`` in hexadecimal digits, as an index tells them."""

    path: Path
    size: int
    sha256: str

    @classmethod
    def from_path(cls, path: Path) -> Distribution:
        """Read a file's size and hash, a piece at a time."""
        digest = hashlib.sha256()
        with path.open("rb") as file:
            while piece := file.read(1 << 20):
                digest.update(piece)
        return cls(path, path.stat().st_size, digest.hexdigest())

    @property
    def is_wheel(self) -> bool:
        """Whether this is a wheel; else it is an sdist."""
        return self.path.suffix == ".whl"

    @property
    def project(self) -> str:
        """The normalised name of the project, from the file name of a wheel. Raises `BackendFailed`."""
        return self._wheel_name()[0]

    @property
    def version(self) -> Version:
        """The version, from the file name of a wheel or an sdist. Raises `BackendFailed`."""
        if self.is_wheel:
            return self._wheel_name()[1]
        try:
            return parse_sdist_filename(self.path.name)[1]
        except InvalidSdistFilename as error:
            raise BuildError(
                str(error), code="BackendFailed", fix="give the project a valid name and version (PEP 625)"
            ) from None

    @property
    def is_for_any_machine(self) -> bool:
        """Whether a wheel is the same wherever it was built: no tag of it names a platform (PEP 425)."""
        return all(tag.platform == "any" for tag in self._wheel_name()[3])

    def fits(self, python: str) -> bool:
        """Whether a wheel can be installed on CPython ``python``, such as ``"3.12"`` or ``"3.14t"`` (PEP 425, PEP 703).

        Raises `BackendFailed` for a file name that is no wheel's.
        """
        minor, is_free_threaded = int(re.findall(r"\d+", python)[1]), python.endswith("t")
        for tag in self._wheel_name()[3]:
            known = re.fullmatch(r"(?:py|cp)3(\d*)", tag.interpreter)
            least = int(known[1] or 0) if known else sys.maxsize
            goes_on = tag.abi == "abi3" or tag.interpreter.startswith("py")
            is_of_its_kind = tag.abi == "none" or tag.abi.endswith("t") == is_free_threaded
            if is_of_its_kind and (least == minor or (goes_on and least < minor)):
                return True
        return False

    def _wheel_name(self) -> tuple[NormalizedName, Version, BuildTag, frozenset[Tag]]:
        try:
            return parse_wheel_filename(self.path.name)
        except InvalidWheelFilename as error:
            raise BuildError(
                str(error), code="BackendFailed", fix="give the project a valid name and version (PEP 427)"
            ) from None

    def needs(self) -> tuple[str, ...]:
        """Return the requirements of a wheel (``Requires-Dist``, core metadata), sorted.

        Raises `BackendFailed` for a wheel without metadata.
        """
        # Loaded here because listing, and a release that finds all built, do without.
        import email  # noqa: PLC0415

        with zipfile.ZipFile(self.path) as archive:
            # What is deeper than the top is the metadata of something vendored.
            own = [name for name in archive.namelist() if METADATA.fullmatch(name)]
            if len(own) != 1:
                raise BuildError(
                    f"{self.path.name} has {len(own)} files .dist-info/METADATA at its top, and needs one (PEP 427)",
                    code="BackendFailed",
                    fix="see what the build backend writes: python -m build --wheel",
                )
            metadata = email.message_from_bytes(archive.read(own[0]))
        return tuple(sorted(str(value) for value in metadata.get_all("Requires-Dist", [])))

    def modules(self) -> tuple[str, ...]:
        """Return the dotted names that a wheel brings: each package or module that has no regular package above.

        ``("tidemark",)`` for a common wheel, ``("google.cloud.tides",)`` for a part of a namespace package
        (PEP 420), ``()`` for a wheel that holds metadata only. Sorted.
        """
        with zipfile.ZipFile(self.path) as archive:
            return top_modules(_installed(PurePosixPath(name)) for name in archive.namelist())

    def members(self) -> tuple[PurePosixPath, ...]:
        """Return the files in it, as they are installed or, of an sdist, as they lie below its one folder."""
        if self.is_wheel:
            with zipfile.ZipFile(self.path) as archive:
                return tuple(_installed(PurePosixPath(name)) for name in archive.namelist())
        with tarfile.open(self.path) as archive:
            return tuple(PurePosixPath(*PurePosixPath(member.name).parts[1:]) for member in archive if member.isfile())


def distributions_in(folder: Path) -> tuple[Path, ...]:
    """Return the paths of the distributions in a folder, sorted; nothing where it is not there."""
    return tuple(sorted(path for path in folder.glob("*") if path.name.endswith(SUFFIXES)))


def top_modules(files: Iterable[PurePosixPath]) -> tuple[str, ...]:
    """Return the dotted name of each package or module among ``files`` that has no regular package above. Sorted."""
    modules = [file for file in files if file.suffix in MODULES]
    packages = {module.parent for module in modules if _stem(module) == "__init__"}
    return tuple(sorted({_root(module, packages) for module in modules}))


def _installed(member: PurePosixPath) -> PurePosixPath:
    """Where a member of a wheel lands below site-packages; ``.`` when it lands elsewhere (PEP 427)."""
    top, *rest = member.parts
    if top.endswith(".data"):
        return PurePosixPath(*rest[1:]) if rest[:1] in (["purelib"], ["platlib"]) else PurePosixPath()
    return member


def _root(module: PurePosixPath, packages: set[PurePosixPath]) -> str:
    """Return the highest regular package that ``module`` is in, or else the module itself."""
    above = [folder for folder in module.parents if folder in packages]
    return ".".join(above[-1].parts if above else (*module.parts[:-1], _stem(module)))


def _stem(module: PurePosixPath) -> str:
    """Return the name without its suffixes: ``_speedups.cpython-312-x86_64-linux-gnu.so`` is ``_speedups``."""
    return module.name.partition(".")[0]


@dataclass(frozen=True)
class Archive:
    """A file and what is in it. ``size`` in bytes, hashes in hexadecimal digits, as an index tells them."""

    name: str
    size: int
    sha256: str
    blake2_256: str
    contents: ArchiveContents

    @classmethod
    def from_path(cls, path: Path, name: str = "") -> Archive:
        """Read a file; ``name``: the one that it goes by, if that is not its name on disk. Raises `OSError`."""
        with path.open("rb") as file:
            return cls.from_file(file, name or path.name)

    @classmethod
    def from_file(cls, file: BinaryIO, name: str) -> Archive:
        """Read an open file that can be sought in. Raises `OSError`."""
        sha256, blake2, size = hashlib.sha256(), hashlib.blake2b(digest_size=32), 0
        file.seek(0)
        while piece := file.read(PIECE):
            sha256.update(piece)
            blake2.update(piece)
            size += len(piece)
        return cls(name, size, sha256.hexdigest(), blake2.hexdigest(), read_contents(file, name, size))

    @property
    def kind(self) -> FileKind:
        """Whether it is an sdist or a wheel."""
        return FileKind.of(self.name)

    @property
    def is_wheel(self) -> bool:
        """Whether it is a wheel."""
        return self.kind is FileKind.WHEEL

    @property
    def files(self) -> tuple[Member, ...]:
        """The members that are files, links among them."""
        return tuple(one for one in self.contents.members if one.kind is not MemberKind.FOLDER)

    @cached_property
    def folder(self) -> str:
        """The folder that its metadata is in: the ``.dist-info`` of a wheel, the one at the top of an sdist."""
        if self.is_wheel:
            name, _, rest = self.name.partition("-")
            return f"{name}-{rest.partition('-')[0]}.dist-info"
        return common_folder([member.name for member in self.contents.members])

    def text(self, name: str) -> bytes | None:
        """Return the content of a file in `folder`, None if it is not there or was not kept."""
        return self.contents.texts.get(f"{self.folder}/{name}")

    @cached_property
    def metadata(self) -> Metadata | None:
        """The core metadata, None if there are none; they are looked for as twine does, which sends them."""
        name = "METADATA" if self.is_wheel else "PKG-INFO"
        found = sorted((place for place in self.contents.texts if place.endswith(f"/{name}")), key=len)
        data = self.text(name)
        if data is None and found:
            data = self.contents.texts[found[0]]
        return None if data is None else Metadata.from_bytes(data)


def read_contents(file: BinaryIO, name: str, size: int) -> ArchiveContents:
    """Read what is in a file, by the kind that its name promises, as PyPI does."""
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
