"""init tries what it proposes: what comes of the sessions, and of the project's own commands, changes the proposal."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from sample_project import BUILD_SYSTEMS, HERE, lines
from sample_projects import make_sample
from seatrial.init.trial import (
    ERRORS_OF_CHECKS,
    Counts,
    Outcome,
    count_tests,
    following_requests,
    has_run_tests,
    is_hollow,
    joined,
    names_text,
)

if TYPE_CHECKING:
    from pathlib import Path

    from release_repo import ReleaseRepo


@pytest.mark.parametrize(
    ("output", "counts"),
    [
        ("===== 981 passed, 3 skipped, 2 warnings in 4.51s =====\n", Counts(981, 0, 3)),
        ("= 1 failed, 2 passed, 1 error in 0.12s =\n", Counts(2, 2, 0)),
        ("= 713 passed, 5 skipped, 20 subtests passed in 1.21s =\n", Counts(713, 0, 5)),
        ("2 passed, 1 xfailed, 1 xpassed in 61.02s (0:01:01)\n", Counts(3, 0, 1)),
        ("===== no tests ran in 0.01s =====\n", Counts()),
        ("= 1 passed in 0.1s =\ntext\n= 2 passed in 0.1s =\n", Counts(3, 0, 0)),
        ("Ran 12 tests in 0.003s\n\nOK (skipped=2)\n", Counts(10, 0, 2)),
        ("Ran 12 tests in 0.003s\n\nFAILED (failures=1, errors=2, skipped=3)\n", Counts(6, 3, 3)),
        ("Ran 1 test in 0.003s\n\nOK\n", Counts(1, 0, 0)),
        ("Ran 4 tests in 0.012s\n\nPASSED (skips=1, successes=3)\n", Counts(3, 0, 1)),
        ("Ran 4 tests in 0.012s\n\nFAILED (failures=1, errors=1, successes=2)\n", Counts(2, 2, 0)),
        ("  Ran 9 tests with 1 failures, 2 errors and 3 skipped in 0.015 seconds.\n", Counts(3, 3, 3)),
        (
            (
                "  Ran 2 tests with 0 failures, 0 errors and 0 skipped in 0.1 seconds.\n"
                "  Ran 3 tests with 0 failures, 0 errors and 1 skipped in 0.1 seconds.\n"
                "Total: 5 tests, 0 failures, 0 errors and 1 skipped in 0.2 seconds.\n"
            ),
            Counts(4, 0, 1),
        ),
        ("pytest: error: unrecognized arguments: --cov\n", None),
        ("", None),
    ],
)
def test_counts_are_read_from_what_programs_for_tests_print(output: str, counts: Counts | None) -> None:
    assert count_tests(output) == counts


@pytest.mark.parametrize(
    ("passed", "compared", "expected"),
    [(116, 1200, True), (1100, 1200, False), (1199, 1200, False), (8, 10, True), (9, 10, False), (12, 10, False)],
)
def test_run_with_far_fewer_tests_is_hollow(passed: int, compared: int, *, expected: bool) -> None:
    assert is_hollow(Counts(passed, 0, 1200 - passed), Counts(compared)) is expected


@pytest.mark.parametrize(
    ("outcome", "how", "expected"),
    [
        (Outcome(is_done=True), "tox", True),
        (Outcome(is_done=False, counts=Counts(1, 1, 0)), "tox", True),
        # A module that pytest imports before the tests fails.
        (Outcome(is_done=False, output="E  DeprecationWarning"), "by hand", True),
        (Outcome(is_done=False, output="py313: requirements can't be installed"), "tox", False),
        (Outcome(is_done=False), "by hand", False),
    ],
)
def test_way_that_fails_before_its_tests_says_nothing_of_them(outcome: Outcome, how: str, *, expected: bool) -> None:
    assert has_run_tests(outcome, how) is expected


def test_sessions_that_tox_runs_as_one_are_counted_together() -> None:
    unit, doctest = Outcome(is_done=True, counts=Counts(3, 0, 1), output="unit"), Outcome(is_done=True, output="doc")
    assert joined([unit, doctest]) == Outcome(is_done=True, counts=Counts(3, 0, 1), output="unit\ndoc")
    failed = Outcome(is_done=False, counts=Counts(1, 2, 0), output="failed")
    assert joined([unit, failed]) == Outcome(is_done=False, counts=Counts(4, 2, 1), output="failed")


def test_few_of_many_failed_tests_are_named() -> None:
    assert names_text(["a", "b", "a"]) == "a, b"
    assert names_text("abcdefgh") == "a, b, c, d, e, 3 more"
    assert names_text([]) == ""


OUT = """
seatrial: release: seatrial release --yes --part minor ended with exit code 5:
  seatrial: a check failed:
  error    INDEX011  https://index.example/simple/ has tidepool 1.3.0:
                     tidepool-1.3.0.tar.gz  sha256 3b6e
                     fix: release the version after it: seatrial release --version 1.3.4
  warning  META021  license is a table, which is deprecated
                    fix: license = "MIT"
  36 passed, 1 error, 1 warning
  fix:  fix it and commit
"""
LEFT = [("--part", "minor"), ("--part", "major")]


@pytest.mark.parametrize(
    ("outcome", "requests"),
    [
        (Outcome(is_done=True, output=OUT), []),
        (Outcome(is_done=False, output=OUT), [("--version", "1.3.4")]),
        (Outcome(is_done=False, output="more: seatrial explain TagTaken\n"), LEFT),
        (Outcome(is_done=False, output="  error    META030  the name is taken\n"), []),
    ],
)
def test_trial_rehearses_the_version_after_those_of_the_index(
    outcome: Outcome, requests: list[tuple[str, str]]
) -> None:
    assert following_requests(LEFT, outcome) == requests


def test_cause_of_a_failed_rehearsal_is_its_errors() -> None:
    more = "  error    DIST001  the wheel is empty\n                    fix: fill it\n"
    text = lines(OUT).replace("  36 passed", f"{more}  36 passed")
    errors = ERRORS_OF_CHECKS.findall(text)
    assert [error.split()[1] for error in errors] == ["INDEX011", "DIST001"]
    assert "".join(errors) == text[text.index("  error") : text.index("  warning")] + more


def adopt(repo: ReleaseRepo, *args: str, **env: str) -> tuple[dict[str, str], str]:
    """Run init, and return the table of its trial, by the name of each row, and all that it printed."""
    before = set(repo.project.root.parent.glob("**/seatrial-init-*"))
    ran = repo.project.seatrial("init", "--yes", *args, TMPDIR=str(repo.project.root.parent), **env)
    assert (ran.returncode, ran.was_a_traceback) == (0, False), ran.output
    assert set(repo.project.root.parent.glob("**/seatrial-init-*")) == before
    rows = re.findall(
        r"^[✓✗!–?] (sessions|build|check|tests|coverage|mypy|rehearse)(?: +(.+))?$", ran.output, re.MULTILINE
    )
    return {name: text for name, text in rows if not re.match(r"[\d.]+ s", text)}, ran.output


SETTINGS = """
[tool.seatrial]
index = "http://127.0.0.1:9/simple/"
"""
"""Nothing listens at port 9, so no test asks an index outside."""


@pytest.fixture
def repo_with_setuptools(tmp_path: Path) -> ReleaseRepo:
    """Return a project that is tested on this Python."""
    made = make_sample("setuptools-static", tmp_path, HERE)
    made.project.write({"pyproject.toml": made.read("pyproject.toml") + SETTINGS})
    made.project.commit("Ask no index")
    made.project.git("push", "-q")
    return made


@pytest.fixture
def repo(repo_with_setuptools: ReleaseRepo) -> ReleaseRepo:
    """Return the project with a backend that builds in a fraction of the time of setuptools."""
    text = repo_with_setuptools.read("pyproject.toml")
    text = re.sub(r"requires = .*\n.*build_meta\"", BUILD_SYSTEMS["flit_core"], text)
    text = re.sub(r"\[tool\.setuptools\]\n.*\n", "", text)
    write(repo_with_setuptools, {"pyproject.toml": text})
    return repo_with_setuptools


def write(repo: ReleaseRepo, files: dict[str, str]) -> None:
    repo.project.write({name: lines(text) for name, text in files.items()})
    repo.project.commit("Change it")
    repo.project.git("push", "-q")


@pytest.mark.slow
@pytest.mark.selection
def test_what_passes_is_proposed_with_its_numbers(repo_with_setuptools: ReleaseRepo) -> None:
    """The real nox runs the sessions in the copy, a rehearsal runs, and nothing of both is left."""
    repo = repo_with_setuptools
    # Neither way to test gets what pip and uv install with.
    write(
        repo, {"tests/test_depth.py": "import os\n\n\ndef test_it() -> None:\n    assert 'NETRC' not in os.environ\n"}
    )
    before = sorted(path.name for path in repo.project.root.iterdir())
    rows, output = adopt(repo, NETRC=os.devnull)
    assert rows == {"build": "", "check": "", "tests": "1 passed (by hand: 1 passed)", "rehearse": "ready"}, output
    added = {"noxfile.py", "tasks.py"}
    assert set(before) | added == {path.name for path in repo.project.root.iterdir()}
    assert "sessions.tests(" in repo.read("noxfile.py")


@pytest.mark.slow
def test_what_fails_by_hand_too_is_not_in_the_release(repo: ReleaseRepo) -> None:
    """Real tests and a real mypy fail: their numbers are read from what they print."""
    write(
        repo,
        {
            "tests/test_more.py": "def test_more() -> None:\n    assert False\n",
            "tox.ini": "[testenv:types]\ndeps = mypy\ncommands = mypy tidepool\n",
            "tidepool/wrong.py": 'depth: int = "deep"\n',
        },
    )
    rows, output = adopt(repo)
    assert rows["tests"] == "1 passed, 1 failed (by hand: 1 passed, 1 failed): not in the release", output
    assert rows.get("mypy") == "1 error (tox: it fails too): not in the release", output
    assert "tests/test_more.py::test_more" in output
    noxfile = repo.read("noxfile.py")
    assert re.findall(r"sessions\.(\w+)\(.*tags=\[\"ci\"\]\)", noxfile) == ["tests", "mypy"]


@pytest.mark.slow
def test_what_fails_only_with_seatrial_is_left_out_and_named(repo: ReleaseRepo) -> None:
    """The test passes only where the package is imported from its folder, which the real wheel is not.

    Types that no file of the project checks are not proposed either where they are wrong.
    """
    write(
        repo,
        {
            "mypy.ini": "[mypy]\n",
            "tidepool/wrong.py": 'depth: int = "deep"\n',
            "tests/test_more.py": """
            from pathlib import Path

            import tidepool


            def test_place() -> None:
                assert Path(tidepool.__file__).parent.parent == Path(__file__).parent.parent
            """,
        },
    )
    rows, output = adopt(repo)
    assert rows["tests"] == "1 passed, 1 failed (by hand: 2 passed): not proposed", output
    assert "the tests pass by hand and fail with seatrial, so they are not proposed" in output
    assert rows["mypy"] == "1 error: not proposed", output
    assert "mypy" not in repo.read("noxfile.py")
    assert "sessions.tests()" not in repo.read("noxfile.py").replace("# sessions.tests(): ", "")


@pytest.mark.slow
def test_tests_that_the_wheel_lacks_are_those_of_the_source_tree_and_test_the_wheel(repo: ReleaseRepo) -> None:
    """The real pytest finds them in the tree, and imports the package from the real wheel."""
    (repo.project.root / "tests/test_depth.py").unlink()
    write(
        repo,
        {
            "tidepool/tests/__init__.py": "",
            "tidepool/tests/test_depth.py": """
            import tidepool


            def test_depth() -> None:
                assert "site-packages" in tidepool.__file__, tidepool.__file__
            """,
        },
    )
    # What a branch or Python has less than the others is not covered, as a release would find only at its end.
    coverage = "[tool.coverage.run]\nsource = ['tidepool']\n[tool.coverage.report]\nfail_under = 100\n"
    module = repo.read("tidepool/__init__.py") + "\n\ndef depth() -> int:\n    return 1\n"
    write(repo, {"pyproject.toml": repo.read("pyproject.toml") + coverage, "tidepool/__init__.py": module})
    rows, output = adopt(repo)
    assert rows["tests"].startswith("1 passed"), output
    assert re.fullmatch(rf"\d+%, on Python {HERE} alone", rows["coverage"]), output
    assert "is less than fail-under=100" in output
    assert '"--pyargs", "tidepool.tests"' in repo.read("noxfile.py")


@pytest.mark.slow
def test_time_that_is_over_ends_the_trial_and_what_was_tried_counts(repo: ReleaseRepo) -> None:
    """A real test that never ends is ended with all that it has started."""
    write(repo, {"tests/test_more.py": "import time\n\n\ndef test_more() -> None:\n    time.sleep(600)\n"})
    rows, output = adopt(repo, "--limit", "25")
    assert "tests" not in rows
    assert "was ended because the time of the trial was over: try it by hand" in output
    assert "sessions.tests(" in repo.read("noxfile.py")


@pytest.mark.slow
def test_own_noxfile_is_tried_with_the_lines_to_add_and_not_changed(repo: ReleaseRepo) -> None:
    """The real nox loads a noxfile with both, and runs a session of each."""
    write(
        repo,
        {
            "noxfile.py": """
            import nox


            @nox.session
            def unit(session: nox.Session) -> None:
                session.install("-e", ".[testing]")
                session.run("pytest", *session.posargs)
            """
        },
    )
    before = repo.read("noxfile.py")
    rows, output = adopt(repo)
    assert rows["tests"] == "1 passed (nox: 1 passed)", output
    assert repo.read("noxfile.py") == before


@pytest.mark.slow
def test_new_files_are_as_the_projects_linter_wants_them(repo: ReleaseRepo) -> None:
    """The real ruff, with the settings of the project, formats them and finds nothing."""
    ruff = """
    [tool.ruff.lint]
    select = ["I", "D100"]
    isort.required-imports = ["from __future__ import annotations"]

    [tool.ruff.format]
    quote-style = "single"
    """
    write(repo, {"pyproject.toml": repo.read("pyproject.toml") + lines(ruff)})
    adopt(repo)
    noxfile = repo.read("noxfile.py")
    assert noxfile.startswith("# /// script\n")
    assert "from __future__ import annotations\n" in noxfile
    assert "sessions.tests(extras=['testing'])" in noxfile
    assert "noxfile.py:" not in repo.project.nox("-s", "lint").output
