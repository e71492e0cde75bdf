"""Distributions that another job of CI has built: taken for those of this tree if commit and hashes say so.

A test on another machine is to prove the very files that are published. So what was built is told in a variable, which
comes by another way than the files: what a job hands to the next, not what it has stored.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from seatrial import wheel_contents
from seatrial.build_record import Built
from seatrial.command_line import typed_to_program
from seatrial.errors import BuildError
from seatrial.facts.distribution import Distribution, paths_in
from seatrial.tools import git

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from seatrial.facts.project import Project

VARIABLE = "SEATRIAL_BUILT"
"""The environment variable that holds what `told` returns."""

TOLD = re.compile(r"(?P<commit>[0-9a-f]{40}|[0-9a-f]{64}) (?P<sdist>[0-9a-f]{64})(?: (?P<wheel>[0-9a-f]{64}))?")

AGAIN = f"fetch the files that the build job has stored into dist/, or build them here: unset {VARIABLE}"


def pair(project_root: Path) -> tuple[Distribution, ...]:
    """Return the sdist and the wheel in ``dist/``, or the sdist alone of a project whose wheels are compiled.

    Raises `NotAsBuilt` where there is something else.
    """
    paths = sorted(paths_in(project_root / "dist"), key=lambda path: path.suffix == ".whl")
    found = tuple(Distribution.from_path(path) for path in paths)
    if [one.is_wheel for one in found] not in ([False, True], [False]):
        there = ", ".join(one.path.name for one in found) or "nothing"
        raise BuildError(
            f"dist/ has to hold one sdist and one wheel, and holds {there}", code="NotAsBuilt", fix="nox -s build"
        )
    return found


def told(project_root: Path) -> str:
    """Return what the next job has to know: the commit, and the SHA-256 of the sdist and of the wheel, if there is one.

    Raises `NotAsBuilt` where there is something else, or no commit.
    """
    found = pair(project_root)
    here = git.head(project_root)
    if here is None:
        raise BuildError(
            f"{project_root} has no commit that could be told of", code="NotAsBuilt", fix="git init, and commit"
        )
    return " ".join((here[0], *(one.sha256 for one in found)))


def accept(project: Project, said: str, compile_: Callable[[Distribution], Distribution]) -> Built:
    """Return the distributions in ``dist/``, if they are those that ``said`` tells of, and the tree is that commit's.

    Nothing is built in their place; only where there is no wheel for all machines, ``compile_`` makes one for this from
    the sdist. Raises `NotAsBuilt`, `PackageMissing` or `BuildError`.
    """
    found = TOLD.fullmatch(said.strip())
    if found is None:
        raise BuildError(
            f"{VARIABLE} is {said.strip()!r}, and has to be a commit and two hashes: the build job told nothing",
            code="NotAsBuilt",
            fix=f"{typed_to_program('ci.built')} prints them; without {VARIABLE} the distributions are built here",
        )
    _insist_on_commit(project, found["commit"])
    sdist, *wheels = _lying(project, tuple(one for one in (found["sdist"], found["wheel"]) if one))
    wheel = wheels[0] if wheels else _compiled(sdist, compile_)
    files = git.tracked_files(project.root)
    wheel_contents.insist_on_package(project, files, wheel)
    return Built(sdist, wheel, wheel.needs(), wheel_contents.answered_for(project, files, wheel))


def _insist_on_commit(project: Project, commit: str) -> None:
    here = git.head(project.root)
    if here is None or here[0] != commit:
        raise BuildError(
            f"the distributions were built from {commit[:12]}, and here is {here[0][:12] if here else 'no commit'}",
            code="NotAsBuilt",
            fix="check out the commit that was built: all jobs of a run have the same",
        )
    changed = git.changed_files(project.root)
    if changed:
        raise BuildError(
            f"{', '.join(map(str, changed[:5]))}: not as in the commit that the distributions were built from",
            code="NotAsBuilt",
            fix="leave what git tracks as it is in this job",
        )


def _compiled(sdist: Distribution, compile_: Callable[[Distribution], Distribution]) -> Distribution:
    """Return a wheel for this machine. Raises `NotAsBuilt` for one that is the same on all: it should be there."""
    wheel = compile_(sdist)
    if wheel.is_for_any_machine:
        raise BuildError(
            f"the build job told of {sdist.path.name} alone, and {wheel.path.name} is missing beside it",
            code="NotAsBuilt",
            fix=AGAIN,
        )
    return wheel


def _lying(project: Project, hashes: tuple[str, ...]) -> tuple[Distribution, ...]:
    """Return the files with these hashes; nothing else may lie there."""
    found = {one.sha256: one for one in map(Distribution.from_path, paths_in(project.root / "dist"))}
    if set(found) != set(hashes):
        there = ", ".join(f"{one.path.name} ({one.sha256[:12]})" for one in found.values()) or "nothing"
        raise BuildError(
            f"dist/ has to hold what was built, sha256 {' and '.join(one[:12] for one in hashes)}, and holds {there}",
            code="NotAsBuilt",
            fix=AGAIN,
        )
    return tuple(found[one] for one in hashes)
