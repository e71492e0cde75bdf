"""seatrial in a project that was there before."""

# The parameters are flags: invoke has no other way, and calls each by its name.
# ruff: noqa: FBT001, FBT002, ARG001, PLC0415
# What a task does is loaded when it runs: `invoke -l` does without.

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from invoke.tasks import task

from seatrial.tasks.facing import answer, is_on_terminal, one_message, show

if TYPE_CHECKING:
    from invoke.context import Context

NEXT = "Commit that, then: seatrial rehearse --part patch (with uv, nothing installed: uvx seatrial rehearse)"


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
            show(f"\n{len(proposal.files)} files, {proposal.lines} lines written. {NEXT}")


def _confirm(*, yes: bool) -> None:
    """Ask the one question. Raises `Declined`."""
    from seatrial.refusals import Declined

    if yes:
        return
    if not is_on_terminal():
        raise Declined("nobody is here to be asked, and nothing was written", fix="seatrial init --yes")
    if answer("write that? [y/N] ").lower() not in {"y", "yes"}:
        raise Declined("nothing was written", fix="seatrial init")
