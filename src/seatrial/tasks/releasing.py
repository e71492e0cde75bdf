"""The release, and where it stands."""

# The parameters are flags: invoke has no other way, and calls each by its name.
# ruff: noqa: FBT001, FBT002, PLR0913, ARG001, PLC0415
# What a task does is loaded when it runs: `invoke -l` does without.

from __future__ import annotations

import json as json_
from typing import TYPE_CHECKING

from invoke.tasks import task

from seatrial.tasks.facing import answer, is_on_terminal, one_message, project_folder

if TYPE_CHECKING:
    from invoke.context import Context

    from seatrial.facts.repository import Repository
    from seatrial.plan import Plan
    from seatrial.release.voyage import Prospect


@task(
    help={
        "part": "major, minor, patch, a, b, rc, final, dev, post, or auto: what the fragments ask for",
        "version": "the version itself, instead of a part",
        "yes": "ask nothing",
        "dry-run": "do everything but the push, and show it",
        "tests": "--no-tests: build and check, but run no other session tagged release",
        "anyway": "release a smaller part than the fragments ask for",
        "allow-empty": "release without fragments",
    }
)
def release(
    context: Context,
    part: str = "",
    version: str = "",
    yes: bool = False,
    dry_run: bool = False,
    tests: bool = True,
    anyway: bool = False,
    allow_empty: bool = False,
) -> None:
    """Release: bump, changelog, commit and tag, proved, then pushed together or not at all.

    Example: invoke release --part minor
    """
    from seatrial.plan import Wish
    from seatrial.release import survey as surveying
    from seatrial.release import telling, voyage

    with one_message():
        repository = surveying.look(project_folder())
        with voyage.alone(repository):
            if _finish_left_over(repository):
                return
            found = surveying.survey(repository)
            with voyage.prospect(found) as prospect:
                wish = Wish(part or (_chosen(prospect) if not version else ""), version, anyway, allow_empty)
                planned = voyage.prepare(prospect, wish)
                print(telling.plan(planned, found.remote.addresses[0]), flush=True)
                if not dry_run:
                    _confirm(planned, yes=yes)
                sealed = voyage.seal(prospect, planned)
                built = voyage.prove(prospect, tests=tests, say=_say)
                if not tests:
                    _say("the tests were left out (--no-tests)")
                if dry_run:
                    shown = prospect.scratch.git.run("show", "--stat", "--no-color", sealed.commit)
                    print(telling.rehearsed(shown, planned, built))
                    return
                voyage.send(prospect, sealed)
                print(telling.released(planned, built, found), flush=True)
                voyage.catch_up(repository, sealed)


@task(help={"json": "print it as JSON"})
def status(context: Context, json: bool = False) -> None:
    """Say where the project stands: its version, what is new since, and what the next release would be.

    Example: invoke status --json
    """
    from seatrial.release import standing

    with one_message():
        found = standing.of(project_folder())
        print(json_.dumps(found.as_dict(), indent=2) if json else found)


def _finish_left_over(repository: Repository) -> bool:
    """Catch up with a release that was killed after its push, if there is one."""
    from seatrial.release import voyage

    left = voyage.left_over(repository)
    if left is None:
        return False
    print(f"{left.tag} was pushed, and then interrupted: catching up", flush=True)
    voyage.catch_up(repository, left)
    print(f"{left.tag} is released. For another release, run this again.")
    return True


def _chosen(prospect: Prospect) -> str:
    """Ask which part to raise; "" where nobody is there to answer."""
    from seatrial.facts import versions
    from seatrial.refusals import Declined
    from seatrial.release import telling

    if not is_on_terminal():
        return ""
    outlook = prospect.outlook
    choices = versions.candidates(outlook.current, outlook.asked)
    print(telling.menu(choices, outlook.current), flush=True)
    told = answer("which? [1] ") or "1"
    if not told.isdecimal() or not 1 <= int(told) <= len(choices):
        raise Declined(f"{told!r} is none of them; nothing has changed", fix=f"a number from 1 to {len(choices)}")
    return choices[int(told) - 1][0]


def _confirm(planned: Plan, *, yes: bool) -> None:
    from seatrial.refusals import Declined

    if yes:
        return
    if not is_on_terminal():
        raise Declined("there is no terminal to ask on; nothing has changed", fix="invoke release … --yes")
    if answer(f"release {planned.project} {planned.version}? [y/N] ").lower() not in ("y", "yes"):
        raise Declined("not released; nothing has changed")


def _say(line: str) -> None:
    print(f"seatrial > {line}", flush=True)
