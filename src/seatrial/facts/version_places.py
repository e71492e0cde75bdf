"""Where a project keeps its version: the places that have to change together."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum
from itertools import islice
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name
from packaging.version import Version

from seatrial.facts import crate, old_style
from seatrial.facts.setup_script import SetupScript
from seatrial.facts.version_text import Place, assigned, in_table, is_version, locked
from seatrial.refusals import ReleaseError, VersionNotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from seatrial.facts.project import Project

BESIDE = ("__init__.py", "__about__.py", "__version__.py", "_version.py", "version.py")
"""Modules of a package in which a version stands by custom."""

TAG_PLUGINS = ("setuptools-scm", "setuptools-git-versioning", "hatch-vcs", "versioningit", "dunamai", "vcs-versioning")
POETRY_PLUGIN = "poetry-dynamic-versioning"
"""Build requirements that take the version from a tag."""


class Source(Enum):
    """Where the version comes from."""

    FILES = "files"
    TAG = "tag"


@dataclass(frozen=True)
class Places:
    """All places of a project. ``version`` is None when it comes from the tag."""

    source: Source
    places: tuple[Place, ...] = ()
    version: Version | None = None


def find(project: Project, files: Iterable[PurePosixPath]) -> Places:
    """Find the places in which ``project`` names its version.

    ``files``: those of the project, relative to it. Beside the place where the build backend looks, or that in the
    files which setup.py names, these are modules of the package with a ``__version__``, setup.cfg, ``current_version``
    of bump-my-version, the crate of maturin, and the project's own entry in uv.lock. Where the first is not there,
    bump-my-version says the version.
    Raises `VersionNotFound`, `VersionsDisagree`, `FileNotUtf8`, `PyprojectInvalid` or `PyprojectUnreadable`.
    """
    if comes_from_tag(project):
        return Places(Source.TAG)
    known = tuple(files)
    main = tuple(_main(project)) or tuple(_named_by_script(project))
    told = project.table.get("tool", {}).get("bumpversion", {}).get("current_version")
    if not main and isinstance(told, str) and is_version(told):
        # The other places are those that bump-my-version is configured for.
        return Places(Source.FILES, tuple(_noted(project, told)), Version(told))
    if not main:
        raise VersionNotFound(
            f"{project.path} does not say where the version of {project.name} stands",
            fix='write it there, or name each file that has it (bump-my-version, "Configuration"):\n'
            "[tool.bumpversion]\n"
            'current_version = "1.2.3"\n'
            "[[tool.bumpversion.files]]\n"
            'filename = "src/NAME/__init__.py"',
        )
    beside = (place for place in _beside(project, known, main[0].version) if place not in main)
    rust = (place for place in crate.of_backend(project) if place.version == main[0].version)
    # One that git ignores is in no commit; what lies above the project is not among its files.
    entries = (place for place in locked(project) if place.path in known or ".." in place.path.parts)
    places = tuple(dict.fromkeys([*main, *beside, *rust, *entries]))
    versions = {Version(place.version): place for place in reversed(places)}
    if len(versions) > 1:
        raise ReleaseError(
            "the places that name the version disagree:\n" + "\n".join(f"  {place}" for place in places),
            code="VersionsDisagree",
            fix="write the same version into all of them and commit",
        )
    return Places(Source.FILES, places, Version(main[0].version))


def comes_from_tag(project: Project) -> bool:
    """Whether the build backend takes the version from a tag."""
    tool = project.table.get("tool", {})
    required = project.table.get("build-system", {}).get("requires", [])
    if tool.get(POETRY_PLUGIN, {}).get("enable"):
        return True
    names = {canonicalize_name(re.split(r"[^\w.-]", str(text), maxsplit=1)[0]) for text in required}
    if not project.version_is_dynamic or "project" not in project.table:
        return old_style.leaves_version_to_tag(project.root, project.table, is_told=bool(names & set(TAG_PLUGINS)))
    told = (
        ("hatch", "version", "source", ("vcs",)),
        ("pdm", "version", "source", ("scm",)),
    )
    said = any(tool.get(name, {}).get(table, {}).get(key) in values for name, table, key, values in told)
    has_path = bool(tool.get("hatch", {}).get("version", {}).get("path"))
    return said or (bool(names & set(TAG_PLUGINS)) and not has_path and not _setuptools_told(tool))


def _main(project: Project) -> Iterator[Place]:
    """Yield the places where the build backend looks."""
    tool = project.table.get("tool", {})
    path = PurePosixPath("pyproject.toml")
    static = {
        "project": project.table.get("project", {}).get("version"),
        "tool.poetry": tool.get("poetry", {}).get("version"),
    }
    found = [(table, version) for table, version in static.items() if isinstance(version, str)]
    for table, version in found:
        yield from in_table(project, path, table, "version", version)
    if not found:
        yield from islice(crate.of_backend(project), 1)
    for told in () if found else _files_told(project, tool):
        yield from islice(assigned(project, told), 1)


def _named_by_script(project: Project) -> tuple[Place, ...]:
    """Return where the files that setup.py names have the version that it computes; none where they disagree."""
    if not project.version_is_dynamic or not project.backend.startswith("setuptools"):
        return ()
    script = SetupScript.read(project.root)
    files = script.files if script.hands("version") else ()
    found = tuple(place for path in files for place in islice(assigned(project, path), 1))
    return found if len({Version(place.version) for place in found}) == 1 else ()


def _files_told(project: Project, tool: Mapping[str, Any]) -> Iterator[PurePosixPath]:
    for name in ("hatch", "pdm"):
        told = tool.get(name, {}).get("version", {}).get("path")
        if told:
            yield PurePosixPath(told)
    told = _setuptools_told(tool)
    if isinstance(told.get("file"), (str, list)):
        yield from (PurePosixPath(path) for path in ([told["file"]] if isinstance(told["file"], str) else told["file"]))
    if isinstance(told.get("attr"), str):
        yield from _module_files(told["attr"].rpartition(".")[0])
    provider = tool.get("scikit-build", {}).get("metadata", {}).get("version", {})
    if isinstance(provider, dict) and isinstance(provider.get("input"), str):
        yield PurePosixPath(provider["input"])
    if project.backend == "mesonpy":
        yield PurePosixPath("meson.build")
    if project.backend.startswith("flit_core"):
        module = tool.get("flit", {}).get("module", {}).get("name", project.import_name)
        yield from _module_files(module)
    declared = project.declared("metadata", "version")
    if declared.startswith("attr:"):
        yield from _module_files(declared[len("attr:") :].strip().rpartition(".")[0])
    elif declared.startswith("file:"):
        yield PurePosixPath(declared[len("file:") :].strip())
    yield PurePosixPath("setup.cfg")
    yield PurePosixPath("setup.py")


def _setuptools_told(tool: Mapping[str, Any]) -> Mapping[str, Any]:
    found = tool.get("setuptools", {}).get("dynamic", {}).get("version", {})
    return found if isinstance(found, dict) else {}


def _module_files(module: str) -> Iterator[PurePosixPath]:
    parts = PurePosixPath(*module.split("."))
    for top in ("src", "."):
        yield PurePosixPath(top, parts, "__init__.py")
        yield PurePosixPath(top, parts).with_suffix(".py")


def _beside(project: Project, files: Iterable[PurePosixPath], version: str) -> Iterator[Place]:
    """Yield what else names the version: ``__version__`` in the package, setup.cfg, bump-my-version's own note of it.

    ``__version__`` of the package that is named like the project counts whatever it says; anything else only when it
    is ``version``, because it can be the version of something else.
    """
    own = project.import_name.lower()
    for path in files:
        parts = path.parts[1:] if path.parts[0] == "src" else path.parts
        is_module = len(parts) == 1 and path.suffix == ".py" and path.parts[0] == "src"
        is_beside = len(parts) == len(("package", "module")) and path.name in BESIDE
        in_namespace = path.name in BESIDE and "_".join(parts[:-1]).lower() == own
        if is_module or is_beside or in_namespace or parts == (f"{own}.py",) or path == PurePosixPath("setup.cfg"):
            is_own = in_namespace or parts[0].lower() in (own, f"{own}.py")
            yield from (
                place
                for place in assigned(project, path)
                if place.version == version or (is_own and "__version__" in place.text)
            )
    told = project.table.get("tool", {}).get("bumpversion", {}).get("current_version")
    if isinstance(told, str):
        yield from _noted(project, told)


def _noted(project: Project, version: str) -> Iterator[Place]:
    """Yield bump-my-version's own note of the version."""
    yield from in_table(project, PurePosixPath("pyproject.toml"), "tool.bumpversion", "current_version", version)
