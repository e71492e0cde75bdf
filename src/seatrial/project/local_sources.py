"""Where requirements come from that no index has: ``[tool.uv.sources]`` (uv, "Dependency sources")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from seatrial.errors import PyprojectInvalid, SeatrialError
from seatrial.project.project import Project
from seatrial.project.toml import read_toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

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
