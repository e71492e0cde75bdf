"""Two builds of one distribution, member by member."""

from __future__ import annotations

import hashlib
import tarfile
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def differing(one: Path, other: Path) -> tuple[str, ...]:
    """Return the members whose contents differ, or that only one of two archives has, sorted."""
    ours, theirs = _members(one), _members(other)
    return tuple(sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name)))


def _members(path: Path) -> dict[str, str]:
    """Return the members of an archive that was built here: names to SHA-256."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as archive:
            return {name: hashlib.sha256(archive.read(name)).hexdigest() for name in archive.namelist()}
    with tarfile.open(path) as archive:
        return {member.name: _content(archive, member) for member in archive if not member.isdir()}


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> str:
    """Return the SHA-256 of a file; of a link, which may lead nowhere, what it leads to."""
    content = archive.extractfile(member) if member.isfile() else None
    return hashlib.sha256(content.read()).hexdigest() if content else f"-> {member.linkname}"
