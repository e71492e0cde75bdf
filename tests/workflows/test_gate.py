"""The gate says what all jobs did, in one table."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from workflow_sets import MINIMAL, written

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a script of sh replaces gh")

GATE = yaml.safe_load(written(MINIMAL)[".github/workflows/ci.yml"])["jobs"]["gate"]
REPORT_STEP, CHECK_STEP = (step["run"] for step in GATE["steps"])


def job(name: str, conclusion: str, *failed: str) -> dict[str, Any]:
    """Return a job as the forge describes it (GitHub, "REST API endpoints for workflow jobs")."""
    steps = [
        {"name": "Set up job", "conclusion": "success"},
        *({"name": name, "conclusion": "failure"} for name in failed),
    ]
    times = {"started_at": "2024-02-29T12:00:00Z", "completed_at": "2024-02-29T12:01:30Z"}
    return {"name": name, "status": "completed", "conclusion": conclusion, "steps": steps, **times}


def run(folder: Path, script: str, **variables: str) -> tuple[int, str]:
    """Run a step as GitHub would; return how it ended, and the summary. ``gh`` prints what lies in a file."""
    program, page = folder / "bin/gh", folder / "summary.md"
    program.parent.mkdir(exist_ok=True)
    program.write_text('#!/bin/sh\ncat "$PAGES"\n')
    program.chmod(0o755)
    page.touch()
    bash = shutil.which("bash")
    assert bash
    environ = {
        "PATH": f"{program.parent}{os.pathsep}{os.environ['PATH']}",
        "GITHUB_STEP_SUMMARY": str(page),
        "GITHUB_REPOSITORY": "acme/tidepool",
        "GITHUB_RUN_ID": "7",
        **variables,
    }
    command = [bash, "--noprofile", "--norc", "-eo", "pipefail", "-c", script]
    return subprocess.run(command, env=environ, capture_output=True, check=False).returncode, page.read_text()


def test_summary_lists_every_job_and_the_built_files(tmp_path: Path) -> None:
    first = [job("Plan", "success"), job("tests-3.9 on ubuntu-24.04", "failure", "Run the session")]
    second = [job("a|b", "skipped"), {**job("Gate", ""), "status": "in_progress", "conclusion": None}]
    pages = tmp_path / "pages.json"
    pages.write_text("".join(json.dumps({"jobs": jobs}) for jobs in (first, second)))
    expected = (
        "| job | ended as | because of | took |\n"
        "|---|---|---|--:|\n"
        "| Plan | success |  | 90 s |\n"
        "| tests-3.9 on ubuntu-24.04 | failure | Run the session | 90 s |\n"
        "| a&#124;b | skipped | a job before it did not go well, or it is for other runs |  |\n"
        "\n"
        "| built from c0ffee | sha256 |\n"
        "|---|---|\n"
        "| sdist | 5d15 |\n"
        "| wheel | 3ee1 |\n"
    )
    assert run(tmp_path, REPORT_STEP, PAGES=str(pages), BUILT="c0ffee 5d15 3ee1") == (0, expected)


def test_summary_has_no_wheel_where_each_python_compiles_its_own(tmp_path: Path) -> None:
    code, page = run(tmp_path, REPORT_STEP, PAGES=str(tmp_path / "none"), BUILT="c0ffee 5d15")
    assert (code, page.splitlines()[3:]) == (0, ["| built from c0ffee | sha256 |", "|---|---|", "| sdist | 5d15 |"])


def test_list_that_can_not_be_had_is_no_reason_to_fail(tmp_path: Path) -> None:
    code, page = run(tmp_path, REPORT_STEP, PAGES=str(tmp_path / "none"), BUILT="")
    assert (code, page.splitlines()[3]) == (0, "| built from nothing | sha256 |")


@pytest.mark.parametrize(
    ("results", "code"), [(("success", "success"), 0), (("success", "skipped"), 1), (("failure", "success"), 1)]
)
def test_gate_is_red_unless_all_went_well(tmp_path: Path, results: tuple[str, ...], code: int) -> None:
    needs = {f"job-{number}": {"result": result, "outputs": {}} for number, result in enumerate(results)}
    assert run(tmp_path, CHECK_STEP, NEEDS=json.dumps(needs))[0] == code


def test_projects_of_one_repository_cancel_each_other_in_no_pull_request() -> None:
    groups = set()
    for name in ("tidepool", "rockpool"):
        (text,) = (
            text for path, text in written(replace(MINIMAL, name=name, prefix=f"{name}/")).items() if "ci-" in path
        )
        workflow = yaml.safe_load(text)
        groups.add((workflow["name"], workflow["concurrency"]["group"]))
    which = "${{ github.event_name == 'pull_request' && github.ref || github.run_id }}"
    assert groups == {
        ("CI of tidepool", f"ci-tidepool-{which}"),
        ("CI of rockpool", f"ci-rockpool-{which}"),
    }
