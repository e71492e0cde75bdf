"""Requirements files and lock files, as lists of requirements.

pip, "Requirements File Format"; pylock.toml (PEP 751); uv.lock, poetry.lock and pdm.lock, as far as they are alike.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name, is_normalized_name
from packaging.version import Version

from seatrial.errors import ProjectError
from seatrial.project.toml import read_toml
from seatrial.project.version_places import is_version, nearest_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from seatrial.project.project import Project


INCLUDE = re.compile(r"(?:-r|--requirement)[ =]*(?P<path>.+)")
CONSTRAINT = re.compile(r"(?:-c|--constraint)[ =]*\S")
ITSELF = re.compile(r"(?:-e|--editable)?[ =]*\.(?:[\\/]?)(?:\[[^]]*\])?(?:\s*;.*)?")
"""The project itself, which is installed from its wheel."""
HASHES = re.compile(r"\s+--hash=\S+")


def read_requirements(root: Path, name: str) -> tuple[str, ...]:
    """Return the requirements of a file below ``root``, those of the files that it includes too, each once.

    The project itself, constraints and hashes are passed over. Raises `RequirementsUnusable`.
    """
    return tuple(dict.fromkeys(_read(root, PurePosixPath(name), ())))


def parse_requirements(root: Path, folder: PurePosixPath, lines: Iterable[str], where: str) -> Iterator[str]:
    """Yield the requirements in ``lines``, which name other files as seen from ``folder``; ``where`` is their place."""
    yield from _parse(root, folder, list(lines), where, ())


def _read(root: Path, path: PurePosixPath, above: tuple[PurePosixPath, ...]) -> Iterator[str]:
    try:
        text = (root / path).read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise ProjectError(
            f"{root / path} can't be read: {error}", code="RequirementsUnusable", fix="name another file"
        ) from None
    lines = text.replace("\\\n", " ").splitlines()
    yield from _parse(root, path.parent, lines, str(path), (*above, path))


def _parse(
    root: Path, folder: PurePosixPath, lines: list[str], where: str, above: tuple[PurePosixPath, ...]
) -> Iterator[str]:
    for number, raw in enumerate(lines, 1):
        line = HASHES.sub("", re.sub(r"(^|\s)#.*", "", raw)).strip()
        included = INCLUDE.fullmatch(line)
        if included:
            path = folder / included["path"].strip()
            if path not in above:
                yield from _read(root, path, above)
        elif line and not CONSTRAINT.match(line) and not ITSELF.fullmatch(line):
            yield _require_requirement(line, f"{where}:{number}")


def _require_requirement(line: str, where: str) -> str:
    try:
        return str(Requirement(line))
    except InvalidRequirement:
        raise ProjectError(
            f"{where}: {line!r} is no requirement by name",
            code="RequirementsUnusable",
            fix="write NAME, NAME>=1 or NAME @ ADDRESS",
        ) from None


OTHER_LOCK_FILES = ("poetry.lock", "pdm.lock", "pylock.toml")
PYLOCK = re.compile(r"pylock(\.[^.]+)?\.toml")
"""The name of a lock file of no tool (PEP 751)."""

NOT_FROM_INDEX = frozenset({"directory", "editable", "file", "git", "path", "url", "virtual"})
"""What says in a lock file that a package comes from no index: of the package, of its source, or as its type."""

MARKERS = ("resolution-markers", "markers", "marker")
"""Where uv, poetry and pdm say for which environments a release is pinned."""

OF_SELECTION = re.compile("extra|dependency_groups")
"""What a marker has that depends on the extras and groups that are installed."""

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


def find_lock_file(project: Project) -> Path | None:
    """Return the lock file of a project: uv's, its own or that of the workspace above it, else one in its folder.

    None where there is none.
    """
    names = (nearest_file(project, "uv.lock"), *OTHER_LOCK_FILES)
    return next((path for path in (project.root / name for name in names) if path.is_file()), None)


@dataclass(frozen=True)
class LockedPackage:
    """A package that a lock file pins to a release of an index.

    ``name``: normalised; ``version``: without its local part; ``markers``: the environments that it is pinned for, None
    where they are not known.
    """

    name: str
    version: str
    markers: tuple[Marker, ...] | None


def locked_requirements(path: Path) -> tuple[str, ...]:
    """Return what a lock file pins, a requirement each (PEP 508), in its order. Raises `PyprojectUnreadable`.

    Left out: what comes from no index, the project itself before all, and what is pinned to one release for an extra
    or a group, and to another for another. A local version is pinned without its local part, which an index for that
    package alone may have: what is installed is asked of the others, too.
    """
    read = _read_pylock if PYLOCK.fullmatch(path.name) else _read_lock_of_tool
    markers: dict[str, dict[str, tuple[Marker, ...] | None]] = {}
    for package in read(path):
        releases = markers.setdefault(package.name, {})
        before, new = releases.get(package.version, ()), package.markers
        releases[package.version] = None if before is None or new is None else (*before, *new)
    return tuple(pin for name, releases in markers.items() for pin in _pinned(name, releases))


def _read_pylock(path: Path) -> Iterator[LockedPackage]:
    # Few projects have one, and no session waits for it twice.
    from packaging.pylock import Pylock, PylockValidationError  # noqa: PLC0415

    try:
        packages = Pylock.from_dict(read_toml(path)).packages
    except PylockValidationError as error:
        what = f"{path} is no lock file (PEP 751): {error}"
        raise ProjectError(what, code="PyprojectUnreadable", fix="lock again") from None
    for package in packages:
        if package.version and (package.sdist or package.wheels):
            markers = _known_markers(str(package.marker)) if package.marker else None
            yield LockedPackage(package.name, package.version.public, markers)


def _read_lock_of_tool(path: Path) -> Iterator[LockedPackage]:
    """Yield the packages of uv.lock, poetry.lock or pdm.lock, none for a file of another form."""
    packages = read_toml(path).get("package", [])
    for package in packages if isinstance(packages, list) else []:
        if isinstance(package, dict) and _is_of_index(package):
            markers = next((package[key] for key in MARKERS if key in package), ())
            texts = [markers] if isinstance(markers, str) else markers
            environments = _known_markers(*texts) if isinstance(texts, (list, tuple)) else None
            yield LockedPackage(canonicalize_name(package["name"]), Version(package["version"]).public, environments)


def _is_of_index(package: Mapping[str, Any]) -> bool:
    source = package.get("source", {})
    name, version = package.get("name"), package.get("version")
    if not isinstance(name, str) or not isinstance(version, str) or not isinstance(source, dict):
        return False
    if not is_normalized_name(canonicalize_name(name)) or not is_version(version):
        return False
    return not NOT_FROM_INDEX & {*package, *([str(source["type"])] if "type" in source else source)}


def _known_markers(*texts: str) -> tuple[Marker, ...] | None:
    """Return markers; None where they do not name environments alone, or there are none."""
    try:
        markers = tuple(map(Marker, texts))
    except (InvalidMarker, TypeError):
        return None
    # uv writes conflicting extras and groups into the markers, by names of its own.
    return markers if markers and not any(OF_SELECTION.search(str(marker)) for marker in markers) else None


def _pinned(name: str, releases: Mapping[str, tuple[Marker, ...] | None]) -> Iterator[str]:
    if len(releases) == 1:
        yield f"{name}=={next(iter(releases))}"
        return
    by_version = {version: markers for version, markers in releases.items() if markers is not None}
    # Those that conflict by an extra or a group may both be for the same Python.
    if any(sum(_has(markers, environment) for markers in by_version.values()) > 1 for environment in ENVIRONMENTS):
        return
    for version, markers in by_version.items():
        yield f"{name}=={version} ; {' or '.join(f'({text})' for text in dict.fromkeys(map(str, markers)))}"


def _has(markers: Iterable[Marker], environment: dict[str, str]) -> bool:
    return any(marker.evaluate(environment) for marker in markers)
