"""Real differences between two builds of a distribution: each makes another file of the bytes of one."""

from __future__ import annotations

import base64
import csv
import gzip
import hashlib
import io
import re
import tarfile
import zipfile
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Callable

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Entry:
    """A member of an archive: its content, None for a link to ``target``."""

    name: str
    data: bytes | None
    mode: int = 0o644
    target: str = ""
    kind: bytes = tarfile.SYMTYPE


@dataclass
class Entries:
    """The members of an archive, in order."""

    entries: list[Entry] = field(default_factory=list)

    def at(self, ending: str) -> int:
        """Return the place of the first member whose name ends so."""
        return next(place for place, entry in enumerate(self.entries) if entry.name.endswith(ending))

    def edit(self, ending: str, old: bytes, new: bytes) -> None:
        """Replace the first text that matches a pattern in a member, which has to have one."""
        place = self.at(ending)
        data = self.entries[place].data
        assert data is not None
        edited, count = re.subn(old, lambda _: new, data, count=1)
        assert count
        self.entries[place] = replace(self.entries[place], data=edited)


@dataclass(frozen=True)
class Difference:
    """A difference in a file whose name ends with ``suffix``."""

    suffix: str
    change: Callable[[Entries], None] | None = None
    change_bytes: Callable[[bytes], bytes] | None = None

    def make(self, data: bytes) -> bytes:
        """Return another file."""
        if self.change is not None:
            entries = read_wheel(data) if self.suffix == ".whl" else read_sdist(data)
            self.change(entries)
            return write_wheel(entries) if self.suffix == ".whl" else write_sdist(entries)
        assert self.change_bytes is not None
        return self.change_bytes(data)


def read_wheel(data: bytes) -> Entries:
    """Return the files of a wheel."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        infos = [info for info in archive.infolist() if not info.is_dir()]
        return Entries([Entry(info.filename, archive.read(info), info.external_attr >> 16 & 0o7777) for info in infos])


def write_wheel(entries: Entries, *, system: int = 3) -> bytes:
    """Return a wheel with a RECORD that is true of the files that it lists."""
    hashes = {entry.name: hashlib.sha256(entry.data or b"").digest() for entry in entries.entries}
    sizes = {entry.name: len(entry.data or b"") for entry in entries.entries}
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry in entries.entries:
            data = entry.data or b""
            if entry.name.endswith(".dist-info/RECORD"):
                data = _true_record(data.decode(), hashes, sizes)
            info = zipfile.ZipInfo(entry.name, (2024, 1, 1, 0, 0, 0))
            info.compress_type, info.create_system = zipfile.ZIP_DEFLATED, system
            info.external_attr = (0o100000 | entry.mode) << 16
            archive.writestr(info, data)
    return target.getvalue()


def _true_record(text: str, hashes: Mapping[str, bytes], sizes: Mapping[str, int]) -> bytes:
    target = io.StringIO()
    writer = csv.writer(target, lineterminator="\n")
    for name, digest, size in csv.reader(text.splitlines()):
        if digest.startswith("sha256=") and name in hashes:
            encoded = base64.urlsafe_b64encode(hashes[name]).decode().rstrip("=")
            writer.writerow((name, f"sha256={encoded}", sizes[name]))
        else:
            writer.writerow((name, digest, size))
    return target.getvalue().encode()


def read_sdist(data: bytes) -> Entries:
    """Return the files of an sdist."""
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        entries = []
        for info in archive:
            content = archive.extractfile(info) if info.isreg() else None
            if content is not None:
                entries.append(Entry(info.name, content.read(), info.mode))
    return Entries(entries)


def write_sdist(entries: Entries) -> bytes:
    """Return an sdist."""
    target = io.BytesIO()
    with tarfile.open(fileobj=target, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for entry in entries.entries:
            info = tarfile.TarInfo(entry.name)
            info.mode, info.mtime = entry.mode, 1_704_067_200
            if entry.data is None:
                info.type, info.linkname = entry.kind, entry.target
                archive.addfile(info)
            else:
                info.size = len(entry.data)
                archive.addfile(info, io.BytesIO(entry.data))
    return gzip.compress(target.getvalue(), mtime=0)


def editing(ending: str, old: bytes, new: bytes) -> Callable[[Entries], None]:
    return lambda entries: entries.edit(ending, old, new)


def without(ending: str) -> Callable[[Entries], None]:
    def change(entries: Entries) -> None:
        del entries.entries[entries.at(ending)]

    return change


def with_mode(ending: str, mode: int) -> Callable[[Entries], None]:
    def change(entries: Entries) -> None:
        place = entries.at(ending)
        entries.entries[place] = replace(entries.entries[place], mode=mode)

    return change


def as_link(ending: str, target: str) -> Callable[[Entries], None]:
    def change(entries: Entries) -> None:
        place = entries.at(ending)
        entries.entries[place] = replace(entries.entries[place], data=None, target=target)

    return change


def with_copy(ending: str, name: str, data: bytes) -> Callable[[Entries], None]:
    """Add a member in the folder of another."""

    def change(entries: Entries) -> None:
        place = entries.entries[entries.at(ending)].name
        entries.entries.append(Entry(place[: -len(ending)] + name, data))

    return change


def with_bytes(ending: str, old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    """Change what a RECORD says, and leave it so."""

    def change(data: bytes) -> bytes:
        entries = read_wheel(data)
        entries.edit(ending, old, new)
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as archive:
            for entry in entries.entries:
                archive.writestr(entry.name, entry.data or b"")
        return target.getvalue()

    return change


def executable_on_another_system(data: bytes) -> bytes:
    entries = read_wheel(data)
    with_mode("/__init__.py", 0o755)(entries)
    return write_wheel(entries, system=0)


def with_hidden_members(data: bytes) -> bytes:
    more = io.BytesIO()
    with tarfile.open(fileobj=more, mode="w") as archive:
        info = tarfile.TarInfo("tidepool-1.2.3/setup.py")
        info.size = 4
        archive.addfile(info, io.BytesIO(b"evil"))
    return data + gzip.compress(more.getvalue(), mtime=0)


INIT = "/tidepool/__init__.py"

DIFFERENCES: Mapping[str, Difference] = {
    "a changed byte in a wheel": Difference(".whl", editing("tidepool/__init__.py", rb"print\(2\)", b"print(3)")),
    "a changed byte in an sdist": Difference(".tar.gz", editing(INIT, rb"print\(2\)", b"print(3)")),
    "other line ends": Difference(".whl", editing("levels.csv", b"\r\n", b"\n")),
    "a missing module": Difference(".whl", without("tools/measure.py")),
    "a missing marker": Difference(".whl", without("py.typed")),
    "a missing file of an sdist": Difference(".tar.gz", without("levels.csv")),
    "a missing license": Difference(".whl", without("LICENSE")),
    "a module more": Difference(".whl", with_copy("__init__.py", "extra.py", b"x = 1\n")),
    "a file more in an sdist": Difference(".tar.gz", with_copy("pyproject.toml", "setup.py", b"import os\n")),
    "another requirement": Difference(".whl", editing("METADATA", rb"(?<=>=)23\.1", b"22.1")),
    "a requirement less": Difference(".whl", editing("METADATA", rb"Requires-Dist: attrs.*\n", b"")),
    "another Python": Difference(".whl", editing("METADATA", rb"(?<=Requires-Python: )>=3\.9", b">=3.8")),
    "another description": Difference(".whl", editing("METADATA", "package, schön\\.".encode(), b"package, schon.")),
    "other metadata of an sdist": Difference(".tar.gz", editing("PKG-INFO", b"A. Author", b"B. Author")),
    "another entry point": Difference(".whl", editing("entry_points.txt", b"tidepool:depth", b"tidepool:other")),
    "other tags": Difference(".whl", editing("WHEEL", b"Tag: py3-none-any", b"Tag: py2-none-any")),
    "an executable more": Difference(".whl", with_mode("__init__.py", 0o755)),
    "an executable less": Difference(".tar.gz", with_mode("measure.py", 0o644)),
    "executable on another system": Difference(".whl", change_bytes=executable_on_another_system),
    "a file that is a link": Difference(".tar.gz", as_link("levels.csv", "/etc/passwd")),
    "a RECORD that is not true": Difference(
        ".whl", change_bytes=with_bytes("RECORD", b"py.typed,sha256=4", b"py.typed,sha256=5")
    ),
    "members after the end": Difference(".tar.gz", change_bytes=with_hidden_members),
    "a file twice": Difference(".tar.gz", with_copy("pyproject.toml", "pyproject.toml", b"[project]\n")),
}
"""Real differences, by their names."""
