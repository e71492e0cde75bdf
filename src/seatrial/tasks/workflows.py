"""The tasks ``workflows`` and ``trusted-publisher``."""

# The imports of a task are in its function, because `invoke -l` and `--help` start faster without them.
# ruff: noqa: ARG001, FBT001, FBT002, PLC0415

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.commands import Command
from seatrial.tasks.command import command
from seatrial.tasks.console import errors_as_messages, open_console, project_folder, render, show, show_json

if TYPE_CHECKING:
    from invoke.context import Context

    from seatrial.workflows.generate import Generator
    from seatrial.workflows.publisher_registration import RegistrationPlan


@command(
    help={
        "check": "write nothing, show what would change, and exit with 2 if anything would",
        "overwrite": "overwrite generated lines that were changed by hand",
        "prove": "write nothing, and start a CI run that asks PyPI for a token and discards it",
        "explain": "write nothing, and print which jobs a tag starts, and what they upload where",
        "json": "with --explain, print it as JSON",
    }
)
def workflows(
    context: Context,
    check: bool = False,
    overwrite: bool = False,
    prove: bool = False,
    explain: str = "",
    json: bool = False,
) -> None:
    """Write the CI workflows from the project and its sessions.

    Lines outside of the generated blocks are kept.

    Example: invoke workflows --explain v1.3.0
    """
    from seatrial.workflows.generate import Generator

    with errors_as_messages():
        if explain or json:
            show_tag_report(explain, as_json=json)
            return
        if check:
            show_workflow_checks()
            return
        generator = Generator.of(project_folder())
        if prove:
            start_publisher_trial(generator)
            return
        generator.require_sessions()
        changed = generator.write(overwrite=overwrite)
        lines = (f"{'written' if drift.then else 'removed'}: {drift.path}" for drift in changed)
        show("\n".join(lines) or "nothing has changed")


def show_workflow_checks() -> None:
    """Show what the checks of workflows report, and raise what is wrong."""
    from seatrial.findings import render_results
    from seatrial.tasks.check import show_results
    from seatrial.workflows.generate import check_workflows

    report = check_workflows(project_folder())
    show_results(open_console("workflows"), render_results(report.results, render), lambda result: result.subject)
    if report.compared:
        show(report.compared)
    report.raise_errors()


def show_tag_report(tag: str, *, as_json: bool) -> None:
    """Print what a tag starts. Raises `ValueMissing` without a tag."""
    from seatrial.errors import ProjectError
    from seatrial.workflows.publisher_registration import read_tag_report

    if not tag:
        fix = f"{Command('workflows', '--explain', 'v1.0.0', '--json')}"
        raise ProjectError("--json needs --explain, with a tag", code="ValueMissing", fix=fix)
    report = read_tag_report(project_folder(), tag)
    if as_json:
        show_json(report.as_dict())
    else:
        show(str(report))


MEANING = """\
A run that succeeds shows that PyPI gives a token to this workflow in this environment: owner, repository, file and
environment are registered. It does not show that PyPI would accept the files ({rehearse}), nor who may push tags.
If the environment allows only tags, GitHub rejects a run from a branch."""


@command(name="trusted-publisher")
def trusted_publisher(context: Context) -> None:
    """Print what to register on PyPI and TestPyPI.

    Prints the settings of the repository too, and compares them with those that gh reports.

    Example: invoke trusted-publisher
    """
    from seatrial.workflows.publisher_registration import read_registrations

    with errors_as_messages():
        plan = read_registrations(project_folder())
        for remark in plan.remarks:
            show(f"({remark})")
        if plan.report.workflows:
            show(f"{plan.report}\n")
        show("\n\n".join((*map(str, plan.registrations), _settings_text(plan))))


def start_publisher_trial(generator: Generator) -> None:
    """Start the run that asks PyPI for a token and discards it, or show where to start it."""
    from seatrial.ci.forge import has_gh, home_for_gh, page_for_gh, start_workflow
    from seatrial.ci.github import WorkflowFiles
    from seatrial.errors import CommandFailed, WorkflowUnknown
    from seatrial.rehearsal.ci import read_publishing_setup

    context, repository = generator.context, generator.repository
    files = WorkflowFiles.in_tree(repository.root) if generator.kind == "github" else WorkflowFiles()
    # A workflow that was written by hand would do something else.
    if not any(job.name == PROVE for file in files if file.name == context.release for job in file.jobs):
        raise WorkflowUnknown(
            "no workflow of this project can be started to test the publisher",
            fix=f"on GitHub: prove = true in [tool.seatrial.workflows], then {Command('workflows')}, and push",
        )
    publisher = read_publishing_setup(repository, generator.project, repository.root).publisher
    home = home_for_gh(repository) or publisher.home
    page = f"{page_for_gh(home)}/actions/workflows/{context.release}"
    if has_gh():
        try:
            output = start_workflow(repository.root, home, context.release, context.branch)
            page = f"{output or f'{context.release} is started'}\n{page}"
        except CommandFailed as error:
            page = f"{page}\n\n{error.what}\nStart it on that page, or let gh log in: gh auth login"
    show(f"{page}\n\n{MEANING.format(rehearse=Command('rehearse'))}")


PROVE = "prove"
"""The job that asks for a token and discards it."""


def _settings_text(plan: RegistrationPlan) -> str:
    from seatrial.ci.forge import query_github
    from seatrial.workflows.publisher_registration import settings_text

    root, home = plan.repository.root, plan.home
    current = {name: query_github(root, home, f"/environments/{name}") for name in plan.environments if home}
    rules = query_github(root, home, "/rulesets") if home else None
    return settings_text(plan.environments, plan.tags, current, rules)
