"""Lock files, as far as they say which releases are installed: uv.lock, poetry.lock, pdm.lock.

The form of each is its tool's own; what is read here is alike in all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from packaging.markers import InvalidMarker, Marker
from packaging.utils import canonicalize_name, is_normalized_name
from packaging.version import Version

from seatrial.facts import pyproject
from seatrial.facts.version_text import is_version, nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from seatrial.facts.project import Project

BESIDE = ("poetry.lock", "pdm.lock")
ELSEWHERE = frozenset({"directory", "editable", "file", "git", "path", "url", "virtual"})
"""What says in a lock file that a package comes from no index: of the package, of its source, or as its type."""

MARKERS = ("resolution-markers", "markers", "marker")
"""Where uv, poetry and pdm say for which environments a release is pinned."""

ENVIRONMENTS = tuple(
    {"python_version": f"3.{minor}", "python_full_version": f"3.{minor}.0", **system}
    for minor in range(8, 16)
    for system in (
        {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix"},
        {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix"},
        {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt"},
    )
)
"""Some environments, to find out which markers are true in the same one."""


def find(project: Project) -> Path | None:
    """Return the lock file of a project: uv's, its own or that of the workspace above it, or one beside pyproject.toml.

    None where there is none.
    """
    names = (nearest(project, "uv.lock"), *BESIDE)
    return next((path for path in (project.root / name for name in names) if path.is_file()), None)


def pins(path: Path) -> tuple[str, ...]:
    """Return what a lock file pins, a requirement each (PEP 508), in its order. Raises `PyprojectUnreadable`.

    Left out: what comes from no index, the project itself before all, and what is pinned to one release for an extra
    or a group, and to another for another. A local version is pinned without its local part, which an index for that
    package alone may have: what is installed is asked of the others, too.
    """
    told = pyproject.read(path).get("package", [])
    packages = [one for one in told if isinstance(one, dict)] if isinstance(told, list) else []
    markers: dict[str, dict[str, tuple[Marker, ...] | None]] = {}
    for one in filter(_is_of_index, packages):
        releases = markers.setdefault(canonicalize_name(one["name"]), {})
        version = Version(one["version"]).public
        known, new = releases.get(version, ()), _markers(one)
        releases[version] = None if known is None or new is None else (*known, *new)
    return tuple(pin for name, releases in markers.items() for pin in _pinned(name, releases))


def _is_of_index(package: Mapping[str, Any]) -> bool:
    source = package.get("source", {})
    name, version = package.get("name"), package.get("version")
    if not isinstance(name, str) or not isinstance(version, str) or not isinstance(source, dict):
        return False
    if not is_normalized_name(canonicalize_name(name)) or not is_version(version):
        return False
    return not ELSEWHERE & {*package, *([str(source["type"])] if "type" in source else source)}


def _markers(package: Mapping[str, Any]) -> tuple[Marker, ...] | None:
    """Return for which environments a release is pinned, None where that is not known."""
    markers = next((package[key] for key in MARKERS if key in package), ())
    try:
        told = tuple(Marker(text) for text in ([markers] if isinstance(markers, str) else markers))
    except (InvalidMarker, TypeError):
        return None
    # uv writes conflicting extras and groups into the markers, by names of its own.
    return told if told and not any("extra" in str(marker) for marker in told) else None


def _pinned(name: str, releases: Mapping[str, tuple[Marker, ...] | None]) -> Iterator[str]:
    if len(releases) == 1:
        yield f"{name}=={next(iter(releases))}"
        return
    known = {version: told for version, told in releases.items() if told is not None}
    # Those that conflict by an extra or a group may both be for the same Python.
    if any(sum(_has(told, one) for told in known.values()) > 1 for one in ENVIRONMENTS):
        return
    for version, told in known.items():
        yield f"{name}=={version} ; {' or '.join(f'({text})' for text in dict.fromkeys(map(str, told)))}"


def _has(markers: Iterable[Marker], environment: dict[str, str]) -> bool:
    return any(marker.evaluate(environment) for marker in markers)
