"""Wheels of the projects that ``[tool.uv.sources]`` names: built from their folders, because no index has them."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from seatrial.distributions.build import BuildEnvironment, build_distributions, build_lock, compiled_wheel
from seatrial.distributions.cache import SourceTree
from seatrial.distributions.distribution import Distribution
from seatrial.installer import best_installer
from seatrial.project.project import Project
from seatrial.project.requirements import dependency_sources

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from seatrial.project.requirements import DependencySource
    from seatrial.pythons import Interpreter


KEPT_TREES = 4
"""Of how many states of a folder the wheels are kept."""


def source_requirements(
    project: Project, needed: Iterable[str], python: Interpreter | None, state: Path, say: Callable[[str], None]
) -> tuple[str, ...]:
    """Return a requirement with an address (PEP 508) for each that has a source, and for those of such projects.

    ``needed``: the requirements of the wheel and of the groups; ``python``: what a compiled wheel is for; ``state``: a
    folder for wheels that are kept. Raises `PyprojectInvalid`, `BuildError` or `InstallFailed`.
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
                if source.folder is None:
                    rows.append(_requirement(source, str(source.address)))
                    continue
                wheel = _wheel(source.folder, python, state, say)
                rows.append(_requirement(source, wheel.path.as_uri()))
                member = Project.from_directory(source.folder)
                waiting.append((dependency_sources(member), wheel.requirements()))
            requirements[name] = tuple(rows)
    return tuple(row for rows in requirements.values() for row in rows)


def _requirement(source: DependencySource, address: str) -> str:
    return f"{source.name} @ {address}" + (f" ; {source.marker}" if source.marker else "")


def _wheel(folder: Path, python: Interpreter | None, state: Path, say: Callable[[str], None]) -> Distribution:
    """Return the wheel of a folder as it is now, built unless it is kept."""
    project = Project.from_directory(folder)
    tree = SourceTree.scan(project)
    place = state / "sources" / canonicalize_name(project.name) / tree.content()[:16]
    place.parent.mkdir(parents=True, exist_ok=True)
    with build_lock(state / "build-sources.lock", say):
        if not place.is_dir():
            say(f"building {project.name} from {folder}, as [tool.uv.sources] says")
            environment = BuildEnvironment(state / "build-sources", best_installer())
            with tempfile.TemporaryDirectory(prefix="new-", dir=place.parent) as temporary:
                new = Path(temporary, "built")
                new.mkdir()
                build_distributions(folder, new, environment, tree.epoch)
                new.rename(place)
            _remove_old(place)
    (wheel_path,), (sdist_path,) = place.glob("*.whl"), place.glob("*.tar.gz")
    wheel = Distribution.from_path(wheel_path)
    if python is None or wheel.file_name.fits(python.version):
        return wheel
    return compiled_wheel(Distribution.from_path(sdist_path), python, state, say)


def _remove_old(place: Path) -> None:
    """Remove the wheels of all states of a folder except the newest."""
    others = [path for path in place.parent.iterdir() if path != place]
    for old in sorted(others, key=lambda path: path.stat().st_mtime)[: -KEPT_TREES + 1]:
        shutil.rmtree(old, ignore_errors=True)
