"""A project's own modules do not run in place of what seatrial depends on."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from seatrial import process

if TYPE_CHECKING:
    from pathlib import Path


HOSTILE = ("build", "jinja2", "packaging", "requests", "tomlkit", "towncrier")
LOADS = f"import seatrial, {', '.join(HOSTILE)}"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in HOSTILE:
        (tmp_path / f"{name}.py").write_text(f"raise SystemExit('{name}.py of the project ran')\n")
    (tmp_path / "tasks.py").write_text(f"from seatrial.tasks import ns\n{LOADS}\n")
    return tmp_path


def run(folder: Path, *args: str, **environ: str) -> str:
    command = (sys.executable, *args)
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **environ}, capture_output=True, text=True, check=False
    )
    return done.stderr if done.returncode else ""


@pytest.mark.parametrize("args", [("-m", "invoke", "--list"), ("-c", LOADS)])
def test_modules_in_the_folder_of_the_project_come_last(project: Path, args: tuple[str, ...]) -> None:
    assert run(project, *args) == ""
    below = project / "docs"
    below.mkdir()
    assert run(below, *args) == ""


def test_commands_search_neither_their_folder_nor_the_project_that_pythonpath_names(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(["src", str(project), "elsewhere", ""]))
    environ = process.child_environment()
    assert environ["PYTHONPATH"] == "elsewhere"
    command = process.script_command(f"import {', '.join(HOSTILE)}")
    assert process.run(command, cwd=project, env=environ) == ""
    monkeypatch.setenv("PYTHONPATH", str(project))
    assert "PYTHONPATH" not in process.publishing_environment()
