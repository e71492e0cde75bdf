"""Whether files are fit for an index: `seatrial check`, with a project and without."""

from __future__ import annotations

import json

import pytest

import sample_dists
from errors_raised import raises_error
from sample_project import SampleProject, lines, normalised, package
from seatrial import report
from seatrial.checks.registry import (
    check_distributions,
    read_distributions,
    require_acceptable,
    require_known_codes,
)
from seatrial.errors import PyprojectInvalid
from seatrial.events import SILENT

SDIST, WHEEL = sample_dists.sdist(), sample_dists.wheel()
WRONG = WHEEL.saying("Classifier: Nothing").having({"py.typed": ""})


def put(project: SampleProject, *cargos: sample_dists.SampleDist) -> None:
    folder = project.root / "dist"
    folder.mkdir(exist_ok=True)
    for dist in cargos:
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
        127 passed, 2 errors, 1 ignored, 3 skipped
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


def test_code_of_no_check_is_not_ignored_in_silence() -> None:
    with pytest.raises(PyprojectInvalid) as raised:
        require_known_codes({"DIST206": "a", "DIST999": "b", "GIT001": "c"})
    assert raised.value.what == "[tool.seatrial.ignore]: there is no check DIST999"


@pytest.mark.slow
def test_seatrial_check_needs_no_project_and_exits_with_3_on_errors(project: SampleProject) -> None:
    put(project, SDIST, WRONG)
    healthy = project.seatrial("check", f"dist/{SDIST.name}")
    assert (healthy.returncode, healthy.output) == (
        0,
        f"✓ {SDIST.name}  55 checks\n✓ the files together  3 checks\n",
    )
    broken = project.seatrial("check", f"dist/{SDIST.name}", f"dist/{WRONG.name}", "--json")
    assert broken.returncode == 3
    assert [row["code"] for row in json.loads(broken.output) if row["blocks"]] == ["DIST124"]


@pytest.mark.slow
def test_seatrial_check_judges_dist_and_takes_the_excuses_of_the_project(project: SampleProject) -> None:
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
            "there is nothing in {root}/dist\nfix:  nox -s build; or: seatrial check FILES",
            "NothingToCheck",
        ),
        (
            ("check", "gone.whl"),
            4,
            "gone.whl: No such file or directory\nfix:  name distributions: seatrial check dist/*",
            "FileUnusable",
        ),
        (("check", "."), 4, ". is no file\nfix:  name distributions: seatrial check dist/*", "FileUnusable"),
    ):
        ran = project.seatrial(*args)
        assert ran.returncode == exit_code
        assert normalised(ran.output, root=project.root) == f"seatrial: {message}\nmore: seatrial explain {error}\n"
