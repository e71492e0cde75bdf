"""Every check has a code, a title, a reason, and a paragraph on the page of checks."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import error_codes
from seatrial.checks import __path__
from seatrial.checks.check import Check, page_of_checks
from seatrial.checks.registry import (
    ALL_CHECKS,
    CHECKS_OF_FILES,
    FILE_CHECKS,
    REBUILD_CHECKS,
    TRIGGER_CHECKS,
    UPLOAD_RULES,
    WORKFLOW_CHECKS,
)
from seatrial.checks.release import ERROR_CHECKS, ErrorCheck
from seatrial.findings import Severity
from seatrial.project.settings import CODE

if TYPE_CHECKING:
    import pytest


PAGE = Path(__file__).resolve().parents[2] / "docs/checks.md"
MARK = "--refresh -->\n\n"


def codes() -> set[str]:
    """Return the code of every check that a module defines."""
    modules = [importlib.import_module(f"seatrial.checks.{module.name}") for module in pkgutil.iter_modules(__path__)]
    values = [value for module in modules for value in vars(module).values()]
    rows = [row for value in values for row in (value if isinstance(value, tuple) else (value,))]
    return {row.code for row in rows if isinstance(row, (Check, ErrorCheck))}


def test_page_of_checks_is_in_step(pytestconfig: pytest.Config) -> None:
    head, mark, checks = PAGE.read_text(encoding="utf-8").partition(MARK)
    page = page_of_checks((*ALL_CHECKS, *WORKFLOW_CHECKS))
    if pytestconfig.getoption("--refresh"):
        PAGE.write_text(head + mark + page, encoding="utf-8")
    else:
        assert checks == page


def test_catalogue_holds_every_check_once() -> None:
    listed = [check.code for check in (*ALL_CHECKS, *WORKFLOW_CHECKS)]
    assert sorted(set(listed)) == sorted(listed)
    assert set(listed) == codes()


def test_check_says_what_it_holds_and_why_that_matters() -> None:
    silent = {
        rule.code: (rule.title, rule.why)
        for rule in (*ALL_CHECKS, *WORKFLOW_CHECKS)
        if not (
            CODE.fullmatch(rule.code)
            and re.fullmatch(r"([A-Z]|(git|mypy|nox|pyproject)\b).+", rule.title)
            and re.fullmatch(r"([A-Z]|(towncrier|twine)\b).+\.", rule.why, re.DOTALL)
        )
    }
    assert silent == {}


def test_catalogue_of_workflows_holds_every_check_once_in_the_order_of_codes() -> None:
    codes = [rule.code for rule in WORKFLOW_CHECKS]
    assert sorted(set(codes)) == codes


def test_check_comes_after_those_that_it_needs() -> None:
    groups: tuple[tuple[Check[Any], ...], ...] = (
        FILE_CHECKS,
        REBUILD_CHECKS,
        TRIGGER_CHECKS,
    )
    too_early = [
        (rule.code, code)
        for group in groups
        for place, rule in enumerate(group)
        for code in rule.needs
        if code not in {before.code for before in group[:place]}
    ]
    assert too_early == []


AT_THE_PUSH = {"PushRefused", "Declined", "ChecksFailed"}
"""What a release ends with at its very end, or because of the checks themselves."""

OF_OTHER_TASKS = {
    *("FragmentsLeft", "NotCommitted", "TagMissing", "TagNotOnBranch", "NothingMerged", "MergedNotTagged"),
    *("MergedTooLate", "NothingToMerge", "ReleaseBranchEdited", "ReleaseBranchTaken"),
}

GATHERED = {"SeveralReasons"}
"""What is no reason itself."""


def test_every_reason_that_ends_a_release_is_claimed_by_one_check() -> None:
    families = {2: "ProjectError", 3: "BuildError", 4: "ToolError", 5: "ReleaseError"}
    reasons = {code: families[number] for code, number in error_codes.on_the_page().items() if number in families}
    claimed = {
        code: [row.code for row in ERROR_CHECKS if {code, family} & set(row.errors)] for code, family in reasons.items()
    }
    unclaimed = {code for code, rules in claimed.items() if len(rules) != 1}
    assert unclaimed == AT_THE_PUSH | OF_OTHER_TASKS | GATHERED


CHECKED_BY_TWINE = {"DIST101", "DIST102"}
"""What twine refuses before PyPI is asked."""

NOT_OF_PYPI = {"DIST020", "DIST037", "DIST301", "DIST402"}
"""What PyPI accepts, or refuses only when the second file comes."""


def test_upload_rules_are_errors_and_nothing_else() -> None:
    refused = {rule.code for rule in UPLOAD_RULES}
    errors = {rule.code for rule in CHECKS_OF_FILES if rule.severity is Severity.ERROR}
    assert refused == errors - CHECKED_BY_TWINE - NOT_OF_PYPI
