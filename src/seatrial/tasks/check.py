"""The tasks ``check``, ``preflight``, ``rehearse`` and ``pythons``, which change nothing."""

# The imports of a task are in its function, because `invoke -l` and `--help` start faster without them.
# Flags are positional booleans here, but invoke passes each by its name.
# ruff: noqa: ARG001, FBT001, FBT002, PLC0415

from __future__ import annotations

import os
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.exceptions import Exit

from seatrial.commands import Command
from seatrial.errors import BuildError, ProjectError, ReleaseError, count_text
from seatrial.tasks.command import command
from seatrial.tasks.console import (
    current_invocation,
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
    from invoke.context import Context

    from seatrial.console import Console
    from seatrial.findings import CheckResult, ReportEntry


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

    with errors_as_messages():
        folder = project_folder()
        built = (path for path in (folder / "dist").glob("*") if path.name.endswith((".whl", ".tar.gz", ".zip")))
        paths = [Path(name) for name in file] or sorted(built)
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
    from seatrial.findings import render_results
    from seatrial.report import annotate, results_json

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


@command(
    words=["part"],
    help={
        "part": "the part to raise, as for release; without it, auto",
        "version": "the version to release, instead of a part",
        "tests": "--no-tests: run only build and check of the sessions tagged release",
        "keep-going": "run all sessions, also after one has failed",
        "anyway": "accept a smaller part than the fragments ask for",
        "allow-empty": "accept a release without fragments",
        "pull-request": "release through a request, and merge it in each way of a forge",
        "keep": "keep the sandbox open until Ctrl-C, to look around in it",
        "json": "print the report as JSON, and progress to standard error",
    },
)
def rehearse(
    context: Context,
    part: str = "",
    version: str = "",
    tests: bool = True,
    keep_going: bool = False,
    anyway: bool = False,
    allow_empty: bool = False,
    pull_request: bool = False,
    keep: bool = False,
    json: bool = False,
) -> None:
    """Rehearse the whole release on this machine.

    Releases the commit of HEAD in a sandbox: push, CI sessions, upload and installation.

    Example: invoke rehearse minor
    """
    console = open_console("rehearse", sys.stderr if json else sys.stdout)
    interrupted = "nothing of the rehearsal is left"
    with errors_as_messages(interrupted), termination_as_interrupt(), console.running() as progress:
        with console.waiting("reading the repository"):
            from seatrial.rehearsal.ci import REQUEST
            from seatrial.rehearsal.rehearse import rehearse_release

        flags = {
            "--no-tests": not tests,
            "--keep-going": keep_going,
            "--anyway": anyway,
            "--allow-empty": allow_empty,
            REQUEST: pull_request,
        }
        request = {"--part": part, "--version": version} if part or version else {"--part": "auto"}
        words = [word for option, value in request.items() if value for word in (option, value)]
        words += [option for option, is_set in flags.items() if is_set]
        called = current_invocation().task_prefix
        with rehearse_release(project_folder(), words, os.environ, progress, called=called) as finished:
            if keep:
                console.pause()
                console.show(f"\n{finished.result}\n\n{finished.how_to_look_around}", paint_card)
                finished.stay()
        console.pause()
        report = finished.report()
        if json:
            show_json(report.as_dict())
        elif not keep:
            console.show(f"\n{report.card(is_whole=console.is_verbose)}", paint_card)


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


STYLES = {"error": "error", "warning": "warning", "unknown": "note", "ignored": "dim"}
SIGNS = {"error": "failed", "warning": "warning", "unknown": "unknown", "ignored": "skipped"}

FAMILIES = {
    "GIT": "the repository and its remote",
    "META": "the project and its next version",
    "CI": "the workflows, and what the tag starts",
    "INDEX": "the index",
    "DIST": "the distributions",
}
"""The subjects of checks, by the letters of their codes."""


def by_file(result: CheckResult) -> str:
    """Return the heading of a result: the file that it is about."""
    return result.subject if result.subject.endswith((".whl", ".gz", ".zip")) else "the files together"


def by_family(result: CheckResult) -> str:
    """Return the heading of a result: the subject of its family."""
    return FAMILIES[result.family]


def show_results(console: Console, results: Sequence[CheckResult], heading: Callable[[CheckResult], str]) -> None:
    """Show what did not pass, the worst first, and unless ``--quiet``, a line for each heading."""
    from seatrial.console import Form
    from seatrial.findings import OUTCOMES, group_results

    entries = sorted(group_results(results), key=lambda entry: OUTCOMES.index(entry.outcome))
    for entry in entries:
        console.show(_entry_text(console, entry))
    if console.form is Form.QUIET:
        return
    if entries:
        console.show("")
    for name in dict.fromkeys(map(heading, results)):
        console.show(_heading_text(console, name, [result for result in results if heading(result) == name]))
    if entries:
        code = entries[0].codes.partition(" ")[0]
        console.show(f"\nWhat a code means: {Command('explain', code, program_only=True)}")


def _entry_text(console: Console, entry: ReportEntry) -> str:
    sign = console.styled(console.sign(SIGNS[entry.outcome]), STYLES[entry.outcome])
    lines = [*([f"{', '.join(entry.subjects)}:"] if entry.subjects else []), *entry.message.splitlines()]
    if entry.ignore_reason:
        lines.append(f"ignored: {entry.ignore_reason}")
    elif entry.fix:
        first, *more = entry.fix.splitlines()
        lines += [f"{console.styled('fix:', 'strong')} {first}", *(f"  {line}" for line in more)]
    lines = [line for line in lines if line] or [""]
    head = f"{sign} {console.styled(entry.codes, 'strong')}  {lines[0]}".rstrip()
    return "\n".join([head, *(f"  {line}" for line in lines[1:])])


def _heading_text(console: Console, name: str, results: Sequence[CheckResult]) -> str:
    from seatrial.findings import OUTCOMES
    from seatrial.report import count_outcome

    counts = Counter(result.outcome for result in results)
    run = sum(counts.values()) - counts["skipped"] - counts["unknown"]
    worst = next((outcome for outcome in OUTCOMES if counts[outcome] and outcome != "ignored"), "")
    sign, style = (SIGNS[worst], STYLES[worst]) if worst else ("done", "ok")
    parts = [count_text(run, "check"), *(count_outcome(counts[word], word) for word in OUTCOMES if counts[word])]
    return f"{console.styled(console.sign(sign), style)} {name}  {', '.join(parts)}"
