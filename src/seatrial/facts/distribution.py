"""A built file: an sdist or a wheel."""

from __future__ import annotations

import hashlib
import re
import sys
import tarfile
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from packaging.utils import InvalidSdistFilename, InvalidWheelFilename, parse_sdist_filename, parse_wheel_filename

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
            return roots(_installed(PurePosixPath(name)) for name in archive.namelist())

    def members(self) -> tuple[PurePosixPath, ...]:
        """Return the files in it, as they are installed or, of an sdist, as they lie below its one folder."""
        if self.is_wheel:
            with zipfile.ZipFile(self.path) as archive:
                return tuple(_installed(PurePosixPath(name)) for name in archive.namelist())
        with tarfile.open(self.path) as archive:
            return tuple(PurePosixPath(*PurePosixPath(member.name).parts[1:]) for member in archive if member.isfile())


def paths_in(folder: Path) -> tuple[Path, ...]:
    """Return the paths of the distributions in a folder, sorted; nothing where it is not there."""
    return tuple(sorted(path for path in folder.glob("*") if path.name.endswith(SUFFIXES)))


def roots(files: Iterable[PurePosixPath]) -> tuple[str, ...]:
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
