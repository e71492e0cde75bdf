"""A rehearsal runs the steps of the workflow as they stand in it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
import yaml

from voyages import WORKFLOW, forge_project

if TYPE_CHECKING:
    from pathlib import Path

    from harbour import Harbour
    from trial import Ran

pytestmark = pytest.mark.slow


def rehearse(port: Harbour) -> Ran:
    return port.trial.invoke("rehearse", "--part", "minor", "--no-tests")


def shown(ran: Ran) -> list[str]:
    return re.findall(r"^ *\$ (.*)$", ran.output, re.MULTILINE)


def test_steps_of_the_generated_workflow_are_run(tmp_path: Path) -> None:
    port = forge_project(tmp_path)
    port.trial.git("rm", "-q", ".github/workflows/release.yml")
    assert port.trial.invoke("workflows").returncode == 0
    port.trial.commit("Have the workflows generated")
    jobs = yaml.safe_load(port.read(".github/workflows/release.yml"))["jobs"]
    runs = [step["run"] for name in ("plan", "build") for step in jobs[name]["steps"] if "run" in step]
    expected = [line for line in runs if not line.startswith("python -m pip install")]
    assert len(expected) == 6
    ran = rehearse(port)
    assert ran.returncode == 0, ran.output
    assert shown(ran) == expected


def test_step_that_fails_ends_the_rehearsal(tmp_path: Path) -> None:
    step = '|\n          nox -s build check\n          test "$GITHUB_REF_NAME" = "$TAG"\n          false | true'
    text = WORKFLOW.replace("run: nox -s build check", f"env: {{TAG: v1.3.0}}\n        run: {step}")
    ran = rehearse(forge_project(tmp_path, workflow=text))
    assert (ran.returncode, ran.was_a_traceback) == (6, False), ran.output
    assert shown(ran) == ["nox -s build check", 'test "$GITHUB_REF_NAME" = "$TAG"', "false | true"]
    assert "false | true ended with exit code 1" in ran.output
