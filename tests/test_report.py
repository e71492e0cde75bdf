"""How a session ended, and results as text and Markdown."""

from __future__ import annotations

from pathlib import Path

import pytest

from sample_project import lines
from seatrial import report
from seatrial.pythons import Interpreter
from seatrial.report import Outcome, Status

OUTCOMES = (
    Outcome("build", "", Status.SUCCESS, 1.25, ""),
    Outcome("tests", "3.10", Status.SUCCESS, 12.04, ""),
    Outcome("tests", "3.9", Status.SKIPPED, 0, "Python interpreter 3.9 not found"),
    Outcome("tests", "3.13", Status.FAILED, 3, ""),
    Outcome("mypy", "3.10", Status.ABORTED, 0.1, "no\nwheel"),
    Outcome("mypy", "3.13", Status.ABORTED, 0.1, "no\nwheel"),
)
MISSING = {"3.9": "uv python install 3.9"}


def test_summary_is_a_table_a_count_and_the_reasons() -> None:
    assert report.run_summary(OUTCOMES, 16.3, MISSING, "utf-8") == (
        "       any      3.9  3.10      3.13\n"
        "build  ✓ 1.2 s\n"
        "tests           –    ✓ 12.0 s  ✗ 3.0 s\n"
        "mypy                 ✗ 0.1 s   ✗ 0.1 s\n"
        "\n"
        "2 passed, 3 failed, 1 skipped in 16.3 s\n"
        "skipped: tests-3.9: Python 3.9 is not installed; to get it: uv python install 3.9\n"
        "failed: tests-3.13\n"
        "failed: mypy-3.10, mypy-3.13: no\n"
        "wheel"
    )


def test_summary_for_a_terminal_without_signs() -> None:
    assert report.run_summary(OUTCOMES[:3], 1, {}, "ascii") == (
        "       any       3.9  3.10\n"
        "build  ok 1.2 s\n"
        "tests            -    ok 12.0 s\n"
        "\n"
        "2 passed, 1 skipped in 1.0 s\n"
        "skipped: tests-3.9: Python interpreter 3.9 not found"
    )


def test_summary_in_markdown() -> None:
    assert report.run_summary_markdown(OUTCOMES, 16.3, MISSING) == lines(
        """
        | session | any | 3.9 | 3.10 | 3.13 |
        |---|---|---|---|---|
        | `build` | ✓ 1.2 s |  |  |  |
        | `tests` |  | – | ✓ 12.0 s | ✗ 3.0 s |
        | `mypy` |  |  | ✗ 0.1 s | ✗ 0.1 s |

        2 passed, 3 failed, 1 skipped in 16.3 s

        - skipped: tests-3.9: Python 3.9 is not installed; to get it: uv python install 3.9
        - failed: tests-3.13
        - failed: mypy-3.10, mypy-3.13: no
          wheel
        """
    )


def test_matrix_that_was_asked_for_and_ran_nowhere_is_untested() -> None:
    skipped = Outcome("mypy", "3.9", Status.SKIPPED, 0, "")
    assert report.untested_sessions([*OUTCOMES[:4], skipped], ("tests", "mypy", "typeguard")) == ("mypy",)
    assert report.untested_sessions(OUTCOMES, ("tests", "mypy")) == ()


def test_pythons_are_listed_in_columns() -> None:
    interpreters = {"3.90": Interpreter("3.90", Path("python3.90"))}
    missing = {"3.8": "uv python install 3.8"}
    assert report.python_table(("3.8", "3.90"), interpreters, missing) == (
        "3.8   not installed; to get it: uv python install 3.8\n3.90  python3.90\n"
        "Python 3.8 gets no fixes any more (end of life)"
    )


@pytest.mark.parametrize(
    ("name", "signatures", "session", "python"),
    [
        ("tests", ["tests-3.12"], "tests", "3.12"),
        ("tests", ["tests", "tests-3.12"], "tests", "3.12"),
        ("tests", ["tests-3.14t"], "tests", "3.14t"),
        ("tests", ["tests-3.12.1"], "tests", "3.12.1"),
        ("tests", ["tests-pypy3.10"], "tests", "pypy3.10"),
        ("build", ["build"], "build", ""),
        ("build-docs", ["build-docs"], "build-docs", ""),
        ("docs-2.0", ["docs-2.0"], "docs-2.0", ""),
        ("tests", ["tests-3.12(django='5.1')", "tests-3.12"], "tests(django='5.1')", "3.12"),
        ("docs", ["docs(level='a-3.9')"], "docs(level='a-3.9')", ""),
    ],
)
def test_signature_is_taken_apart(name: str, signatures: list[str], session: str, python: str) -> None:
    entry = {"name": name, "signatures": signatures, "result": "success", "duration": 1.5, "reason": None}
    assert Outcome.from_report(entry) == Outcome(session, python, Status.SUCCESS, 1.5, "")


def test_report_of_an_older_nox_has_no_reason_and_no_duration() -> None:
    entry = {"name": "build", "signatures": [], "result": "skipped"}
    assert Outcome.from_report(entry) == Outcome("build", "", Status.SKIPPED, 0, "", gives_reasons=False)


def test_name_is_what_selects_the_session() -> None:
    assert Outcome("tests", "3.9", Status.FAILED, 1, "").name == "tests-3.9"
    assert Outcome("build", "", Status.FAILED, 1, "").name == "build"
