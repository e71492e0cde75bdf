"""The task ``rehearse``."""

# Flags are positional booleans here, but invoke passes each by its name.
# The imports of a task are in its function, because `invoke -l` and `--help` start faster without them.
# ruff: noqa: ARG001, FBT001, FBT002, PLC0415

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from seatrial.tasks.command import command
from seatrial.tasks.console import (
    current_invocation,
    errors_as_messages,
    open_console,
    project_folder,
    show_json,
    termination_as_interrupt,
)
from seatrial.terminal import paint_card

if TYPE_CHECKING:
    from invoke.context import Context


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
