"""The steps for every system do what their names say, as far as this system shows it."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from sample_project import RunResult, SampleProject
from workflow_sets import SHAPES, written

if TYPE_CHECKING:
    from seatrial.workflows.context import WorkflowContext


def steps(context: WorkflowContext) -> dict[str, dict[str, Any]]:
    """Return the steps of the job that tests, by their names."""
    (text,) = (text for path, text in written(context).items() if "ci" in path.rpartition("/")[2])
    return {step["name"]: step for step in yaml.safe_load(text)["jobs"]["test"]["steps"]}


def run(project: SampleProject, script: str, **environ: str) -> RunResult:
    bash = shutil.which("bash")
    assert bash
    return project.run(bash, "--noprofile", "--norc", "-eo", "pipefail", "-c", script, **environ)


@pytest.mark.parametrize("attributes", ["", "* text=auto\n"], ids=["no attributes", "text=auto"])
def test_files_have_the_line_ends_that_they_were_committed_with(project: SampleProject, attributes: str) -> None:
    project.git("init", "-q", "-b", "main")
    project.write({".gitattributes": attributes, "a.txt": "one\ntwo\n"})
    project.commit()
    settings = project.root.parent / "gitconfig"
    # As Git for Windows has it.
    settings.write_text("[core]\n\tautocrlf = true\n\teol = crlf\n")
    environ = {"GIT_CONFIG_GLOBAL": str(settings)}
    project.run("git", "clone", "-q", ".", "../before", **environ)
    assert (project.root.parent / "before/a.txt").read_bytes() == b"one\r\ntwo\r\n"
    by_name = steps(SHAPES["locked-everywhere"])
    assert list(by_name)[:2] == ["Keep line ends", "Check out the commit"]
    assert by_name["Keep line ends"]["working-directory"] == "."
    assert run(project, by_name["Keep line ends"]["run"], **environ) == RunResult(0, "")
    project.run("git", "clone", "-q", ".", "../after", **environ)
    assert (project.root.parent / "after/a.txt").read_bytes() == b"one\ntwo\n"
    assert "Keep line ends" not in steps(SHAPES["locked"])


@pytest.mark.parametrize("context", ["locked", "locked-everywhere"])
def test_programs_of_the_environment_that_uv_makes_are_found(project: SampleProject, context: str) -> None:
    line = steps(SHAPES[context])["Install seatrial"]["run"].splitlines()[1]
    path = project.root / "path"
    python = os.pathsep.join((str(Path(sys.executable).parent), project.environ["PATH"]))
    assert run(project, line, GITHUB_PATH=str(path), PATH=python) == RunResult(0, "")
    folder = "Scripts" if sys.platform == "win32" else "bin"
    assert path.read_text() == f"{project.root / '.venv' / folder}\n"
    assert ("Scripts" in line) == (context == "locked-everywhere")
