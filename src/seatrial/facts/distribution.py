"""A built file: an sdist or a wheel."""

from __future__ import annotations

import email
import hashlib
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

SUFFIXES = (".tar.gz", ".whl")
"""What the names of distributions end with (PEP 625, PEP 427)."""

MODULES = (".py", ".pyi", ".so", ".pyd")
"""What the names of modules and stubs end with."""


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

    def needs(self) -> tuple[str, ...]:
        """Return the requirements of a wheel (``Requires-Dist``, core metadata), sorted."""
        with zipfile.ZipFile(self.path) as archive:
            name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
            metadata = email.message_from_bytes(archive.read(name))
        return tuple(sorted(str(value) for value in metadata.get_all("Requires-Dist", [])))

    def modules(self) -> tuple[str, ...]:
        """Return the dotted names that a wheel brings: each package or module that has no regular package above.

        ``("tidemark",)`` for a common wheel, ``("google.cloud.tides",)`` for a part of a namespace package
        (PEP 420), ``()`` for a wheel that holds metadata only. Sorted.
        """
        with zipfile.ZipFile(self.path) as archive:
            members = [PurePosixPath(name) for name in archive.namelist()]
        modules = [place for member in members if (place := _installed(member)).suffix in MODULES]
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
