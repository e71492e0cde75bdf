"""Lock files, as far as they say which releases are installed: uv.lock, poetry.lock, pdm.lock.

The form of each is its tool's own; what is read here is alike in all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging.markers import InvalidMarker, Marker

from seatrial.facts import pyproject
from seatrial.facts.version_text import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from seatrial.facts.project import Project

BESIDE = ("poetry.lock", "pdm.lock")
ELSEWHERE = frozenset({"directory", "editable", "file", "git", "path", "url", "virtual"})
"""What says in a lock file that a package comes from no index: of the package, of its source, or as its type."""

MARKERS = ("resolution-markers", "markers", "marker")
"""Where uv, poetry and pdm say for which environments a release is pinned."""


def find(project: Project) -> Path | None:
    """Return the lock file of a project: uv's, its own or that of the workspace above it, or one beside pyproject.toml.

    None where there is none.
    """
    names = (nearest(project, "uv.lock"), *BESIDE)
    return next((path for path in (project.root / name for name in names) if path.is_file()), None)


def pins(path: Path) -> tuple[str, ...]:
    """Return what a lock file pins, a requirement each (PEP 508), in its order. Raises `PyprojectUnreadable`.

    Left out: what comes from no index, the project itself before all, and what is pinned to one release for an extra
    or a group, and to another for another.
    """
    told = pyproject.read(path).get("package", [])
    packages = [one for one in told if isinstance(one, dict) and _is_of_index(one)] if isinstance(told, list) else []
    releases: dict[str, set[str]] = {}
    for one in packages:
        releases.setdefault(one["name"], set()).add(one["version"])
    found = (pin for one in packages for pin in _pinned(one, is_alone=len(releases[one["name"]]) == 1))
    return tuple(dict.fromkeys(found))


def _is_of_index(package: Mapping[str, Any]) -> bool:
    source = package.get("source", {})
    if not all(isinstance(package.get(key), str) for key in ("name", "version")) or not isinstance(source, dict):
        return False
    return not ELSEWHERE & {*package, *([str(source["type"])] if "type" in source else source)}


def _pinned(package: Mapping[str, Any], *, is_alone: bool) -> Iterator[str]:
    pin = f"{package['name']}=={package['version']}"
    if is_alone:
        yield pin
        return
    markers = next((package[key] for key in MARKERS if key in package), ())
    try:
        told = [str(Marker(text)) for text in ([markers] if isinstance(markers, str) else markers)]
    except (InvalidMarker, TypeError):
        return
    # uv writes conflicting extras and groups into the markers, by names of its own.
    if told and not any("extra" in text for text in told):
        yield f"{pin} ; {' or '.join(f'({text})' for text in told)}"
