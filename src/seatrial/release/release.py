"""A release from top to bottom: preconditions, preparation, verification, push, update of the checkout."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

from seatrial.commands import Command
from seatrial.errors import ReleaseError
from seatrial.git.push import PUSH_PATIENCE, PushState
from seatrial.project.nox_sessions import start_listing
from seatrial.release.manifest import Manifest
from seatrial.release.plan import ReleasePlan, dry_run_text, plan_text, released_text
from seatrial.release.preconditions import (
    GatheredFacts,
    ask_index,
    ask_index_ahead,
    check_preconditions,
    checked_facts,
    require_room_on_index,
)
from seatrial.release.prepare import (
    PreparedRelease,
    ReleaseRequest,
    commit_release,
    open_release,
    prepare_release,
    verify_release,
)
from seatrial.release.push import (
    InterruptedRelease,
    ReleasePush,
    fetch_release,
    forget_note,
    forget_release,
    push_release,
    read_interrupted_release,
    undecided_error,
    update_checkout,
)
from seatrial.release.scratch_clone import release_lock, require_writable

if TYPE_CHECKING:
    from seatrial.events import Progress
    from seatrial.git.repository import Repository
    from seatrial.process import WaitingCommand


RESUME_PATIENCE = 600
"""Seconds to ask the remote about a release that was interrupted, when the user waits for that alone."""


@dataclass(frozen=True)
class ReleaseOptions:
    """The options of a release.

    ``request``: the version; the user chooses it when the request names neither part nor version; ``environ``: the
    variables of the user; ``tests``: whether the sessions tagged ``release`` run; ``is_dry_run``: whether it ends
    before the push; ``keep_going``: whether all sessions run after one has failed; ``patience``: seconds to ask the
    remote whether it has taken a push of which the connection was lost.
    """

    request: ReleaseRequest
    environ: Mapping[str, str]
    tests: bool = True
    is_dry_run: bool = False
    keep_going: bool = False
    patience: float = PUSH_PATIENCE


class Dialog(Protocol):
    """The user of a release."""

    @property
    def progress(self) -> Progress:
        """Return where the steps are reported."""

    def show(self, text: object) -> None:
        """Show a text that the user wants to keep."""

    def choose_part(self, prepared: PreparedRelease) -> str | None:
        """Ask which part of the version to raise; None when there is no terminal. Raises `Declined`."""

    def confirm(self, plan: ReleasePlan) -> None:
        """Ask whether to release. Raises `Declined`."""


def make_release(
    repository: Repository, options: ReleaseOptions, dialog: Dialog, towncrier: WaitingCommand | None = None
) -> str | None:
    """Release the project, and return the tag; None after a dry run.

    ``towncrier``: one that was started ahead. A release that was interrupted after its push is finished instead.
    Raises `ReleaseError`, `ProjectError`, `BuildError` or `ToolError`; before the push nothing has changed.
    """
    progress, started = dialog.progress, time.monotonic()
    with contextlib.ExitStack() as stack:
        finished_tag = stack.enter_context(begin_release(repository, options, dialog))
        if finished_tag is not None:
            return None if options.is_dry_run else finished_tag

        prepared, plan, facts = stack.enter_context(checked_release(repository, options, dialog, towncrier))
        target, remote = prepared.preconditions.require_remote()
        dialog.show(plan_text(plan, target, remote))
        if not options.is_dry_run:
            dialog.confirm(plan)

        with progress.step("commit", f"and tag {plan.tag}, in the scratch clone"):
            release_commit = commit_release(prepared, plan)
        built = verify_release(prepared, plan, tests=options.tests, progress=progress, keep_going=options.keep_going)
        require_room_on_index(prepared, built, facts, progress)
        if not options.tests:
            progress.note("the tests were left out (--no-tests)")
        if options.is_dry_run:
            commit = prepared.scratch.git.run("show", "--stat", "--no-color", release_commit.commit)
            dialog.show(dry_run_text(commit, plan, built))
            return None

        release_push = ReleasePush.of(release_commit, target, remote)
        with progress.step(
            "push", f"{target.upstream.branch} and {plan.tag} to {remote.name}, both or neither"
        ) as step:
            again = Command("release", "--version", plan.version)
            push_release(repository, prepared.scratch.root, release_push, step, options.patience, again=again)
        with contextlib.suppress(OSError):
            # When the disk is full, the files can be built again from the tag.
            Manifest(plan.tag, str(plan.version), release_commit.commit, tuple(built)).keep(repository)
        try:
            with progress.step("update", f"{target.branch} in the checkout"):
                update_checkout(repository, release_push)
        finally:
            dialog.show(released_text(plan, target, remote, time.monotonic() - started))
        return plan.tag


@contextlib.contextmanager
def begin_release(repository: Repository, options: ReleaseOptions, dialog: Dialog) -> Iterator[str | None]:
    """Hold off every other release, and finish one that was interrupted; yield its tag, or None.

    Raises `AnotherRelease`, and as `finish_release` does.
    """
    require_writable(repository)
    with release_lock(repository):
        interrupted = read_interrupted_release(repository, dialog.progress, options.patience)
        yield finish_release(repository, interrupted, dialog, is_dry_run=options.is_dry_run) if interrupted else None


class CheckedRelease(NamedTuple):
    """A release that is written into the scratch clone and has passed its checks, but is neither committed nor built.

    ``facts``: what the index and nox have answered.
    """

    prepared: PreparedRelease
    plan: ReleasePlan
    facts: GatheredFacts


@contextlib.contextmanager
def checked_release(
    repository: Repository,
    options: ReleaseOptions,
    dialog: Dialog,
    towncrier: WaitingCommand | None,
    *,
    on_remote_branch: bool = False,
) -> Iterator[CheckedRelease]:
    """Write a release into a scratch clone and check it.

    ``on_remote_branch``: on top of the remote's branch, whatever the checkout is at. Raises what prevents the release.
    """
    progress, request = dialog.progress, options.request
    with contextlib.ExitStack() as stack:
        nox = stack.enter_context(start_listing(repository.project))
        ahead = ask_index_ahead(repository.project, options.environ)
        with progress.step("check", "the repository and its remote"):
            preconditions = check_preconditions(repository)
            if on_remote_branch:
                preconditions = preconditions.on_remote_branch()
            prepared = stack.enter_context(open_release(preconditions, towncrier))
        if not request.part and not request.version:
            request = replace(request, part=dialog.choose_part(prepared))
        with progress.step("prepare", "version and changelog, in a scratch clone") as step:
            question = ask_index(prepared.snapshot.project, prepared.snapshot.config, options.environ, ahead)
            plan = prepare_release(prepared, request)
            facts = stack.enter_context(checked_facts(prepared, plan, question, step, nox))
        yield CheckedRelease(prepared, plan, facts)


def finish_release(
    repository: Repository, interrupted: InterruptedRelease, dialog: Dialog, *, is_dry_run: bool = False
) -> str | None:
    """Finish a release that was interrupted, and return its tag; None when it is over: then the note is removed.

    Raises `PushUnknown`, or `CheckoutNotUpdated` in a dry run, which changes nothing.
    """
    tag = interrupted.tag
    if interrupted.state is PushState.ACCEPTED and not interrupted.is_here:
        if is_dry_run:
            raise unfinished_error(interrupted)
        dialog.show(f"{tag} was pushed, and then interrupted: updating the checkout")
        fetch_release(repository, interrupted.release_push.push)
        update_checkout(repository, interrupted.release_push)
        dialog.show(f"{tag} is released. For another release, run this again.")
        return tag
    if interrupted.state is PushState.UNKNOWN:
        raise unfinished_error(interrupted)
    if not is_dry_run:
        forget_note(repository)
    if interrupted.state is PushState.REFUSED:
        dialog.progress.note(
            f"{tag} was interrupted, and {interrupted.remote} does not have it: it will not arrive any more"
        )
        return None
    if is_dry_run or repository.commit != interrupted.release_push.push.commit:
        return None
    dialog.show(f"{tag} is released, although it was interrupted at the end. For another release, run this again.")
    return tag


def resume_release(repository: Repository, dialog: Dialog, patience: float = RESUME_PATIENCE) -> str | None:
    """Finish a release that was interrupted, and return its tag; None when there is none, or it never arrived.

    Raises `AnotherRelease`, `PushUnknown`, `RemoteGone` or `CheckoutNotUpdated`.
    """
    require_writable(repository)
    with release_lock(repository):
        interrupted = read_interrupted_release(repository, dialog.progress, patience)
        if interrupted is None:
            dialog.show("No release was interrupted.")
            return None
        return finish_release(repository, interrupted, dialog)


def abandon_release(repository: Repository, dialog: Dialog) -> None:
    """Forget a release that was interrupted, whether it has arrived or not. Raises `AnotherRelease`."""
    with release_lock(repository):
        tag = forget_release(repository)
    if tag:
        dialog.show(f"{tag} is forgotten. If it arrives all the same: git fetch --tags, and git pull")
    else:
        dialog.show("No release was interrupted.")


def unfinished_error(interrupted: InterruptedRelease) -> ReleaseError:
    """Return the error about a release that was interrupted: not in the checkout, or not known to have arrived."""
    if interrupted.state is PushState.UNKNOWN:
        return undecided_error(interrupted.release_push.push)
    return ReleaseError(
        f"{interrupted.tag} was pushed, but the checkout was not updated to it",
        code="CheckoutNotUpdated",
        fix=Command("release"),
    )
