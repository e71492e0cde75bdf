"""The version of a Rust crate that maturin builds: in Cargo.toml, and once more in Cargo.lock.

The Cargo Book, "The Manifest Format" and "Workspaces"; maturin's guide, "Python metadata".
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from seatrial.facts import pyproject
from seatrial.facts.version_text import Place, find_in_table, nearest, read

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from seatrial.facts.project import Project


def of_backend(project: Project) -> Iterator[Place]:
    """Yield where the version of the crate stands; nothing for another build backend than maturin.

    Raises `FileNotUtf8` or `PyprojectUnreadable`.
    """
    manifest = _manifest(project)
    text = read(project, manifest) if manifest else None
    if text is None or manifest is None:
        return
    package = _package(project, manifest, "package")
    # The crate takes the version of its workspace.
    is_shared = isinstance(package.get("version"), dict)
    table = "workspace.package" if is_shared else "package"
    holder = nearest(project, "Cargo.toml", manifest.parent, f"[{table}]") if is_shared else manifest
    version = _package(project, holder, table).get("version")
    place = find_in_table(read(project, holder) or "", holder, table, "version", version) if version else None
    if place:
        yield replace(place, is_semantic=True)
        path = nearest(project, "Cargo.lock", manifest.parent)
        yield from _locked(project, path, place, None if is_shared else package.get("name"))


def _package(project: Project, path: PurePosixPath, table: str) -> Mapping[str, Any]:
    """Return a table of a Cargo.toml, an empty one where it is not there."""
    found: Any = pyproject.read(project.root / path) if read(project, path) is not None else {}
    for part in table.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found if isinstance(found, dict) else {}


def _locked(project: Project, path: PurePosixPath, place: Place, name: object) -> Iterator[Place]:
    """Yield the entry of the crate in Cargo.lock, for ``name`` None those of all crates that share its version.

    What comes from an index has a source there.
    """
    entry = rf'^name = "(?P<name>[^"\n]+)"\nversion = "{re.escape(place.version)}"$(?!\nsource = )'
    for found in re.finditer(entry, read(project, path) or "", re.MULTILINE):
        if name in {None, found["name"]}:
            yield Place(path, found[0], place.version, is_semantic=True)


def _manifest(project: Project) -> PurePosixPath | None:
    """Return the path of the Cargo.toml that maturin reads."""
    if project.backend != "maturin":
        return None
    told = project.table.get("tool", {}).get("maturin", {}).get("manifest-path")
    if isinstance(told, str):
        return PurePosixPath(told)
    usual = (PurePosixPath("Cargo.toml"), PurePosixPath("rust/Cargo.toml"))
    return next((path for path in usual if (project.root / path).is_file()), None)
