"""Distributions, built in memory: a healthy sdist and a healthy wheel, and whatever is to be wrong with them."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import tarfile
import zipfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.distributions.distribution import Distribution

if TYPE_CHECKING:
    from collections.abc import Iterable


NAME, VERSION = "tidepool", "1.2.3"
DATE = (2024, 2, 29, 12, 0, 0)

METADATA = """\
Metadata-Version: 2.4
Name: tidepool
Version: 1.2.3
Summary: A small package
Author-email: A. Author <author@example.com>
License-Expression: MIT
License-File: LICENSE
Project-URL: Homepage, https://example.com/tidepool
Classifier: Programming Language :: Python :: 3
Requires-Python: >=3.9
Requires-Dist: attrs>=23.1
Description-Content-Type: text/markdown

# tidepool

A small package.
"""

WHEEL = """\
Wheel-Version: 1.0
Generator: cargo 1.0
Root-Is-Purelib: true
Tag: py3-none-any
"""

SCRIPTS = "[console_scripts]\ntidepool = tidepool:depth\n"
MODULE = "def depth(level):\n    return level * 2\n"


@dataclass(frozen=True)
class SampleDist:
    """The files of a distribution, by their names; ``None`` leaves one out."""

    name: str
    files: dict[str, bytes | str | None] = field(default_factory=dict)

    def named(self, name: str) -> SampleDist:
        """Return it under another name."""
        return replace(self, name=name)

    def having(self, files: dict[str, bytes | str | None]) -> SampleDist:
        """Return it with other files."""
        return replace(self, files={**self.files, **files})

    def in_folder(self, folder: str) -> SampleDist:
        """Return an sdist with another top folder."""
        return replace(self, files={f"{folder}/{name.partition('/')[2]}": text for name, text in self.files.items()})

    def saying(self, *changes: str, without: tuple[str, ...] = (), body: str | None = None) -> SampleDist:
        """Return it with other lines of metadata: each change replaces the field that it names, or adds it."""
        place = next(name for name in self.files if name.endswith(("METADATA", "PKG-INFO")))
        text = self.files[place]
        assert isinstance(text, str)
        head, _, tail = text.partition("\n\n")
        gone = {line.partition(":")[0] for line in changes} | set(without)
        kept = [line for line in head.splitlines() if line.partition(":")[0] not in gone]
        return self.having({place: "\n".join([*kept, *changes]) + "\n\n" + (tail if body is None else body)})

    def data(self) -> bytes:
        """Return the bytes of the archive."""
        held = {name: text for name, text in self.files.items() if text is not None}
        return zipped(held) if self.name.endswith((".whl", ".zip")) else tarred(held)

    def distribution(self) -> Distribution:
        """Return it as it is read."""
        return read(self.name, self.data())


def read(name: str, data: bytes) -> Distribution:
    """Read an archive."""
    return Distribution.from_file(io.BytesIO(data), Path(name), name)


def sdist(name: str = NAME, version: str = VERSION) -> SampleDist:
    """Return a healthy sdist."""
    top = f"{name}-{version}"
    metadata = METADATA.replace(NAME, name).replace(VERSION, version)
    return SampleDist(
        f"{top}.tar.gz",
        {
            f"{top}/PKG-INFO": metadata,
            f"{top}/LICENSE": "MIT License\n",
            f"{top}/pyproject.toml": "[project]\n",
            f"{top}/src/{name}/__init__.py": MODULE,
        },
    )


def wheel(name: str = NAME, version: str = VERSION, tag: str = "py3-none-any") -> SampleDist:
    """Return a healthy wheel; its RECORD is made from what it holds in the end."""
    info = f"{name}-{version}.dist-info"
    metadata = METADATA.replace(NAME, name).replace(VERSION, version)
    return SampleDist(
        f"{name}-{version}-{tag}.whl",
        {
            f"{name}/__init__.py": MODULE,
            f"{info}/METADATA": metadata,
            f"{info}/WHEEL": WHEEL,
            f"{info}/entry_points.txt": SCRIPTS,
            f"{info}/licenses/LICENSE": "MIT License\n",
            f"{info}/RECORD": RECORD,
        },
    )


RECORD = "{record}"
"""The placeholder of a correct RECORD."""


def record(files: dict[str, bytes | str]) -> str:
    """Return the RECORD of a wheel."""
    rows = []
    for name, text in files.items():
        if text == RECORD:
            rows.append(f"{name},,")
        else:
            data = _bytes(text)
            digest = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
            rows.append(f"{name},sha256={digest},{len(data)}")
    return "\n".join(rows) + "\n"


def zipped(files: dict[str, bytes | str], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """Return a zip archive."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, text in files.items():
            info = zipfile.ZipInfo(name, DATE)
            info.compress_type = method
            info.external_attr = 0o644 << 16
            archive.writestr(info, record(files) if text == RECORD else _bytes(text))
    return target.getvalue()


def tarred(files: dict[str, bytes | str], *members: tarfile.TarInfo) -> bytes:
    """Return a gzipped tar archive; ``members``: more of them, without content."""
    return tarred_in_order(files.items(), *members)


def tarred_in_order(files: Iterable[tuple[str, bytes | str]], *members: tarfile.TarInfo) -> bytes:
    """Return a gzipped tar archive of names, which can occur twice, and contents."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, text in files:
            info = tarfile.TarInfo(name)
            info.size = len(_bytes(text))
            archive.addfile(info, io.BytesIO(_bytes(text)))
        for member in members:
            archive.addfile(member)
    return gzip.compress(target.getvalue(), mtime=0)


def link(name: str, target: str, kind: bytes = tarfile.SYMTYPE) -> tarfile.TarInfo:
    """Return a link, or another member without content."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def _bytes(text: bytes | str) -> bytes:
    return text.encode() if isinstance(text, str) else text
