"""Distributions that another CI job has built, accepted if their commit and hashes match.

A test on another machine has to test exactly the files that are published. The job therefore gets commit and hashes in
a variable, which comes another way than the files: as an output of the build job, not in its artifact.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from seatrial.commands import Command
from seatrial.distributions.cache import BuiltDistributions
from seatrial.distributions.distribution import Distribution, distributions_in
from seatrial.distributions.sources import modules_from_wheel, require_package
from seatrial.errors import BuildError
from seatrial.git.command import changed_files, read_head, tracked_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from seatrial.project.project import Project


BUILT_VARIABLE = "SEATRIAL_BUILT"
"""The environment variable that holds what `built_line` returns."""

BUILT_LINE = re.compile(r"(?P<commit>[0-9a-f]{40}|[0-9a-f]{64}) (?P<sdist>[0-9a-f]{64})(?: (?P<wheel>[0-9a-f]{64}))?")

FETCH_FIX = f"download the artifact of the build job into dist/; or build here: unset {BUILT_VARIABLE}"


def built_pair(project_root: Path) -> tuple[Distribution, ...]:
    """Return the sdist and the wheel in ``dist/``, or only the sdist of a project whose wheels are compiled.

    Raises `NotAsBuilt` for anything else.
    """
    paths = sorted(distributions_in(project_root / "dist"), key=lambda path: path.suffix == ".whl")
    files = tuple(Distribution.from_path(path) for path in paths)
    if [file.is_wheel for file in files] not in ([False, True], [False]):
        names = ", ".join(file.name for file in files) or "nothing"
        raise BuildError(
            f"dist/ must contain one sdist and one wheel, and contains {names}", code="NotAsBuilt", fix="nox -s build"
        )
    return files


def built_line(project_root: Path) -> str:
    """Return the line for the next job: the commit, and the SHA-256 of the sdist and of the wheel, if there is one.

    Raises `NotAsBuilt` for anything else in ``dist/``, or without a commit.
    """
    files = built_pair(project_root)
    head = read_head(project_root)
    if head is None:
        raise BuildError(f"{project_root} has no commit", code="NotAsBuilt", fix="git init, and commit")
    return " ".join((head[0], *(file.sha256 for file in files)))


def accept_built(project: Project, line: str, compile_: Callable[[Distribution], Distribution]) -> BuiltDistributions:
    """Return the distributions in ``dist/``, if their hashes are those of ``line``, and HEAD is its commit.

    Nothing is built in their place; only if there is no wheel for all machines, ``compile_`` makes one for this machine
    from the sdist. Raises `NotAsBuilt`, `PackageMissing` or `BuildError`.
    """
    match = BUILT_LINE.fullmatch(line.strip())
    if match is None:
        raise BuildError(
            f"{BUILT_VARIABLE} is {line.strip()!r}, and must be a commit and two hashes: the build job set no output",
            code="NotAsBuilt",
            fix=f"{Command('ci.built', program_only=True)} prints them; "
            f"without {BUILT_VARIABLE} the distributions are built here",
        )
    _require_commit(project, match["commit"])
    sdist, *wheels = _files_with_hashes(project, tuple(filter(None, (match["sdist"], match["wheel"]))))
    wheel = wheels[0] if wheels else _compiled(sdist, compile_)
    files = tracked_files(project.root)
    require_package(project, files, wheel)
    return BuiltDistributions(sdist, wheel, wheel.requirements(), modules_from_wheel(project, files, wheel))


def _require_commit(project: Project, commit: str) -> None:
    head = read_head(project.root)
    if head is None or head[0] != commit:
        raise BuildError(
            f"the distributions were built from {commit[:12]}, and HEAD is {head[0][:12] if head else 'no commit'}",
            code="NotAsBuilt",
            fix="check out the commit that was built: all jobs of a run have the same",
        )
    changed = changed_files(project.root)
    if changed:
        raise BuildError(
            f"{', '.join(map(str, changed[:5]))} differs from the commit that the distributions were built from",
            code="NotAsBuilt",
            fix="change no tracked file in this job",
        )


def _compiled(sdist: Distribution, compile_: Callable[[Distribution], Distribution]) -> Distribution:
    """Return a wheel for this machine. Raises `NotAsBuilt` for a wheel that is the same on all: it is missing."""
    wheel = compile_(sdist)
    if wheel.file_name.is_for_any_machine:
        raise BuildError(
            f"the build job listed only {sdist.name}, and {wheel.name} is missing",
            code="NotAsBuilt",
            fix=FETCH_FIX,
        )
    return wheel


def _files_with_hashes(project: Project, hashes: tuple[str, ...]) -> tuple[Distribution, ...]:
    """Return the files with these hashes; ``dist/`` may contain no other."""
    files = {file.sha256: file for file in map(Distribution.from_path, distributions_in(project.root / "dist"))}
    if set(files) != set(hashes):
        expected = " and ".join(sha256[:12] for sha256 in hashes)
        names = ", ".join(f"{file.name} ({file.sha256[:12]})" for file in files.values()) or "nothing"
        raise BuildError(
            f"dist/ must contain what was built, sha256 {expected}, and contains {names}",
            code="NotAsBuilt",
            fix=FETCH_FIX,
        )
    return tuple(files[sha256] for sha256 in hashes)
