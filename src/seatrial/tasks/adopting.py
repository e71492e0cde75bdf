"""seatrial in a project that was there before, and in one that begins with it."""

# The parameters are flags: invoke has no other way, and calls each by its name.
# ruff: noqa: FBT001, FBT002, ARG001, PLC0415
# What a task does is loaded when it runs: `invoke -l` does without.

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.tasks import task

from seatrial.command_line import again, typed
from seatrial.refusals import ReleaseError
from seatrial.tasks.facing import answer, is_on_terminal, one_message, show, until_ended

if TYPE_CHECKING:
    from invoke.context import Context


@task(
    help={
        "project": "the folder of the package; else this one",
        "yes": "ask nothing",
        "dry-run": "show what would be written, and write nothing",
        "workflows": "--no-workflows: leave CI alone",
    }
)
def init(context: Context, project: str = "", yes: bool = False, dry_run: bool = False, workflows: bool = True) -> None:
    """Put seatrial into a project: one diff, one question.

    Nothing that is there is overwritten, and a second run changes nothing.

    Example: seatrial init --dry-run
    """
    from seatrial.adoption import looking, proposing, telling, writing

    with one_message("run it again: what was written is whole"):
        found = looking.look(Path(project or ".").resolve())
        show(telling.found(found))
        proposal = proposing.propose(found, workflows=workflows)
        writing.insist(found, proposal)
        if proposal.files:
            show(f"\n{proposal.diff}")
        if proposal.remarks:
            show(f"\n{telling.remarks(proposal)}")
        if not proposal.files:
            show("\nThere is nothing to write.")
        elif not dry_run:
            _confirm(yes=yes)
            writing.write(found, proposal)
            then = typed("rehearse --part patch")
            show(f"\n{len(proposal.files)} files, {proposal.lines} lines written. Commit that, then: {then}")


@task(
    positional=["name"],
    help={
        "name": "that of the package, or the path of its folder, which ends with the name",
        "description": "what it is for, in one line",
        "python": "the oldest Python that it is for",
        "remote": "the address of the repository that it will be pushed to",
        "workflows": "--no-workflows: without files of CI",
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
    """Begin a package in a folder of its own, ready to be released.

    It is a git repository with one commit, unless it lies in one. Killed half-way, nothing is there.

    Example: seatrial new tidepool
    """
    from dataclasses import replace

    from seatrial.adoption import founding, naming, telling

    with one_message("nothing was made"), until_ended():
        wanted = founding.Wanted.of(name, python)
        line = " ".join(description.split()) or wanted.description
        wanted = replace(wanted, description=line, remote=remote, workflows=workflows)
        show(telling.founded(founding.found(wanted), wanted))
        show(f"\n{naming.told(wanted.name, os.environ)}")


def _confirm(*, yes: bool) -> None:
    """Ask the one question. Raises `Declined`."""
    if yes:
        return
    if not is_on_terminal():
        raise ReleaseError(
            "nobody is here to be asked, and nothing was written", code="Declined", fix=again("init", "--yes")
        )
    if answer("write that? [y/N] ").lower() not in {"y", "yes"}:
        raise ReleaseError("nothing was written", code="Declined")
