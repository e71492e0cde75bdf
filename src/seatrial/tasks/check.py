"""The tasks ``check``, ``preflight`` and ``pythons``, which change nothing."""

# The imports of a task are in its function, because `invoke -l` and `--help` start faster without them.
# Flags are positional booleans here, but invoke passes each by its name.
# ruff: noqa: ARG001, FBT001, FBT002, PLC0415

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.exceptions import Exit

from seatrial.commands import Command
from seatrial.errors import BuildError, ProjectError
from seatrial.tasks.command import command
from seatrial.tasks.console import (
    errors_as_messages,
    open_console,
    project_folder,
    render,
    show,
    show_json,
    termination_as_interrupt,
)
from seatrial.terminal import paint_card

if TYPE_CHECKING:
    from collections.abc import Sequence

    from invoke.context import Context


@command(
    words=["file"],
    iterable=["file"],
    help={
        "file": "the distributions to check; without it, those in dist/",
        "json": "print every result as JSON",
    },
)
def check(context: Context, file: Sequence[str], json: bool = False) -> None:
    """Check distributions as PyPI would, and their contents.

    Needs no project; in one, [tool.seatrial.ignore] applies. Exits with 3 if PyPI would reject a file.

    Example: seatrial check dist/*
    """
    from seatrial.checks.registry import check_distributions, read_distributions, require_known_codes
    from seatrial.report import results_json
    from seatrial.tasks.show_results import by_file, show_results

    with errors_as_messages():
        folder = project_folder()
        paths = [Path(name) for name in file] or _built(folder / "dist")
        if not paths:
            raise ProjectError(
                f"{folder / 'dist'} contains no distributions",
                code="NothingToCheck",
                fix=f"nox -s build; or: {Command('check', 'FILES', program_only=True)}",
            )
        ignore = _ignored(folder)
        require_known_codes(ignore)
        results = check_distributions(read_distributions(paths), ignore_reasons=ignore)
        if json:
            show_json(results_json(results))
        else:
            show_results(open_console("check"), results, by_file)
        if any(result.blocks for result in results):
            raise Exit(code=BuildError.exit_code)


def _built(dist: Path) -> list[Path]:
    return sorted(path for path in dist.glob("*") if path.name.endswith((".whl", ".tar.gz", ".zip")))


def _ignored(folder: Path) -> dict[str, str]:
    """Return the codes that the project in a folder ignores, with the reasons; none where there is no project."""
    from seatrial.project.project import Project
    from seatrial.project.settings import Config

    if not (folder / "pyproject.toml").is_file():
        return {}
    return dict(Config.from_project(Project.from_directory(folder)).ignore)


@command(
    words=["part"],
    help={
        "part": "the part to raise, as for release; without it, auto",
        "version": "the version to release, instead of a part",
        "anyway": "accept a smaller part than the fragments ask for",
        "allow-empty": "accept a release without fragments",
        "json": "print every result as JSON, and progress to standard error",
    },
)
def preflight(
    context: Context,
    part: str = "",
    version: str = "",
    anyway: bool = False,
    allow_empty: bool = False,
    json: bool = False,
) -> None:
    """Report every reason why a release would fail, at once.

    Changes nothing, here or on the remote. Exits with 5 if a release would be refused.

    Example: invoke preflight minor
    """
    from seatrial.console import Form
    from seatrial.errors import ReleaseError
    from seatrial.findings import render_results
    from seatrial.report import annotate, results_json
    from seatrial.tasks.show_results import by_family, show_results

    console = open_console("preflight", sys.stderr if json else sys.stdout)
    with errors_as_messages("nothing has changed"), termination_as_interrupt():
        with console.running() as progress, console.waiting("reading the repository"):
            from seatrial.release.preflight import run_preflight
            from seatrial.release.prepare import ReleaseRequest

            request = ReleaseRequest(part or (None if version else "auto"), version or None, anyway, allow_empty)
            result = run_preflight(project_folder(), request, os.environ, progress)
        results = render_results(result.results, render)
        if json:
            show_json(results_json(results))
        else:
            console.show(f"\n{result}\n", paint_card)
            if result.report and result.report.workflows and console.form is not Form.QUIET:
                console.show(f"{result.report}\n", paint_card)
            show_results(console, results, by_family)
        annotate(render(result), results, os.environ, console.show)
        if any(check_result.blocks for check_result in results):
            raise Exit(code=ReleaseError.exit_code)


@command(help={"json": "print the list as JSON"})
def pythons(context: Context, json: bool = False) -> None:
    """List the project's Pythons and where each is installed.

    Example: invoke pythons --json
    """
    from seatrial.project.project import Project
    from seatrial.pythons import find_interpreters, how_to_install
    from seatrial.report import python_table

    with errors_as_messages():
        versions = Project.from_directory(project_folder()).pythons
        installed = {interpreter.version: interpreter for interpreter in find_interpreters(versions, os.environ)}
        missing = {version: how_to_install(version, os.environ) for version in versions if version not in installed}
        if json:
            paths = {version: str(installed[version].path) if version in installed else None for version in versions}
            show_json([{"python": version, "path": path} for version, path in paths.items()], indent=None)
        else:
            show(python_table(versions, installed, missing))
