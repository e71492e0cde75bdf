"""A file that may be a distribution, and what is in it: read without trust, never unpacked."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, BinaryIO

from seatrial.facts import tarballs, zips
from seatrial.facts.contents import Contents, Fault, FaultKind, Kind, Member, MemberKind
from seatrial.facts.metadata import Metadata
from seatrial.facts.sifting import PIECE

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True)
class Archive:
    """A file and what is in it. ``size`` in bytes, hashes in hexadecimal digits, as an index tells them."""

    name: str
    size: int
    sha256: str
    blake2_256: str
    contents: Contents

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
        return cls(name, size, sha256.hexdigest(), blake2.hexdigest(), read(file, name, size))

    @property
    def kind(self) -> Kind:
        """Whether it is an sdist or a wheel."""
        return Kind.of(self.name)

    @property
    def is_wheel(self) -> bool:
        """Whether it is a wheel."""
        return self.kind is Kind.WHEEL

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
        return tarballs.common_folder([member.name for member in self.contents.members])

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


def read(file: BinaryIO, name: str, size: int) -> Contents:
    """Read what is in a file, by the kind that its name promises, as PyPI does."""
    if Kind.of(name) is Kind.NEITHER:
        return Contents()
    is_zip, is_tar = zips.is_zip(file), tarballs.is_tar(file)
    if is_zip and is_tar:
        return Contents(fault=Fault(FaultKind.UNREADABLE, "File is both a zip and a tar file"))
    if name.endswith((".zip", ".whl")):
        if is_zip:
            return zips.read(file, name, size)
        return Contents(fault=Fault(FaultKind.UNREADABLE, "File is not a zipfile"))
    if is_tar:
        return tarballs.read(file, size)
    return Contents(fault=Fault(FaultKind.UNREADABLE, "File is not a tarfile"))
