"""The workflows of CI, and the tasks that they call."""

# What a task does is loaded when it runs: `invoke -l` does without.
# ruff: noqa: PLC0415, FBT001, FBT002, ARG001

from __future__ import annotations

import json as json_
import os
from typing import TYPE_CHECKING

from invoke.collection import Collection
from invoke.tasks import task

from seatrial.tasks import registering
from seatrial.tasks.facing import one_message, project_folder, show

if TYPE_CHECKING:
    from invoke.context import Context


@task(
    help={
        "check": "write nothing: show what would change, and end with 2 if anything would",
        "overwrite": "generated lines that were changed by hand, too",
        "prove": "write nothing: have CI ask PyPI for a token, and throw it away",
    }
)
def workflows(context: Context, check: bool = False, overwrite: bool = False, prove: bool = False) -> None:
    """Write the files of CI from the project and its sessions.

    What stands outside of the generated lines stays as it is.

    Example: invoke workflows --check
    """
    from seatrial.workflows.desk import Desk

    with one_message():
        desk = Desk.of(project_folder())
        if prove:
            registering.prove(desk)
            return
        desk.insist_on_sessions()
        if check:
            desk.insist()
            told = desk.insist_on_safety()
            if told:
                show(told)
            show(f"{', '.join(one.path for one in desk.wanted)}: as they should be")
            return
        changed = desk.write(overwrite=overwrite)
        show("\n".join(f"written: {path}" for path in changed) or "nothing has changed")


@task(help={"tag": "that of the sessions to list"})
def sessions(context: Context, tag: str = "ci") -> None:
    """Print the matrix of CI, as a job output.

    It is what nox lists, so that no session is named twice.

    Example: seatrial ci.sessions --tag ci >> "$GITHUB_OUTPUT"
    """
    from seatrial.config import Config
    from seatrial.facts import measurement
    from seatrial.facts.project import Project
    from seatrial.workflows import listing

    with one_message():
        folder = project_folder()
        project = Project.from_directory(folder)
        systems = Config.from_project(project).workflows.systems
        chosen = listing.tagged(listing.sessions(folder), tag, measures=measurement.is_used(project))
        show(f"matrix={json_.dumps(listing.matrix(chosen, systems))}")


@task(help={"name": "what the variable is called"})
def built(context: Context, name: str = "built") -> None:
    """Print what was built from which commit, as a job output.

    The files and their hashes are in the summary of the job, too.

    Example: seatrial ci.built >> "$GITHUB_OUTPUT"
    """
    from seatrial import ci_output, delivered, report

    with one_message():
        folder = project_folder()
        show(f"{name}={delivered.told(folder)}")
        ci_output.add_to_summary(lambda: report.distributions_markdown(delivered.pair(folder)), os.environ)


@task(help={"run": "the number of the run", "attempt": "which attempt of it"})
def version(context: Context, run: int = 0, attempt: int = 1) -> None:
    """Give the checkout a development version that no other run has.

    For TestPyPI, in CI: it changes the files that name the version.

    Example: seatrial ci.version --run 42
    """
    from seatrial.workflows.passage import Passage

    with one_message():
        show(Passage.of(project_folder()).give_own_version(int(run), int(attempt)))


@task(
    help={
        "tag": "that of the release",
        "branch": "the one that has to contain its commit",
        "built": "compare with the distributions in dist/, too",
    }
)
def verify(context: Context, tag: str, branch: str = "origin/main", built: bool = False) -> None:
    """See that a tag fits the project and its files.

    Example: seatrial ci.verify --tag v1.3.0 --built
    """
    from seatrial.workflows.passage import Passage

    with one_message():
        found = Passage.of(project_folder()).insist_on(tag, branch, built=built)
        show(f"prerelease={str(found.is_prerelease).lower()}")


@task(help={"tag": "that of the release"})
def notes(context: Context, tag: str) -> None:
    """Print what the changelog says of a release.

    Example: seatrial ci.notes --tag v1.3.0
    """
    from seatrial.workflows.passage import Passage

    with one_message():
        passage = Passage.of(project_folder())
        show(passage.notes(passage.version_of(tag)) or f"{passage.outlook.project.name} {passage.version_of(tag)}")


ci = Collection("ci", sessions, built, version, verify, notes)
"""What the workflows call."""
