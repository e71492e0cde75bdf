"""The one model of a distribution: an sdist or a wheel, its size and hashes, and what is inside it.

A file is opened once to be hashed and read; nothing is unpacked, and nothing in it is trusted.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, BinaryIO

from seatrial.distributions.archive import PIECE, ArchiveContents, Member, MemberKind, common_folder, read_contents
from seatrial.distributions.metadata import FileKind, FileName, Metadata
from seatrial.errors import BuildError

if TYPE_CHECKING:
    from packaging.utils import NormalizedName
    from packaging.version import Version


SUFFIXES = (".tar.gz", ".whl")
"""What the names of distributions end with (PEP 625, PEP 427)."""

MODULES = (".py", ".pyi", ".so", ".pyd")
"""What the names of modules and stubs end with."""

METADATA = re.compile(r"[^/]+\.dist-info/METADATA")
"""Where a wheel has its metadata; what is deeper belongs to something vendored."""


@dataclass(frozen=True)
class Distribution:
    """A distribution on disk: ``size`` in bytes, hashes in hexadecimal digits, as an index has them.

    ``name``: its file name, which for a file that was just uploaded is not that of ``path``.
    """

    path: Path
    name: str
    size: int
    sha256: str
    blake2_256: str
    _contents: ArchiveContents | None = field(default=None, repr=False, compare=False)

    @classmethod
    def from_path(cls, path: Path) -> Distribution:
        """Hash a file; what is inside is read when it is asked for. Raises `OSError`."""
        with path.open("rb") as file:
            return cls(path, path.name, *_size_and_hashes(file))

    @classmethod
    def read(cls, path: Path, name: str | None = None) -> Distribution:
        """Hash a file and read what is inside, in one go; ``name``: its file name if it is not that of ``path``.

        What is wrong with the file is part of the result. Raises `OSError`.
        """
        with path.open("rb") as file:
            return cls.from_file(file, path, name)

    @classmethod
    def from_file(cls, file: BinaryIO, path: Path, name: str | None = None) -> Distribution:
        """Hash and read an open file that can seek; see `read`."""
        size, sha256, blake2_256 = _size_and_hashes(file)
        name = path.name if name is None else name
        return cls(path, name, size, sha256, blake2_256, read_contents(file, name, size))

    def moved_to(self, path: Path) -> Distribution:
        """Return it at another path, with what was read of it."""
        return replace(self, path=path, _contents=self.__dict__.get("contents", self._contents))

    @cached_property
    def contents(self) -> ArchiveContents:
        """What is inside the archive, read once. Raises `OSError` if it has yet to be read."""
        if self._contents is not None:
            return self._contents
        with self.path.open("rb") as file:
            return read_contents(file, self.name, self.size)

    @property
    def kind(self) -> FileKind:
        """Whether it is an sdist or a wheel."""
        return FileKind.of(self.name)

    @property
    def is_wheel(self) -> bool:
        """Whether it is a wheel."""
        return self.kind is FileKind.WHEEL

    @cached_property
    def file_name(self) -> FileName:
        """What the file name states. Raises `BackendFailed` for that of no sdist or wheel."""
        try:
            return FileName.parse(self.name)
        except ValueError as error:
            fix = f"give the project a valid name and version (PEP {427 if self.is_wheel else 625})"
            raise BuildError(str(error), code="BackendFailed", fix=fix) from None

    @property
    def project(self) -> NormalizedName:
        """The normalised name of the project, from the file name. Raises `BackendFailed`."""
        return self.file_name.project

    @property
    def version(self) -> Version:
        """The version, from the file name. Raises `BackendFailed`."""
        return self.file_name.version

    @property
    def files(self) -> tuple[Member, ...]:
        """The members that are files, links among them."""
        return tuple(member for member in self.contents.members if member.kind is not MemberKind.FOLDER)

    @cached_property
    def tree(self) -> Mapping[str, Member]:
        """The files by where they belong.

        Those of a wheel as they are installed below site-packages, without ``.dist-info``; those of an sdist as they
        are below its top folder.
        """
        if not self.is_wheel:
            return {member.path.partition("/")[2]: member for member in self.files}
        return {place: member for member in self.files if (place := _installed_place(member.path))}

    @cached_property
    def folder(self) -> str:
        """The folder that its metadata is in: the ``.dist-info`` of a wheel, the top folder of an sdist."""
        if self.is_wheel:
            name, _, after_name = self.name.partition("-")
            return f"{name}-{after_name.partition('-')[0]}.dist-info"
        return common_folder([member.name for member in self.contents.members])

    def has(self, name: str) -> bool:
        """Whether a member is called like a file in `folder`, to the letter: PyPI and pip read it by this name."""
        return any(member.name == f"{self.folder}/{name}" for member in self.files)

    def text(self, name: str) -> bytes | None:
        """Return the content of a file in `folder`, None if it is missing or was not kept."""
        return self.contents.texts.get(f"{self.folder}/{name}")

    @cached_property
    def metadata(self) -> Metadata:
        """The core metadata, empty if there is none."""
        return Metadata() if self._metadata is None else Metadata.from_bytes(self._metadata)

    @property
    def has_metadata(self) -> bool:
        """Whether there is core metadata that can be looked for as twine does, which sends it."""
        return self._metadata is not None

    @cached_property
    def _metadata(self) -> bytes | None:
        name = "METADATA" if self.is_wheel else "PKG-INFO"
        data = self.text(name)
        if data is None:
            places = sorted((place for place in self.contents.texts if place.endswith(f"/{name}")), key=len)
            data = self.contents.texts[places[0]] if places else None
        return data

    def requirements(self) -> tuple[str, ...]:
        """Return the requirements of a wheel (``Requires-Dist``, core metadata), sorted.

        Raises `BackendFailed` for a wheel without metadata.
        """
        places = {member.path for member in self.files if METADATA.fullmatch(member.path)}
        data = self.contents.texts.get(next(iter(places), ""))
        if len(places) != 1 or data is None:
            fault = self.contents.fault
            why = f": {fault.kind.value}" if fault and not places else ""
            raise BuildError(
                f"{self.name} has {len(places)} files .dist-info/METADATA at its top, and needs one (PEP 427){why}",
                code="BackendFailed",
                fix="see what the build backend writes: python -m build",
            )
        return tuple(sorted(Metadata.from_bytes(data).list("requires_dist")))

    def modules(self) -> tuple[str, ...]:
        """Return the dotted names that a wheel brings: each package or module that has no regular package above.

        ``("tidemark",)`` for a common wheel, ``("google.cloud.tides",)`` for a part of a namespace package
        (PEP 420), ``()`` for a wheel that holds metadata only. Sorted.
        """
        return top_modules(map(PurePosixPath, self.tree))


def _size_and_hashes(file: BinaryIO) -> tuple[int, str, str]:
    """Return size, SHA-256 and BLAKE2b-256 of an open file."""
    sha256, blake2, size = hashlib.sha256(), hashlib.blake2b(digest_size=32), 0
    file.seek(0)
    while piece := file.read(PIECE):
        sha256.update(piece)
        blake2.update(piece)
        size += len(piece)
    return size, sha256.hexdigest(), blake2.hexdigest()


def _installed_place(name: str) -> str | None:
    """Return where a member of a wheel lands below site-packages; None if it does not, or is metadata (PEP 427)."""
    top, _, below = name.partition("/")
    if top.endswith(".data"):
        scheme, _, place = below.partition("/")
        return place if scheme in {"purelib", "platlib"} else None
    return None if top.endswith(".dist-info") else name


def distributions_in(folder: Path) -> tuple[Path, ...]:
    """Return the paths of the distributions in a folder, sorted; none if the folder is missing."""
    return tuple(sorted(path for path in folder.glob("*") if path.name.endswith(SUFFIXES)))


def top_modules(files: Iterable[PurePosixPath]) -> tuple[str, ...]:
    """Return the dotted name of each package or module among ``files`` that has no regular package above. Sorted."""
    modules = [file for file in files if file.suffix in MODULES]
    packages = {module.parent for module in modules if _stem(module) == "__init__"}
    return tuple(sorted({_root(module, packages) for module in modules}))


def _root(module: PurePosixPath, packages: set[PurePosixPath]) -> str:
    """Return the highest regular package that ``module`` is in, or else the module itself."""
    above = [folder for folder in module.parents if folder in packages]
    return ".".join(above[-1].parts if above else (*module.parts[:-1], _stem(module)))


def _stem(module: PurePosixPath) -> str:
    """Return the name without its suffixes: ``_speedups.cpython-312-x86_64-linux-gnu.so`` is ``_speedups``."""
    return module.name.partition(".")[0]
