"""Distributions that another job of CI has built: taken for those of this tree if commit and hashes say so.

A test on another machine is to prove the very files that are published. So what was built is told in a variable, which
comes by another way than the files: what a job hands to the next, not what it has stored.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from seatrial import wheel_contents
from seatrial.build_record import Built
from seatrial.errors import NotAsBuilt
from seatrial.facts.distribution import SUFFIXES, Distribution
from seatrial.tools import git

if TYPE_CHECKING:
    from pathlib import Path

    from seatrial.facts.project import Project

VARIABLE = "SEATRIAL_BUILT"
"""The environment variable that holds what `told` returns."""

TOLD = re.compile(r"(?P<commit>[0-9a-f]{40}|[0-9a-f]{64}) (?P<sdist>[0-9a-f]{64}) (?P<wheel>[0-9a-f]{64})")

AGAIN = f"fetch the files that the build job has stored into dist/, or build them here: unset {VARIABLE}"


def pair(project_root: Path) -> tuple[Distribution, ...]:
    """Return the sdist and the wheel in ``dist/``. Raises `NotAsBuilt` where there are not both, or more."""
    paths = sorted((project_root / "dist").glob("*"), key=lambda path: path.suffix == ".whl")
    found = tuple(Distribution.from_path(path) for path in paths if path.name.endswith(SUFFIXES))
    if [one.is_wheel for one in found] != [False, True]:
        there = ", ".join(one.path.name for one in found) or "nothing"
        raise NotAsBuilt(f"dist/ has to hold one sdist and one wheel, and holds {there}", fix="nox -s build")
    return found


def told(project_root: Path) -> str:
    """Return what the next job has to know: the commit, and the SHA-256 of the sdist and of the wheel.

    Raises `NotAsBuilt` where there are not both, or no commit.
    """
    found = pair(project_root)
    here = git.head(project_root)
    if here is None:
        raise NotAsBuilt(f"{project_root} has no commit that could be told of", fix="git init, and commit")
    return " ".join((here[0], *(one.sha256 for one in found)))


def accept(project: Project, said: str) -> Built:
    """Return the distributions in ``dist/``, if they are those that ``said`` tells of, and the tree is that commit's.

    Nothing is built in their place. Raises `NotAsBuilt` or `PackageMissing`.
    """
    found = TOLD.fullmatch(said.strip())
    if found is None:
        raise NotAsBuilt(
            f"{VARIABLE} is {said.strip()!r}, and has to be a commit and two hashes: the build job told nothing",
            fix=f"seatrial ci.built prints them; without {VARIABLE} the distributions are built here",
        )
    _insist_on_commit(project, found["commit"])
    sdist, wheel = _lying(project, (found["sdist"], found["wheel"]))
    files = git.tracked_files(project.root)
    wheel_contents.insist_on_package(project, files, wheel)
    return Built(sdist, wheel, wheel.needs(), wheel_contents.answered_for(project, files, wheel))


def _insist_on_commit(project: Project, commit: str) -> None:
    here = git.head(project.root)
    if here is None or here[0] != commit:
        raise NotAsBuilt(
            f"the distributions were built from {commit[:12]}, and here is {here[0][:12] if here else 'no commit'}",
            fix="check out the commit that was built: all jobs of a run have the same",
        )
    changed = git.changed_files(project.root)
    if changed:
        raise NotAsBuilt(
            f"{', '.join(map(str, changed[:5]))}: not as in the commit that the distributions were built from",
            fix="leave what git tracks as it is in this job",
        )


def _lying(project: Project, hashes: tuple[str, str]) -> tuple[Distribution, Distribution]:
    """Return the sdist and the wheel with these hashes; nothing else may lie there."""
    dist = project.root / "dist"
    paths = sorted(dist.iterdir()) if dist.is_dir() else []
    found = {one.sha256: one for one in map(Distribution.from_path, (p for p in paths if p.name.endswith(SUFFIXES)))}
    sdist, wheel = (found.get(one) for one in hashes)
    if sdist is None or wheel is None or len(found) != len(set(hashes)):
        there = ", ".join(f"{one.path.name} ({one.sha256[:12]})" for one in found.values()) or "nothing"
        raise NotAsBuilt(
            f"dist/ has to hold what was built, sha256 {hashes[0][:12]} and {hashes[1][:12]}, and holds {there}",
            fix=AGAIN,
        )
    return sdist, wheel
