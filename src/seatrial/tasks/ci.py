"""The tasks that the generated workflows call: ``ci.sessions`` and its siblings."""

# The imports of a task are in its function, because `invoke -l` and `--help` start faster without them.
# ruff: noqa: ARG001, FBT001, FBT002, PLC0415

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

from invoke.collection import Collection

from seatrial.tasks.command import command
from seatrial.tasks.console import errors_as_messages, project_folder, show

if TYPE_CHECKING:
    from invoke.context import Context


@command(help={"tag": "the tag of the sessions to list"})
def sessions(context: Context, tag: str = "ci") -> None:
    """Print the matrix of CI as a job output.

    It has the sessions that nox lists.

    Example: seatrial ci.sessions --tag ci >> "$GITHUB_OUTPUT"
    """
    from seatrial.project.project import Project
    from seatrial.project.settings import Config
    from seatrial.workflows.context import github_matrix, read_sessions, tagged_sessions

    with errors_as_messages():
        folder = project_folder()
        project = Project.from_directory(folder)
        systems = Config.from_project(project).workflows.systems
        chosen = tagged_sessions(read_sessions(folder), tag, measures=project.measures_coverage)
        show(f"matrix={json.dumps(github_matrix(chosen, systems))}")


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
    from seatrial.report import add_to_job_summary
    from seatrial.workflows.tag_in_ci import ReleaseTag

    with errors_as_messages():
        release = ReleaseTag.of(project_folder())
        tag = release.merged_release(before)
        untagged = release.untagged_release(before) if tag else None
        if untagged:
            text = (
                f"{untagged} was merged before {tag}, and has no tag yet: if its run has failed, run the failed jobs "
                "of that run again"
            )
            show(text, sys.stderr)
            add_to_job_summary(lambda: text, os.environ)
        show(f"tag={tag or ''}")


@command(help={"run": "the number of the run", "attempt": "the number of its attempt"})
def version(context: Context, run: int = 0, attempt: int = 1) -> None:
    """Give the checkout a version that no other CI run has.

    For TestPyPI, in CI: changes the files that contain the version.

    Example: seatrial ci.version --run 42
    """
    from seatrial.workflows.tag_in_ci import ReleaseTag

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
    from seatrial.workflows.tag_in_ci import ReleaseTag

    with errors_as_messages():
        release_version = ReleaseTag.of(project_folder()).require_match(tag, branch, built=built)
        show(f"prerelease={str(release_version.is_prerelease).lower()}")


@command(words=["tag"], help={"tag": "the tag of the release"})
def notes(context: Context, tag: str) -> None:
    """Print the changelog entry of a release.

    Example: seatrial ci.notes --tag v1.3.0
    """
    from seatrial.workflows.tag_in_ci import ReleaseTag

    with errors_as_messages():
        release_tag = ReleaseTag.of(project_folder())
        show(
            release_tag.notes(release_tag.version_of(tag))
            or f"{release_tag.snapshot.project.name} {release_tag.version_of(tag)}"
        )


ci = Collection("ci", sessions, built, version, merged_release, verify, notes)
"""The commands that the generated workflows run."""
