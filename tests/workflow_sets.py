"""Sets of files of CI as seatrial writes them, by what they are for."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from seatrial.facts.ci_settings import CiSettings
from seatrial.facts.listing import Listed
from seatrial.workflows import desk
from seatrial.workflows.desk import Desk
from seatrial.workflows.drift import drift
from seatrial.workflows.shape import Shape

CHECKOUT = Path(__file__).resolve().parent.parent
MINIMAL = Shape("tidepool")
EVERYWHERE = ("ubuntu", "macos", "windows")

SHAPES = {
    "minimal": MINIMAL,
    "three-systems": replace(MINIMAL, settings=CiSettings(systems=EVERYWHERE)),
    "locked-everywhere": replace(
        MINIMAL, group="dev", is_locked=True, prefix="packages/tidepool/", settings=CiSettings(systems=EVERYWHERE)
    ),
    "no-testpypi": replace(MINIMAL, settings=CiSettings(testpypi=False)),
    "locked": replace(MINIMAL, group="dev", is_locked=True, has_submodules=True),
    "measured": replace(MINIMAL, measures=True),
    "in-a-folder": replace(MINIMAL, prefix="packages/tidepool/", tags="tidepool-v*", release="release-tidepool.yml"),
}


SESSIONS = tuple(
    Listed(f"{name}-{python}" if python else name, name, python, ("ci", "release"))
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
    found = re.search(r"```yaml\n(\n  wheels:.*?)```", (CHECKOUT / "docs/workflows.md").read_text(), re.DOTALL)
    assert found
    return found[1]


def with_wheels(shape: Shape) -> dict[str, str]:
    """Return the files of a project on GitHub, with these jobs below the last mark of the release."""
    files = written(shape)
    path = f".github/workflows/{shape.release}"
    return {**files, path: files[path] + wheels_of_the_docs()}


def written(shape: Shape) -> dict[str, str]:
    """Return the files of a project on GitHub that has none yet, by their paths."""
    return {one.path: one.then for one in drift(desk.wanted(shape, "github"), {})}


def written_for_gitlab(shape: Shape, host: str = "gitlab.com") -> dict[str, str]:
    """Return the file of a project on GitLab that has none yet, by its path."""
    return {one.path: one.then for one in drift(desk.wanted(shape, "gitlab", SESSIONS, host), {})}


def of_this_repository() -> dict[str, str]:
    """Return the files of this repository as they are."""
    return {one.path: (CHECKOUT / one.path).read_text() for one in Desk.of(CHECKOUT).wanted}
