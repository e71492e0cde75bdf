"""The session that brings the coverage of all Pythons together."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial import shell
from seatrial.errors import BuildError
from seatrial.facts import measurement
from seatrial.sessions import artefacts, closing
from seatrial.sessions.registering import Registration, project, register
from seatrial.tools import git

if TYPE_CHECKING:
    from collections.abc import Sequence

    import nox

REQUIREMENT = "coverage[toml]"
COMBINE = Path(__file__).resolve().parent.parent / "combine_coverage.py"
"""Run as a script, by the Python of the environment that holds coverage."""


def is_used() -> bool:
    """Whether the project measures coverage."""
    return measurement.is_used(project())


def folders_measured() -> list[str]:
    """Return the folders of the source tree that coverage is told to measure, where the tests import nothing from.

    They stand in ``source`` of ``[tool.coverage.run]``, or behind ``--cov=`` in pytest's ``addopts`` (pytest-cov).
    """
    tool = project().table.get("tool", {})
    told = tool.get("coverage", {}).get("run", {}).get("source", [])
    options = tool.get("pytest", {}).get("ini_options", {}).get("addopts", [])
    words = options.split() if isinstance(options, str) else options
    named = [*told, *(str(word)[len("--cov=") :] for word in words if str(word).startswith("--cov="))]
    return [name for name in named if name and (project().root / name).is_dir() and name != project().import_name]


def data_file(session: nox.Session) -> Path:
    """Return where the tests on one Python write their data: out of the way of builds."""
    folder = artefacts.state(session) / "coverage"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f".coverage.{session.python}"


def register_coverage(tags: Sequence[str]) -> None:
    """Register ``coverage``, which comes after the tests: combine their data and report.

    It fails where the total is under the project's ``fail_under``. In CI, where each Python has a job of its own, it
    takes what these have measured, and runs none of them again.
    """
    about = "Combine the coverage of all Pythons and report it"
    first = () if os.environ.get(measurement.HANDED) else ("tests",)
    register(Registration(measurement.SESSION, about, tuple(tags), requires=first), _coverage)


def _measured(folder: Path) -> list[str]:
    """Return the files of data of this run. Raises `NothingMeasured` where other jobs were to hand some over."""
    handed = os.environ.get(measurement.HANDED)
    if not handed:
        return [str(path) for path in sorted(folder.glob(".coverage.*")) if closing.is_of_this_run(path)]
    found = [str(path) for path in sorted((project().root / handed).rglob(".coverage.*"))]
    if not found:
        raise BuildError(
            f"no job has handed over what its tests measured: {handed} holds no .coverage.*",
            code="NothingMeasured",
            fix="have the tests measure, as with pytest --cov; or coverage = false in [tool.seatrial.workflows]",
        )
    return found


def _coverage(session: nox.Session) -> None:
    # What a session does is loaded when it runs: `nox -l` does without.
    from seatrial.sessions import furnishing  # noqa: PLC0415

    folder = artefacts.state(session) / "coverage"
    folder.mkdir(parents=True, exist_ok=True)
    files = _measured(folder)
    if not files:
        session.skip("the tests of this run measured nothing")
    furnishing.furnish(session, (REQUIREMENT,))
    sources = "src" if (project().root / "src").is_dir() else "."
    # Where git does not ignore .coverage, a backend would take it into the sdist.
    data = project().root / ".coverage" if git.ignores(project().root, ".coverage") else folder / "combined"
    environ = {**shell.without_secrets(), "COVERAGE_FILE": str(data)}
    session.run("python", str(COMBINE), sources, *files, env=environ)
    session.run("coverage", "report", env=environ)
    if data.parent == folder:
        session.log(f"git does not ignore .coverage, so the combined data is in {data}")
