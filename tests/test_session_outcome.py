"""How a session ended."""

from __future__ import annotations

import pytest

from seatrial.report import Outcome, Status


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
