"""The tasks ``check``, ``preflight`` and ``pythons``, which look and change nothing."""

# What a task does is loaded when it runs: `invoke -l` does without.
# The parameters are flags: invoke has no other way, and calls each by its name.
# ruff: noqa: ARG001, FBT001, FBT002, PLC0415

from __future__ import annotations

import json as json_
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.exceptions import Exit
from invoke.tasks import task

from seatrial.errors import BuildError, ProjectError
from seatrial.invocation import program_command
from seatrial.tasks.console import errors_as_messages, project_folder, say, show, termination_as_interrupt

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
def check(context: Context, file: Sequence[str], json: bool = False) -> None:
    """Judge distributions as PyPI would, and by what is in them.

    Works on any files, without a project; with one, [tool.seatrial.ignore] holds. Ends with 3 when PyPI would refuse
    one. Example: seatrial check dist/*
    """
    from seatrial.checks.run import check_distributions, read_distributions, require_known_codes
    from seatrial.report import results_json, results_text

    with errors_as_messages():
        folder = project_folder()
        paths = [Path(name) for name in file] or _built(folder / "dist")
        if not paths:
            raise ProjectError(
                f"there is nothing in {folder / 'dist'}",
                code="NothingToCheck",
                fix=f"nox -s build; or: {program_command('check FILES')}",
            )
        ignore = _ignored(folder)
        require_known_codes(ignore)
        judged = check_distributions(read_distributions(paths), ignore_reasons=ignore)
        show(results_json(judged) if json else results_text(judged))
        if any(one.blocks for one in judged):
            raise Exit(code=BuildError.exit_code)


def _built(dist: Path) -> list[Path]:
    return sorted(path for path in dist.glob("*") if path.name.endswith((".whl", ".tar.gz", ".zip")))


def _ignored(folder: Path) -> dict[str, str]:
    """Return what the project here ignores, nothing where there is none."""
    from seatrial.project.project import Project
    from seatrial.project.settings import Config

    if not (folder / "pyproject.toml").is_file():
        return {}
    return dict(Config.from_project(Project.from_directory(folder)).ignore)


@task(
    help={
        "part": "as that of release; auto where nothing is said",
        "version": "the version itself, instead of a part",
        "anyway": "a smaller part than the fragments ask for will do",
        "allow-empty": "so will a release without fragments",
        "json": "print every judgement as JSON, and all else to standard error",
    }
)
def preflight(
    context: Context,
    part: str = "",
    version: str = "",
    anyway: bool = False,
    allow_empty: bool = False,
    json: bool = False,
) -> None:
    """Find every reason why a release would fail, at once.

    Nothing is changed, here or on the remote. Ends with 5 when something stands in the way.
    Example: invoke preflight --part minor
    """
    from seatrial.errors import ReleaseError
    from seatrial.release.plan import ReleaseRequest
    from seatrial.release.preflight import run_preflight
    from seatrial.report import annotate, results_json, results_text

    stream = sys.stderr if json else None

    def tell(line: str) -> None:
        say(line, stream)

    with errors_as_messages("nothing has changed"), termination_as_interrupt():
        request = ReleaseRequest(part or ("" if version else "auto"), version, anyway, allow_empty)
        found = run_preflight(project_folder(), request, tell)
        told = found.results
        show(results_json(told) if json else f"{found}\n\n{results_text(told)}")
        annotate(str(found), told, os.environ, lambda line: show(line, stream))
        if any(one.blocks for one in told):
            raise Exit(code=ReleaseError.exit_code)


@task(help={"json": "print the list as JSON"})
def pythons(context: Context, json: bool = False) -> None:
    """List the project's Pythons, and where each is installed.

    Example: invoke pythons --json
    """
    from seatrial.project.project import Project
    from seatrial.pythons import find_interpreters, how_to_install
    from seatrial.report import python_table

    with errors_as_messages():
        versions = Project.from_directory(project_folder()).pythons
        found = {one.version: one for one in find_interpreters(versions, os.environ)}
        missing = {version: how_to_install(version, os.environ) for version in versions if version not in found}
        if json:
            paths = {version: str(found[version].path) if version in found else None for version in versions}
            show(json_.dumps([{"python": version, "path": path} for version, path in paths.items()]))
        else:
            show(python_table(versions, found, missing))
