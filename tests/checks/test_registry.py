"""Every check has a code, a title, a reason, and a paragraph on the page of checks; `seatrial check` runs them."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from pathlib import Path
from typing import Any

import pytest

import error_codes
import sample_dists
from errors_raised import raises_error
from sample_project import SampleProject, lines, normalised, package
from seatrial import report
from seatrial.checks import __path__
from seatrial.checks.check import Check
from seatrial.checks.registry import (
    ALL_CHECKS,
    CHECKS_OF_FILES,
    FILE_CHECKS,
    REBUILD_CHECKS,
    TRIGGER_CHECKS,
    UPLOAD_RULES,
    WORKFLOW_CHECKS,
    check_distributions,
    read_distributions,
    require_acceptable,
    require_known_codes,
)
from seatrial.checks.release import ERROR_CHECKS, ErrorCheck
from seatrial.errors import PyprojectInvalid
from seatrial.events import SILENT, Progress
from seatrial.findings import Severity
from seatrial.project.settings import CODE

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
    page = "\n".join(
        f"### {check.code}\n\n**{check.title}.** ({check.severity.value}) {check.why}\n"
        for check in sorted((*ALL_CHECKS, *WORKFLOW_CHECKS), key=lambda check: check.code)
    )
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

NOT_OF_PYPI = {"DIST020", "DIST027", "DIST037", "DIST039", "DIST040", "DIST301", "DIST402"}
"""What PyPI accepts, or refuses only when the second file comes."""


def test_upload_rules_are_errors_and_nothing_else() -> None:
    refused = {rule.code for rule in UPLOAD_RULES}
    errors = {rule.code for rule in CHECKS_OF_FILES if rule.severity is Severity.ERROR}
    assert refused == errors - CHECKED_BY_TWINE - NOT_OF_PYPI


SDIST, WHEEL = sample_dists.sdist(), sample_dists.wheel()
WRONG = WHEEL.saying("Classifier: Nothing").having({"py.typed": ""})


def put(project: SampleProject, *dists: sample_dists.SampleDist) -> None:
    folder = project.root / "dist"
    folder.mkdir(exist_ok=True)
    for dist in dists:
        (folder / dist.name).write_bytes(dist.data())


def test_report_lists_failures_errors_first_and_counts_the_others() -> None:
    judged = check_distributions(
        (SDIST.saying("Classifier: Nothing").distribution(), WRONG.distribution()),
        ignore_reasons={"DIST206": "not ready"},
    )
    assert report.results_text(judged) == lines(
        """
        error    DIST124  tidepool-1.2.3.tar.gz, tidepool-1.2.3-py3-none-any.whl:
                            'Nothing' is not a valid classifier. See https://packaging.python.org/specifications/core-metadata for more information.
                            fix: see https://github.com/pypa/trove-classifiers; if it is new there: pip install -U trove-classifiers
        ignored  DIST206  tidepool-1.2.3-py3-none-any.whl:
                            py.typed is not in a package
                            ignored: not ready
        132 passed, 2 errors, 1 ignored, 3 skipped
        """
    ).rstrip("\n")


def test_report_as_json_holds_every_judgement_with_the_same_keys() -> None:
    judged = check_distributions((WRONG.distribution(),))
    rows = report.results_json(judged)
    assert [row["code"] for row in rows] == [result.code for result in judged]
    assert next(row for row in rows if row["code"] == "DIST124") == {
        "code": "DIST124",
        "subject": "tidepool-1.2.3-py3-none-any.whl",
        "verdict": "failed",
        "severity": "error",
        "blocks": True,
        "title": "Every classifier is on PyPI's list, and not deprecated",
        "why": 'PyPI accepts no other classifier; one that begins with "Private ::" is a way to prevent an upload.',
        "message": "'Nothing' is not a valid classifier. See https://packaging.python.org/specifications/core-metadata "
        "for more information.",
        "fix": "see https://github.com/pypa/trove-classifiers; if it is new there: pip install -U trove-classifiers",
        "ignore_reason": None,
        "url": "https://github.com/seatrial/seatrial/blob/main/docs/checks.md#dist124",
    }


def test_errors_refuse_the_distributions_and_are_reported_together(project: SampleProject) -> None:
    put(project, SDIST, WRONG)
    distributions = read_distributions(sorted((project.root / "dist").iterdir()))
    with raises_error("DistributionsRefused") as raised:
        require_acceptable(distributions, {}, SILENT)
    text = report.results_text(check_distributions(distributions))
    assert raised.value.what == f"an index would not take the distributions:\n{text}"


def test_what_is_ignored_is_not_refused_by_twine_either(project: SampleProject) -> None:
    """An index of one's own need not render a description."""
    put(project, WHEEL.saying("Description-Content-Type: text/x-rst", body="Title\n==\n\n.. none::\n"))
    distributions = read_distributions(sorted((project.root / "dist").iterdir()))
    reported: list[str] = []
    ignore = {result.code: "for an index of ours" for result in check_distributions(distributions) if result.blocks}
    require_acceptable(distributions, ignore, Progress.of_texts(reported.append))
    assert (set(ignore), reported[-1]) == (
        {"DIST141"},
        "twine check: passed but for a description, which DIST141 is ignored for",
    )


def test_code_of_no_check_is_not_ignored_in_silence() -> None:
    with pytest.raises(PyprojectInvalid) as raised:
        require_known_codes({"DIST206": "a", "DIST999": "b", "GIT001": "c"})
    assert raised.value.what == "[tool.seatrial.ignore]: unknown check DIST999"


@pytest.mark.slow
def test_seatrial_check_needs_no_project_and_exits_with_3_on_errors(project: SampleProject) -> None:
    put(project, SDIST, WRONG)
    healthy = project.seatrial("check", f"dist/{SDIST.name}")
    assert (healthy.returncode, healthy.output) == (
        0,
        f"✓ {SDIST.name}  57 checks\n✓ the files together  3 checks\n",
    )
    broken = project.seatrial("check", f"dist/{SDIST.name}", f"dist/{WRONG.name}", "--json")
    assert broken.returncode == 3
    assert [row["code"] for row in json.loads(broken.output) if row["blocks"]] == ["DIST124"]


@pytest.mark.slow
def test_seatrial_check_checks_dist_and_ignores_what_the_project_ignores(project: SampleProject) -> None:
    package(project)
    put(project, WRONG)
    with (project.root / "pyproject.toml").open("a") as file:
        file.write('\n[tool.seatrial.ignore]\nDIST124 = "it is to come"\nDIST206 = "not ready"\n')
    ran = project.seatrial("check")
    assert ran.returncode == 0
    assert "ignored: it is to come" in ran.output


@pytest.mark.slow
def test_missing_files_are_one_message(project: SampleProject) -> None:
    """The program ends with the code and the message that its errors have."""
    for args, exit_code, message, error in (
        (
            ("check",),
            2,
            "{root}/dist contains no distributions\nfix:  nox -s build; or: seatrial check FILES",
            "NothingToCheck",
        ),
        (
            ("check", "gone.whl"),
            4,
            "gone.whl: No such file or directory\nfix:  nox -s build, then: seatrial check; or name distributions that exist",
            "FileUnusable",
        ),
        (
            ("check", "."),
            4,
            ". is not a file\nfix:  nox -s build, then: seatrial check; or name distributions that exist",
            "FileUnusable",
        ),
    ):
        ran = project.seatrial(*args)
        assert ran.returncode == exit_code
        assert normalised(ran.output, root=project.root) == f"seatrial: {message}\nmore: seatrial explain {error}\n"
