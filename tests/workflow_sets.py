"""Sets of files of CI as seatrial writes them, by what they are for."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from seatrial.project.nox_sessions import NoxSession
from seatrial.project.settings import CiSettings
from seatrial.workflows.context import WorkflowContext
from seatrial.workflows.generate import Generator, find_drift, generated_files

CHECKOUT = Path(__file__).resolve().parent.parent
MINIMAL = WorkflowContext("tidepool")
EVERYWHERE = ("ubuntu", "macos", "windows")

SHAPES = {
    "minimal": MINIMAL,
    "three-systems": replace(MINIMAL, settings=CiSettings(systems=EVERYWHERE)),
    "locked-everywhere": replace(
        MINIMAL, group="dev", is_locked=True, prefix="packages/tidepool/", settings=CiSettings(systems=EVERYWHERE)
    ),
    "no-testpypi": replace(MINIMAL, settings=CiSettings(testpypi=False)),
    "locked": replace(MINIMAL, group="dev", is_locked=True, has_submodules=True, has_lfs=True),
    "measured": replace(MINIMAL, measures=True),
    "on-merge": replace(MINIMAL, settings=CiSettings(tag="on-merge", prepare=True)),
    "on-merge-in-a-folder": replace(
        MINIMAL,
        prefix="packages/tidepool/",
        tags="tidepool-v*",
        release="release-tidepool.yml",
        settings=CiSettings(tag="on-merge", prove=False, testpypi=False, prepare=True),
    ),
    "in-a-folder": replace(MINIMAL, prefix="packages/tidepool/", tags="tidepool-v*", release="release-tidepool.yml"),
}


SESSIONS = tuple(
    NoxSession(f"{name}-{python}" if python else name, name, python, ("ci", "release"))
    for name, python in (
        ("build", ""),
        ("check", ""),
        ("tests", "3.9"),
        ("tests", "3.13"),
        ("coverage", ""),
        ("lint", ""),
    )
)


def wheels_of_the_docs() -> str:
    """Return the jobs that docs/workflows.md shows for the wheels of a compiled project, as they stand in a file."""
    match = re.search(r"```yaml\n(\n  wheels:.*?)```", (CHECKOUT / "docs/workflows.md").read_text(), re.DOTALL)
    assert match
    return match[1]


def with_wheels(context: WorkflowContext) -> dict[str, str]:
    """Return the files of a project on GitHub, with these jobs below the last mark of the release."""
    files = written(context)
    path = f".github/workflows/{context.release}"
    return {**files, path: files[path] + wheels_of_the_docs()}


def written(context: WorkflowContext) -> dict[str, str]:
    """Return the files of a project on GitHub that has none yet, by their paths."""
    return {file.path: file.then for file in find_drift(generated_files(context, "github"), {})}


def written_for_gitlab(context: WorkflowContext, host: str = "gitlab.com") -> dict[str, str]:
    """Return the file of a project on GitLab that has none yet, by its path."""
    return {file.path: file.then for file in find_drift(generated_files(context, "gitlab", SESSIONS, host), {})}


def of_this_repository() -> dict[str, str]:
    """Return the files of this repository as they are."""
    return {file.path: (CHECKOUT / file.path).read_text() for file in Generator.of(CHECKOUT).expected}
