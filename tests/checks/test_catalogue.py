"""Every check has a code, a title, a reason, and a paragraph on the page of checks."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from seatrial import report
from seatrial.checks import catalogue, door, workflow_catalogue
from seatrial.checks.judging import title, why
from seatrial.checks.rule import Rule
from seatrial.checks.workflow_rules import WorkflowRule
from seatrial.findings import Weight

PAGE = Path(__file__).resolve().parents[2] / "docs/checks.md"
MARK = "--refresh -->\n\n"


def rules(kind: type[Rule] = Rule) -> set[type[Rule]]:
    """Return every class of rule that there is."""
    below = {rule for child in kind.__subclasses__() for rule in rules(child)}
    return below if inspect.isabstract(kind) or not hasattr(kind, "code") else {kind, *below}


def test_page_of_checks_is_in_step(pytestconfig: pytest.Config) -> None:
    head, mark, told = PAGE.read_text(encoding="utf-8").partition(MARK)
    page = report.page_of_checks((*catalogue.ALL, *workflow_catalogue.ALL))
    if pytestconfig.getoption("--refresh"):
        PAGE.write_text(head + mark + page, encoding="utf-8")
    else:
        assert told == page


def test_catalogue_holds_every_check_once() -> None:
    assert {type(rule) for rule in catalogue.ALL} == rules()
    codes = [rule.code for rule in catalogue.ALL]
    assert sorted(set(codes)) == sorted(codes)


@pytest.mark.parametrize("rule", [*catalogue.ALL, *workflow_catalogue.ALL], ids=lambda rule: rule.code)
def test_check_says_what_it_holds_and_why_that_matters(rule: Rule | WorkflowRule) -> None:
    assert re.fullmatch(r"(CI|DIST|INDEX)\d{3}", rule.code)
    assert re.fullmatch(r"[A-Z].+\.", title(rule))
    assert re.fullmatch(r"[A-Z].+\.", why(rule), re.DOTALL)


def test_catalogue_of_workflows_holds_every_check_once_in_the_order_of_codes() -> None:
    assert {type(rule) for rule in workflow_catalogue.ALL} == set(WorkflowRule.__subclasses__())
    codes = [rule.code for rule in workflow_catalogue.ALL]
    assert sorted(set(codes)) == codes


def test_check_stands_behind_those_that_it_needs() -> None:
    seen: set[str] = set()
    for rule in catalogue.OF_A_FILE:
        assert set(rule.needs) <= seen, rule.code
        seen.add(rule.code)


TWINES = {"DIST101", "DIST102"}
"""What twine refuses before PyPI is asked."""

OURS = {"DIST301", "DIST402"}
"""What PyPI takes, or refuses only when the second file comes."""


def test_door_refuses_for_every_error_and_for_nothing_else() -> None:
    at_the_door = {rule.code for rule in door.ORDER}
    errors = {rule.code for rule in catalogue.ALL if rule.weight is Weight.ERROR}
    assert at_the_door == errors - TWINES - OURS
