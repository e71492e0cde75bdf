"""The release, and where it stands."""

# The parameters are flags: invoke has no other way, and calls each by its name.
# ruff: noqa: FBT001, FBT002, ARG001, PLC0415
# What a task does is loaded when it runs: `invoke -l` does without.

from __future__ import annotations

import contextlib
import json as json_
import os
from typing import TYPE_CHECKING

from invoke.tasks import task

from seatrial.command_line import again, typed
from seatrial.refusals import ReleaseError
from seatrial.tasks.facing import answer, is_on_terminal, one_message, project_folder, say, show

if TYPE_CHECKING:
    from invoke.context import Context

    from seatrial.facts.repository import Repository
    from seatrial.plan import Plan
    from seatrial.release.voyage import Prospect

WAIT = 1800
"""Seconds that CI may take to publish a release."""


@task(
    help={
        "part": "major, minor, patch, a, b, rc, final, dev, post, or auto: what the fragments ask for",
        "version": "the version itself, instead of a part",
        "yes": "ask nothing",
        "dry-run": "do everything but the push, and show it",
        "tests": "--no-tests: build and check, but run no other session tagged release",
        "anyway": "release a smaller part than the fragments ask for",
        "allow-empty": "release without fragments",
        "wait": "until CI has published it, and verify it",
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
    wait: bool = False,
) -> None:
    """Release in one push: all of it, or nothing.

    Version, changelog, commit and tag are made in a scratch clone and proved there.

    Example: invoke release --part minor
    """
    from seatrial.tools import towncrier

    # It is begun before all else, this module's own imports among it.
    with one_message(), towncrier.begun(project_folder()) as ahead:
        from seatrial.plan import Wish
        from seatrial.preflight import insisting, learning
        from seatrial.release import sending, telling, voyage
        from seatrial.release import survey as surveying
        from seatrial.release.proof import Proof

        repository = surveying.look(project_folder())
        with voyage.alone(repository):
            caught_up = _finish_left_over(repository, dry_run=dry_run)
        if caught_up:
            if wait and not dry_run:
                _wait(caught_up)
            return
        with voyage.alone(repository):
            found = surveying.survey(repository)
            with voyage.prospect(found, ahead) as prospect:
                wish = Wish(part or ("" if version else _chosen(prospect)), version, anyway, allow_empty)
                planned = voyage.prepare(prospect, wish)
                outlook = prospect.outlook
                with learning.asked(outlook.project, outlook.config) as asked:
                    insisting.insist(prospect, planned, asked, say)
                show(telling.plan(planned, found.remote.addresses[0]))
                if not dry_run:
                    _confirm(planned, yes=yes)
                sealed = voyage.seal(prospect, planned)
                built = voyage.prove(prospect, planned, tests=tests, say=say)
                insisting.insist_on_room(prospect, built, asked, say)
                if not tests:
                    say("the tests were left out (--no-tests)")
                if dry_run:
                    commit = prospect.scratch.git.run("show", "--stat", "--no-color", sealed.commit)
                    show(telling.rehearsed(commit, planned, built))
                    return
                sending.send(repository, prospect.scratch.root, sealed)
                proof = Proof(sealed.tag, str(planned.version), sealed.commit, tuple(built))
                with contextlib.suppress(OSError):
                    # Without a place to keep them, they can be built again from the tag.
                    proof.keep(repository)
                try:
                    sending.catch_up(repository, sealed)
                finally:
                    show(telling.released(planned, built, found))
        if wait:
            _wait(sealed.tag)


def _wait(tag: str) -> None:
    """Wait until CI has published a release, and verify it; where nothing publishes it, nothing is waited for."""
    from seatrial.delivery import ci, destination, verification
    from seatrial.delivery.evidence import Tagged
    from seatrial.delivery.verification import Order
    from seatrial.outlook import released
    from seatrial.tasks.delivering import looked

    repository, outlook = looked()
    tagged = Tagged.of(repository, outlook, next(iter(released([tag], outlook.tag_form, outlook.project.name)), None))
    order = Order(destination.find("", outlook.config, os.environ), WAIT if ci.may_publish(tagged) else 0)
    show(verification.verify(tagged, order, say))


@task(help={"json": "print it as JSON"})
def status(context: Context, json: bool = False) -> None:
    """Say where the project stands, and what comes next.

    Example: invoke status --json
    """
    from seatrial.delivery import aftermath
    from seatrial.release import standing
    from seatrial.tasks.delivering import looked

    with one_message():
        repository, outlook = looked()
        found = aftermath.told(repository, outlook, standing.of(repository, outlook))
        show(json_.dumps(found.as_dict(), indent=2) if json else found)


def _finish_left_over(repository: Repository, *, dry_run: bool) -> str:
    """Catch up with a release that was killed after its push, and return its tag; "" where there is none."""
    from seatrial.release import sending

    left = sending.left_over(repository)
    ended = sending.just_ended(repository)
    if left is None:
        if not dry_run:
            sending.forget(repository)
        if ended:
            show(
                f"{ended.tag} is released, although it was interrupted at the end. For another release, run this again."
            )
        return ended.tag if ended else ""
    if dry_run:
        raise ReleaseError(
            f"{left.tag} was pushed, and has to be caught up with first", code="NotCaughtUp", fix=typed("release")
        )
    show(f"{left.tag} was pushed, and then interrupted: catching up")
    sending.catch_up(repository, left)
    show(f"{left.tag} is released. For another release, run this again.")
    return left.tag


def _chosen(prospect: Prospect) -> str:
    """Ask which part to raise; "" where nobody is there to answer, or where the answer would be of no use."""
    from seatrial.facts import versions
    from seatrial.refusals import Reasons
    from seatrial.release import telling

    if not is_on_terminal():
        return ""
    Reasons(prospect.reasons).tell()
    outlook = prospect.outlook
    choices = versions.candidates(outlook.current, outlook.asked)
    show(telling.menu(choices, outlook.current))
    told = answer("which? [1] ") or "1"
    if not told.isdecimal() or not 1 <= int(told) <= len(choices):
        raise ReleaseError(
            f"{told!r} is none of them; nothing has changed", code="Declined", fix=f"a number from 1 to {len(choices)}"
        )
    return choices[int(told) - 1][0]


def _confirm(planned: Plan, *, yes: bool) -> None:

    if yes:
        return
    if not is_on_terminal():
        raise ReleaseError(
            "there is no terminal to ask on; nothing has changed", code="Declined", fix=again("release", "--yes")
        )
    if answer(f"release {planned.project} {planned.version}? [y/N] ").lower() not in ("y", "yes"):
        raise ReleaseError("not released; nothing has changed", code="Declined")
