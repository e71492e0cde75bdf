"""The tasks ``workflows`` and ``trusted-publisher``, and those that the workflows call."""

# The imports of a task are in its function, because `invoke -l` and `--help` start faster without them.
# ruff: noqa: ARG001, FBT001, FBT002, PLC0415

from __future__ import annotations

import json as json_
import os
from typing import TYPE_CHECKING

from invoke.collection import Collection

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
    from seatrial.tasks.check import by_subject, show_results
    from seatrial.workflows.generate import check_workflows

    report = check_workflows(project_folder())
    show_results(open_console("workflows"), render_results(report.results, render), by_subject)
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


@command(help={"tag": "the tag of the sessions to list"})
def sessions(context: Context, tag: str = "ci") -> None:
    """Print the matrix of CI as a job output.

    It has the sessions that nox lists.

    Example: seatrial ci.sessions --tag ci >> "$GITHUB_OUTPUT"
    """
    from seatrial.project.nox_sessions import measures_coverage
    from seatrial.project.project import Project
    from seatrial.project.settings import Config
    from seatrial.workflows.context import github_matrix, read_sessions, tagged_sessions

    with errors_as_messages():
        folder = project_folder()
        project = Project.from_directory(folder)
        systems = Config.from_project(project).workflows.systems
        chosen = tagged_sessions(read_sessions(folder), tag, measures=measures_coverage(project))
        show(f"matrix={json_.dumps(github_matrix(chosen, systems))}")


@command(help={"name": "the name of the output"})
def built(context: Context, name: str = "built") -> None:
    """Print what was built from which commit as a job output.

    Adds the files and their hashes to the summary of the job.

    Example: seatrial ci.built >> "$GITHUB_OUTPUT"
    """
    from seatrial.distributions.cache import built_line, built_pair
    from seatrial.report import add_to_job_summary, distributions_markdown

    with errors_as_messages():
        folder = project_folder()
        show(f"{name}={built_line(folder)}")
        add_to_job_summary(lambda: distributions_markdown(built_pair(folder)), os.environ)


@command(name="release", help={"before": "the commit of the branch before the push"})
def merged_release(context: Context, before: str) -> None:
    """Print the tag of a merged release as a job output.

    It is empty when the push has brought no release.

    Example: seatrial ci.release --before "$BEFORE" >> "$GITHUB_OUTPUT"
    """
    from seatrial.workflows.release_tag import ReleaseTag

    with errors_as_messages():
        show(f"tag={ReleaseTag.of(project_folder()).merged_release(before) or ''}")


@command(help={"run": "the number of the run", "attempt": "the number of its attempt"})
def version(context: Context, run: int = 0, attempt: int = 1) -> None:
    """Give the checkout a version that no other CI run has.

    For TestPyPI, in CI: changes the files that contain the version.

    Example: seatrial ci.version --run 42
    """
    from seatrial.workflows.release_tag import ReleaseTag

    with errors_as_messages():
        show(ReleaseTag.of(project_folder()).give_own_version(int(run), int(attempt)))


@command(
    words=["tag"],
    help={
        "tag": "the tag of the release",
        "branch": "the branch that must contain the commit of the tag",
        "built": "compare the tag with the distributions in dist/ too",
    },
)
def verify(context: Context, tag: str, branch: str = "origin/main", built: bool = False) -> None:
    """Check that a tag matches the project and its files.

    Example: seatrial ci.verify --tag v1.3.0 --built
    """
    from seatrial.workflows.release_tag import ReleaseTag

    with errors_as_messages():
        release_version = ReleaseTag.of(project_folder()).require_match(tag, branch, built=built)
        show(f"prerelease={str(release_version.is_prerelease).lower()}")


@command(words=["tag"], help={"tag": "the tag of the release"})
def notes(context: Context, tag: str) -> None:
    """Print the changelog entry of a release.

    Example: seatrial ci.notes --tag v1.3.0
    """
    from seatrial.workflows.release_tag import ReleaseTag

    with errors_as_messages():
        release_tag = ReleaseTag.of(project_folder())
        show(
            release_tag.notes(release_tag.version_of(tag))
            or f"{release_tag.snapshot.project.name} {release_tag.version_of(tag)}"
        )


ci = Collection("ci", sessions, built, version, merged_release, verify, notes)
"""The commands that the generated workflows run."""


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
    from seatrial.ci.gh import has_gh, start_workflow
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
    home = read_publishing_setup(repository, generator.project, repository.root).publisher.home
    page = f"https://github.com/{home}/actions/workflows/{context.release}"
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
    from seatrial.ci.gh import query_github
    from seatrial.workflows.publisher_registration import settings_text

    root, home = plan.repository.root, plan.home
    current = {name: query_github(root, f"repos/{home}/environments/{name}") for name in plan.environments if home}
    rules = query_github(root, f"repos/{home}/rulesets") if home else None
    return settings_text(plan.environments, plan.tags, current, rules)
