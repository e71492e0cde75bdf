"""The session that brings the coverage of all Pythons together."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.sessions import closing
from seatrial.sessions.registering import Registration, project, register

if TYPE_CHECKING:
    from collections.abc import Sequence

    import nox

REQUIREMENT = "coverage[toml]"
COMBINE = Path(__file__).resolve().parent.parent / "combine_coverage.py"
"""Run as a script, by the Python of the environment that holds coverage."""


def is_used() -> bool:
    """Whether the project measures coverage (coverage, "Configuration reference")."""
    return project().configures("coverage", ".coveragerc")


def data_file(python: str) -> Path:
    """Return where the tests on one Python write their data."""
    return project().root / f".coverage.{python}"


def register_coverage(tags: Sequence[str]) -> None:
    """Register ``coverage``, which comes after the tests: combine their data and report.

    It fails where the total is under the project's ``fail_under``.
    """
    about = "Combine the coverage of all Pythons and report it"
    register(Registration("coverage", about, tuple(tags), requires=("tests",)), _coverage)


def _coverage(session: nox.Session) -> None:
    # What a session does is loaded when it runs: `nox -l` does without.
    from seatrial.sessions import furnishing  # noqa: PLC0415

    files = [str(path) for path in sorted(project().root.glob(".coverage.*")) if closing.is_of_this_run(path)]
    if not files:
        session.skip("the tests of this run measured nothing")
    furnishing.furnish(session, (REQUIREMENT,))
    sources = "src" if (project().root / "src").is_dir() else "."
    session.run("python", str(COMBINE), sources, *files)
    session.run("coverage", "report", *session.posargs)
