"""The version of a Rust crate that maturin builds: in Cargo.toml, and once more in Cargo.lock.

The Cargo Book, "The Manifest Format" and "Workspaces"; maturin's guide, "Python metadata".
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from seatrial.facts.version_text import Place, assigned, nearest, read

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.facts.project import Project

NAMED = re.compile(r"""^\[package\][^\n]*\n(?:(?!\[).*\n)*?\s*name\s*=\s*["'](?P<name>[^"'\n]+)""", re.MULTILINE)
SHARED = re.compile(r"^\s*version(?:\.workspace\s*=\s*true|\s*=\s*\{\s*workspace\s*=\s*true)", re.MULTILINE)
"""A crate that takes the version of its workspace."""


def of_backend(project: Project) -> Iterator[Place]:
    """Yield where the version of the crate stands; nothing for another build backend than maturin."""
    manifest = _manifest(project)
    text = read(project, manifest) if manifest else None
    if text is None or manifest is None:
        return
    is_shared = bool(SHARED.search(text))
    holder = nearest(project, "Cargo.toml", manifest.parent, "[workspace.package]") if is_shared else manifest
    for place in assigned(project, holder):
        yield place
        yield from _locked(project, nearest(project, "Cargo.lock", manifest.parent), place, text, is_shared=is_shared)


def _locked(project: Project, path: PurePosixPath, place: Place, manifest: str, *, is_shared: bool) -> Iterator[Place]:
    """Yield the entries of the crate in Cargo.lock, and those of the crates that share its version.

    What comes from an index has a source there.
    """
    own = NAMED.search(manifest)
    entry = rf'^name = "(?P<name>[^"\n]+)"\nversion = "{re.escape(place.version)}"$(?!\nsource = )'
    for found in re.finditer(entry, read(project, path) or "", re.MULTILINE):
        if is_shared or (own and found["name"] == own["name"]):
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
