"""The end of a run."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from prepared_packages import package, with_tests_environment
from sample_project import HERE, SampleProject, lines, normalised

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.slow


def test_summary_goes_into_the_summary_of_a_ci_job(project: SampleProject, tmp_path: Path) -> None:
    with_tests_environment(package(project, "build()", f'tests(pythons=["{HERE}", "3.99"])'))
    page = tmp_path / "summary.md"
    page.write_text("Before\n")
    project.nox("--no-error-on-missing-interpreters", GITHUB_STEP_SUMMARY=str(page), NOX_PARALLEL="2")
    assert normalised(page.read_text()) == lines(
        f"""
        Before
        | session | any | {HERE} | 3.99 |
        |---|---|---|---|
        | `build` | ✓ N s |  |  |
        | `tests` |  | ✓ N s | – |

        2 passed, 1 skipped in N s

        - skipped: tests-3.99: Python 3.99 is not installed; to get it: uv python install 3.99
        """
    )


@pytest.mark.parametrize("place", ["command line", "noxfile"])
def test_report_that_the_user_asks_for_is_written_and_read(project: SampleProject, place: str) -> None:
    package(project, "build()")
    report = project.root / "report.json"
    if place == "noxfile":
        noxfile = (project.root / "noxfile.py").read_text()
        project.write({"noxfile.py": noxfile + f"\nnox.options.report = {str(report)!r}\n"})
    ran = project.nox(*(["--report", str(report)] if place == "command line" else []))
    assert [entry["name"] for entry in json.loads(report.read_text())["sessions"]] == ["build"]
    assert ran.summary == lines(
        """
        any
        build  ✓ N s

        1 passed in N s
        """
    )


def test_listing_ends_without_a_summary_and_leaves_nothing_behind(project: SampleProject) -> None:
    package(project, "build()", f'tests(pythons=["{HERE}"])')
    project.write({"report.json": "{}"})
    before = {path for path in project.root.rglob("*") if ".git" not in path.parts}
    ran = project.nox("-l", "--report", "report.json", TMPDIR=str(project.root))
    assert ran.returncode == 0
    assert ran.summary == ""
    assert {path for path in project.root.rglob("*") if ".git" not in path.parts} == before


def test_terminal_that_knows_no_signs_gets_words(project: SampleProject) -> None:
    package(project, "build()")
    ran = project.nox(PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert ran.summary == lines(
        """
        any
        build  ok N s

        1 passed in N s
        """
    )


def test_sessions_of_the_project_itself_are_in_the_summary(project: SampleProject) -> None:
    package(project, "build()")
    noxfile = (project.root / "noxfile.py").read_text()
    own = '\n@nox.session(python=False)\n@nox.parametrize("level", ["low", "high"])\ndef docs(session, level):\n'
    project.write({"noxfile.py": noxfile + own + '    if level == "low":\n        session.error("too shallow")\n'})
    ran = project.nox()
    assert ran.returncode == 1
    reason = ": too shallow" if sys.version_info >= (3, 10) else ""  # the nox of Python 3.9 reports none
    assert ran.summary == lines(
        f"""
        any
        build  ✓ N s
        docs(level='low')  ✗ N s
        docs(level='high')  ✓ N s

        2 passed, 1 failed in N s
        failed: docs(level='low'){reason}
        """
    )
