"""The tasks ``init`` and ``new``."""

# The parameters are flags: invoke has no other way, and calls each by its name.
# What a task does is loaded when it runs: `invoke -l` does without.
# ruff: noqa: ARG001, FBT001, FBT002, PLC0415

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.errors import ReleaseError
from seatrial.invocation import repeat_command, task_command
from seatrial.tasks.command import command
from seatrial.tasks.console import ask_user, errors_as_messages, is_interactive, show, termination_as_interrupt

if TYPE_CHECKING:
    from invoke.context import Context


@command(
    help={
        "project": "the folder of the package; without it, this folder",
        "yes": "write without asking",
        "dry-run": "show what would be written, and write nothing",
        "workflows": "--no-workflows: write no CI workflows",
    }
)
def init(context: Context, project: str = "", yes: bool = False, dry_run: bool = False, workflows: bool = True) -> None:
    """Add seatrial to a project.

    Shows one diff and asks once. Nothing is overwritten, and a second run changes nothing.

    Example: seatrial init --dry-run
    """
    from seatrial.init.detect import detect_project
    from seatrial.init.propose import detected_text, propose_changes, remarks_text
    from seatrial.init.write import require_clean_files, write_proposal

    with errors_as_messages("run it again: what was written is whole"):
        found = detect_project(Path(project or ".").resolve())
        show(detected_text(found))
        proposal = propose_changes(found, workflows=workflows)
        require_clean_files(found, proposal)
        if proposal.files:
            show(f"\n{proposal.diff}")
        if proposal.remarks:
            show(f"\n{remarks_text(proposal)}")
        if not proposal.files:
            show("\nThere is nothing to write.")
        elif not dry_run:
            _confirm(yes=yes)
            write_proposal(found, proposal)
            then = task_command("rehearse --part patch")
            show(f"\n{len(proposal.files)} files, {proposal.lines} lines written. Commit that, then: {then}")


@command(
    words=["name"],
    help={
        "name": "the name of the package, or the path of its folder, which ends with the name",
        "description": "what the package is for, in one line",
        "python": "the oldest Python that the package supports",
        "remote": "the address of the repository to push to",
        "workflows": "--no-workflows: write no CI workflows",
    },
)
def new(
    context: Context,
    name: str,
    description: str = "",
    python: str = "3.9",
    remote: str = "",
    workflows: bool = True,
) -> None:
    """Create a package in a new folder, ready to be released.

    The folder becomes a git repository with one commit, unless it is in a repository already.

    Example: seatrial new tidepool
    """
    from dataclasses import replace

    from seatrial.init.new import PackageRequest, create_package, name_remark, new_package_text

    with errors_as_messages("nothing was made"), termination_as_interrupt():
        wanted = PackageRequest.of(name, python)
        line = " ".join(description.split()) or wanted.description
        wanted = replace(wanted, description=line, remote=remote or None, workflows=workflows)
        show(new_package_text(create_package(wanted), wanted))
        show(f"\n{name_remark(wanted.name, os.environ)}")


def _confirm(*, yes: bool) -> None:
    """Ask the one question. Raises `Declined`."""
    if yes:
        return
    if not is_interactive():
        raise ReleaseError(
            "nobody is here to be asked, and nothing was written", code="Declined", fix=repeat_command("init", "--yes")
        )
    if ask_user("write that? [y/N] ").lower() not in {"y", "yes"}:
        raise ReleaseError("nothing was written", code="Declined")
