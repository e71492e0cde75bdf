"""Distributions that another CI job has built, accepted if their commit and hashes match.

A test on another machine has to test the very files that are published. So the job gets commit and hashes in a
variable, which comes by another way than the files: an output of the build job, not its artifact.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from seatrial.distributions.cache import BuiltDistributions
from seatrial.distributions.distribution import Distribution, distributions_in
from seatrial.distributions.sources import modules_from_wheel, require_package
from seatrial.errors import BuildError
from seatrial.git.command import changed_files, read_head, tracked_files
from seatrial.invocation import program_command

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from seatrial.project.project import Project


BUILT_VARIABLE = "SEATRIAL_BUILT"
"""The environment variable that holds what `built_line` returns."""

BUILT_LINE = re.compile(r"(?P<commit>[0-9a-f]{40}|[0-9a-f]{64}) (?P<sdist>[0-9a-f]{64})(?: (?P<wheel>[0-9a-f]{64}))?")

FETCH_FIX = f"fetch the files that the build job has stored into dist/, or build them here: unset {BUILT_VARIABLE}"


def built_pair(project_root: Path) -> tuple[Distribution, ...]:
    """Return the sdist and the wheel in ``dist/``, or the sdist alone of a project whose wheels are compiled.

    Raises `NotAsBuilt` where there is something else.
    """
    paths = sorted(distributions_in(project_root / "dist"), key=lambda path: path.suffix == ".whl")
    found = tuple(Distribution.from_path(path) for path in paths)
    if [one.is_wheel for one in found] not in ([False, True], [False]):
        there = ", ".join(one.name for one in found) or "nothing"
        raise BuildError(
            f"dist/ has to hold one sdist and one wheel, and holds {there}", code="NotAsBuilt", fix="nox -s build"
        )
    return found


def built_line(project_root: Path) -> str:
    """Return what the next job has to know: the commit, and the SHA-256 of the sdist and of the wheel, if there is one.

    Raises `NotAsBuilt` where there is something else, or no commit.
    """
    found = built_pair(project_root)
    here = read_head(project_root)
    if here is None:
        raise BuildError(
            f"{project_root} has no commit that could be told of", code="NotAsBuilt", fix="git init, and commit"
        )
    return " ".join((here[0], *(one.sha256 for one in found)))


def accept_built(project: Project, said: str, compile_: Callable[[Distribution], Distribution]) -> BuiltDistributions:
    """Return the distributions in ``dist/``, if they are those that ``said`` tells of, and the tree is that commit's.

    Nothing is built in their place; only where there is no wheel for all machines, ``compile_`` makes one for this from
    the sdist. Raises `NotAsBuilt`, `PackageMissing` or `BuildError`.
    """
    found = BUILT_LINE.fullmatch(said.strip())
    if found is None:
        raise BuildError(
            f"{BUILT_VARIABLE} is {said.strip()!r}, and has to be a commit and two hashes: the build job told nothing",
            code="NotAsBuilt",
            fix=f"{program_command('ci.built')} prints them; without {BUILT_VARIABLE} the distributions are built here",
        )
    _require_commit(project, found["commit"])
    sdist, *wheels = _files_with_hashes(project, tuple(one for one in (found["sdist"], found["wheel"]) if one))
    wheel = wheels[0] if wheels else _compiled(sdist, compile_)
    files = tracked_files(project.root)
    require_package(project, files, wheel)
    return BuiltDistributions(sdist, wheel, wheel.requirements(), modules_from_wheel(project, files, wheel))


def _require_commit(project: Project, commit: str) -> None:
    here = read_head(project.root)
    if here is None or here[0] != commit:
        raise BuildError(
            f"the distributions were built from {commit[:12]}, and here is {here[0][:12] if here else 'no commit'}",
            code="NotAsBuilt",
            fix="check out the commit that was built: all jobs of a run have the same",
        )
    changed = changed_files(project.root)
    if changed:
        raise BuildError(
            f"{', '.join(map(str, changed[:5]))}: not as in the commit that the distributions were built from",
            code="NotAsBuilt",
            fix="leave what git tracks as it is in this job",
        )


def _compiled(sdist: Distribution, compile_: Callable[[Distribution], Distribution]) -> Distribution:
    """Return a wheel for this machine. Raises `NotAsBuilt` for one that is the same on all: it should be there."""
    wheel = compile_(sdist)
    if wheel.file_name.is_for_any_machine:
        raise BuildError(
            f"the build job told of {sdist.name} alone, and {wheel.name} is missing beside it",
            code="NotAsBuilt",
            fix=FETCH_FIX,
        )
    return wheel


def _files_with_hashes(project: Project, hashes: tuple[str, ...]) -> tuple[Distribution, ...]:
    """Return the files with these hashes; nothing else may lie there."""
    found = {one.sha256: one for one in map(Distribution.from_path, distributions_in(project.root / "dist"))}
    if set(found) != set(hashes):
        there = ", ".join(f"{one.name} ({one.sha256[:12]})" for one in found.values()) or "nothing"
        raise BuildError(
            f"dist/ has to hold what was built, sha256 {' and '.join(one[:12] for one in hashes)}, and holds {there}",
            code="NotAsBuilt",
            fix=FETCH_FIX,
        )
    return tuple(found[one] for one in hashes)
