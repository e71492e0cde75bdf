"""Whether files are fit for an index."""

# What a task does is loaded when it runs: `invoke -l` does without.
# ruff: noqa: PLC0415

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from invoke.exceptions import Exit
from invoke.tasks import task

from seatrial.command_line import typed_to_program
from seatrial.errors import BuildError, ProjectError
from seatrial.tasks.facing import one_message, project_folder, show

if TYPE_CHECKING:
    from collections.abc import Sequence

    from invoke.context import Context


@task(
    iterable=["file"],
    help={
        "file": "a distribution, can be given several times; those in dist/ unless one is given",
        "json": "print every judgement as JSON",
    },
)
def check(context: Context, file: Sequence[str], json: bool = False) -> None:  # noqa: ARG001, FBT001, FBT002
    """Judge distributions as PyPI would, and by what is in them.

    Works on any files, without a project; with one, [tool.seatrial.ignore] holds. Ends with 3 when PyPI would refuse
    one. Example: seatrial check dist/*
    """
    from seatrial import fitness, report

    with one_message():
        folder = project_folder()
        paths = [Path(name) for name in file] or _built(folder / "dist")
        if not paths:
            raise ProjectError(
                f"there is nothing in {folder / 'dist'}",
                code="NothingToCheck",
                fix=f"nox -s build; or: {typed_to_program('check FILES')}",
            )
        ignore = _ignored(folder)
        fitness.insist_on_codes(ignore)
        judged = fitness.judge_files(paths, excuses=ignore)
        show(report.findings_json(judged) if json else report.findings(judged))
        if any(one.blocks for one in judged):
            raise Exit(code=BuildError.exit_code)


def _built(dist: Path) -> list[Path]:
    return sorted(path for path in dist.glob("*") if path.name.endswith((".whl", ".tar.gz", ".zip")))


def _ignored(folder: Path) -> dict[str, str]:
    """Return what the project here ignores, nothing where there is none."""
    from seatrial.config import Config
    from seatrial.facts.project import Project

    if not (folder / "pyproject.toml").is_file():
        return {}
    return dict(Config.from_project(Project.from_directory(folder)).ignore)
