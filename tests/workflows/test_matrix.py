"""The matrix of CI is what nox lists."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from errors_raised import raises_error
from sample_project import SampleProject, package
from seatrial.project.nox_sessions import NoxSession
from seatrial.workflows.context import (
    WorkflowContext,
    address_of_seatrial,
    github_matrix,
    read_sessions,
    require_build_sessions,
    require_coverage_session,
    tagged_sessions,
)

CHECKOUT = Path(__file__).resolve().parents[2]

BUILD, CHECK = (NoxSession(name, name, "", ("ci", "release")) for name in ("build", "check"))
TESTS = tuple(NoxSession(f"tests-{version}", "tests", version, ("ci",)) for version in ("3.9", "3.13"))
LINT = NoxSession("lint", "lint", "", ("ci",))
COVERAGE = NoxSession("coverage", "coverage", "", ("ci",))


def test_matrix_is_every_session_on_every_system_and_one_without_a_python_on_the_first() -> None:
    chosen = tagged_sessions((BUILD, CHECK, *TESTS, COVERAGE, LINT), "ci", measures=True)
    assert github_matrix(chosen, ("macos", "ubuntu")) == {
        "include": [
            {"session": "tests-3.9", "python": "3.9", "system": "macos-15"},
            {"session": "tests-3.13", "python": "3.13", "system": "macos-15"},
            {"session": "lint", "python": "", "system": "macos-15"},
            {"session": "tests-3.9", "python": "3.9", "system": "ubuntu-24.04"},
            {"session": "tests-3.13", "python": "3.13", "system": "ubuntu-24.04"},
        ]
    }


def test_own_session_with_the_name_coverage_is_like_others() -> None:
    assert tagged_sessions((BUILD, *TESTS, COVERAGE), "ci") == (*TESTS, COVERAGE)


def test_project_that_measures_has_a_session_that_brings_it_together() -> None:
    require_coverage_session((*TESTS, COVERAGE))
    with raises_error("SessionMissing") as raised:
        require_coverage_session(TESTS)
    assert (raised.value.what, raised.value.fix) == (
        "the project measures coverage, and the noxfile has no session coverage",
        "sessions.tests()\nor, in [tool.seatrial.workflows]: coverage = false",
    )


def test_session_of_the_workflows_has_to_exist() -> None:
    require_build_sessions((BUILD, CHECK, *TESTS), "ci")
    with raises_error("SessionMissing") as raised:
        require_build_sessions(TESTS, "ci")
    assert (raised.value.what, raised.value.fix) == (
        "the noxfile has no session build and none check, which the workflows run",
        "sessions.build()\nsessions.check()",
    )
    with raises_error("SessionMissing") as raised:
        require_build_sessions((BUILD, CHECK, *TESTS), "release")
    assert raised.value.what == "no session but build and check has the tag release, so nothing would be tested"


@pytest.mark.slow
def test_matrix_of_this_repository_is_what_runs_locally() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nox", "--list", "--json", "-t", "ci"], cwd=CHECKOUT, capture_output=True, check=True
    )
    local = {str(row["session"]) for row in json.loads(done.stdout)} - {"build", "check"}
    chosen = tagged_sessions(read_sessions(CHECKOUT), "ci")
    sessions = {row["session"] for row in github_matrix(chosen, ("ubuntu",))["include"]}
    assert sessions == local
    pythons = [f"3.{minor}" for minor in range(9, 14)]
    assert local == {
        "lint",
        "lowest",
        "workflows-3.13",
        *(f"{name}-{python}" for name in ("tests", "mypy") for python in pythons),
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("noxfile", "message"),
    [("import nox\nraise RuntimeError('too deep')\n", "  RuntimeError: too deep"), ("def (\n", "SyntaxError")],
    ids=["raises", "syntax"],
)
def test_noxfile_that_fails_to_load_is_an_error(project: SampleProject, noxfile: str, message: str) -> None:
    package(project)
    project.write({"noxfile.py": noxfile})
    with raises_error("NoxfileBroken") as raised:
        read_sessions(project.root)
    assert raised.value.what.startswith(f"nox can't list the sessions of {project.root / 'noxfile.py'}:\n")
    assert message in raised.value.what


@pytest.mark.parametrize(
    ("noxfile", "installed"),
    [
        ('# dependencies = ["nox", "seatrial>=0.1"]', "seatrial"),
        ('# dependencies = ["nox", "seatrial @ git+https://example.org/a"]', "'seatrial @ git+https://example.org/a'"),
        (
            "# dependencies = [\n#   'seatrial@https://example.org/a.whl',\n# ]",
            "'seatrial @ https://example.org/a.whl'",
        ),
        ('# dependencies = ["seatrial-x @ https://example.org/a", "[", "nox"]', "seatrial"),
        ("# dependencies = 1", "seatrial"),
        (None, "seatrial"),
    ],
)
def test_ci_installs_seatrial_from_the_address_in_the_noxfile(
    tmp_path: Path, noxfile: str | None, installed: str
) -> None:
    """No index needs to have a seatrial that the noxfile takes from an address."""
    if noxfile:
        tmp_path.joinpath("noxfile.py").write_text(f"# /// script\n{noxfile}\n# ///\nimport nox\n", encoding="utf-8")
    context = WorkflowContext("tidepool", seatrial=address_of_seatrial(tmp_path) or "seatrial")
    assert context.installing() == (f"python -m pip install {installed} uv",)
