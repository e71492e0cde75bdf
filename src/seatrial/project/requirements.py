"""Requirements files and lock files, as lists of requirements.

pip, "Requirements File Format"; pylock.toml (PEP 751); uv.lock, poetry.lock and pdm.lock, as far as they are alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Callable

from packaging.markers import InvalidMarker, Marker
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name, is_normalized_name
from packaging.version import Version

from seatrial.errors import ProjectError, PyprojectInvalid, SeatrialError
from seatrial.project.config_files import read_toml, table_at
from seatrial.project.project import Project
from seatrial.project.version_places import is_version, nearest_file

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
            f"{where}: {line!r} is not a requirement with a name",
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
        what = f"{path} is not a lock file (PEP 751): {error}"
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
    for environment in ENVIRONMENTS:
        if sum(any(marker.evaluate(environment) for marker in markers) for markers in by_version.values()) > 1:
            return
    for version, markers in by_version.items():
        yield f"{name}=={version} ; {' or '.join(f'({text})' for text in dict.fromkeys(map(str, markers)))}"


REFERENCES = ("rev", "tag", "branch")
"""The keys that name a commit of a git source."""


@dataclass(frozen=True)
class DependencySource:
    """Where a requirement comes from.

    ``name``: the normalised name of the project; ``folder``: that of its sources, None where it is at an address;
    ``address``: what follows the ``@`` of a requirement (PEP 508), None for a folder; ``marker``: when it holds.
    """

    name: str
    folder: Path | None = None
    address: str | None = None
    marker: str | None = None


def has_sources(project: Project) -> bool:
    """Whether a project, or the workspace that it is in, names sources."""
    workspace = _find_workspace(project)
    return "sources" in _uv_table(project.table) or bool(workspace and "sources" in workspace[1])


def dependency_sources(project: Project) -> dict[str, tuple[DependencySource, ...]]:
    """Return the sources of a project, by normalised names; those of its workspace hold for what it does not name.

    An index is no source here, because installers have options for it. Raises `PyprojectInvalid`.
    """
    workspace = _find_workspace(project)
    tables = [(project.root, _uv_table(project.table))]
    if workspace and workspace[0] != project.root:
        tables.insert(0, workspace)
    sources = dict[str, tuple[DependencySource, ...]]()
    for root, table in tables:
        declared = table.get("sources", {})
        for name, entries in declared.items() if isinstance(declared, dict) else ():
            rows = entries if isinstance(entries, list) else [entries]
            read = [
                _read_source(root, canonicalize_name(name), row, workspace) for row in rows if isinstance(row, dict)
            ]
            sources[canonicalize_name(name)] = tuple(source for source in read if source)
    return {name: rows for name, rows in sources.items() if rows}


def located_requirements(
    project: Project, needed: Iterable[str], locate: Callable[[Path], tuple[str, Iterable[str]]]
) -> tuple[str, ...]:
    """Return a requirement with an address (PEP 508) for each that has a source, and for those of such projects.

    ``locate``: returns the address of a project in a folder, and what it requires. Raises `PyprojectInvalid`.
    """
    requirements = dict[str, tuple[str, ...]]()
    waiting = [(dependency_sources(project), tuple(needed))]
    while waiting:
        sources, texts = waiting.pop()
        for name in sources and dict.fromkeys(canonicalize_name(Requirement(text).name) for text in texts):
            if name in requirements or name not in sources or name == canonicalize_name(project.name):
                continue
            rows = []
            for source in sources[name]:
                address = source.address
                if source.folder is not None:
                    address, required = locate(source.folder)
                    if required := tuple(required):
                        waiting.append((dependency_sources(Project.from_directory(source.folder)), required))
                rows.append(f"{source.name} @ {address}" + (f" ; {source.marker}" if source.marker else ""))
            requirements[name] = tuple(rows)
    return tuple(row for rows in requirements.values() for row in rows)


def members_required(project: Project, needed: Iterable[str], top: Path) -> tuple[str, ...]:
    """Return those of `located_requirements` that are below the ``top`` of the repository, as they are there."""

    def declared(folder: Path) -> tuple[str, Iterable[str]]:
        # What a setup.py requires, it alone knows.
        table = Project.from_directory(folder).table if (folder / "pyproject.toml").is_file() else {}
        return folder.as_uri(), table_at(table, "project").get("dependencies", ())

    inside = tuple(f" @ {path.as_uri()}/" for path in (top, top.resolve()))
    rows = located_requirements(project, needed, declared)
    return tuple(row for row in rows if any(address in f"{row.partition(' ; ')[0]}/" for address in inside))


def _uv_table(table: Mapping[str, Any]) -> dict[str, Any]:
    uv = table.get("tool", {}).get("uv", {})
    return dict(uv) if isinstance(uv, dict) else {}


def _find_workspace(project: Project) -> tuple[Path, dict[str, Any]] | None:
    """Return the folder of the workspace that a project is in, and its ``[tool.uv]``."""
    for folder in (project.root, *project.root.parents):
        path = folder / "pyproject.toml"
        if path.is_file():
            table = _uv_table(project.table if folder == project.root else read_toml(path))
            if "workspace" in table:
                return folder, table
        if (folder / ".git").exists():
            return None
    return None


def _read_source(
    root: Path, name: str, row: Mapping[str, Any], workspace: tuple[Path, dict[str, Any]] | None
) -> DependencySource | None:
    """Return the source in a row of the table, None for one that is an index. Raises `PyprojectInvalid`."""
    marker = str(row["marker"]) if "marker" in row else None
    if "path" in row:
        path = (root / str(row["path"])).resolve()
        if not path.exists():
            raise PyprojectInvalid(
                f"[tool.uv.sources] in {root / 'pyproject.toml'}: {name} is to come from {path}, which does not exist",
                fix="correct the path; a release has only what is in the repository, submodules included",
            )
        if path.is_dir():
            return DependencySource(name, folder=path, marker=marker)
        return DependencySource(name, address=path.as_uri(), marker=marker)
    if row.get("workspace") is True:
        return DependencySource(name, folder=_member(root, name, workspace), marker=marker)
    if "git" in row:
        reference = next((f"@{row[key]}" for key in REFERENCES if key in row), "")
        part = f"#subdirectory={row['subdirectory']}" if "subdirectory" in row else ""
        return DependencySource(name, address=f"git+{row['git']}{reference}{part}", marker=marker)
    if "url" in row:
        return DependencySource(name, address=str(row["url"]), marker=marker)
    return None


def _member(root: Path, name: str, workspace: tuple[Path, dict[str, Any]] | None) -> Path:
    """Return the folder of a member of the workspace. Raises `PyprojectInvalid`."""
    for folder in _members(workspace) if workspace else ():
        try:
            member = Project.from_directory(folder)
        except SeatrialError:
            continue
        if canonicalize_name(member.name) == name:
            return folder
    raise PyprojectInvalid(
        f"[tool.uv.sources] in {root / 'pyproject.toml'}: no member of the workspace is called {name}",
        fix='add its folder to the workspace:\n[tool.uv.workspace]\nmembers = ["packages/*"]',
    )


def _members(workspace: tuple[Path, dict[str, Any]]) -> Iterator[Path]:
    root, table = workspace
    settings = table["workspace"] if isinstance(table["workspace"], dict) else {}
    excluded = {path for pattern in settings.get("exclude", ()) for path in root.glob(str(pattern))}
    yield root
    for pattern in settings.get("members", ()):
        yield from (path for path in sorted(root.glob(str(pattern))) if path.is_dir() and path not in excluded)
