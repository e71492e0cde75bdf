"""Pushes a release, finishes one that was interrupted, and updates the checkout.

Killed before the push, a release has changed nothing. While it is pushed, and until the checkout is updated, a note in
the git folder names it: the next command asks the remote until it is known whether the push has arrived.
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.commands import Command
from seatrial.errors import CommandFailed, PushRefused, ReleaseError
from seatrial.events import SILENT, Progress
from seatrial.git.push import (
    PUSH_PATIENCE,
    AtomicPush,
    PushState,
    begin_trace,
    complete_push,
    push_unknown_error,
    retake_command,
    settle_push,
    was_sent,
)
from seatrial.git.repository import (
    Remote,
    Repository,
    Upstream,
    branch_contains,
    fast_forward_branch,
    fetch_objects,
    has_object,
    object_of_tag,
    push_address,
    showing_commands,
    store_tag,
    update_tracking_branch,
)
from seatrial.redaction import redact, redacted_address
from seatrial.storage import write_json

if TYPE_CHECKING:
    from seatrial.release.preconditions import Preconditions, PushTarget


NOTE = "seatrial-release.json"
"""The file in the git folder with the push that was started last."""

TRACE = "seatrial-push.trace"
"""The file in the git folder in which git records what it sends (`seatrial.git.push.was_sent`)."""

NOTE_VERSION = 1
"""The version of the note: a JSON object with this number as ``version``, and the fields of `ReleasePush.as_dict`."""


FIELDS = ("commit", "tag", "oid", "branch", "remote", "upstream")
"""The fields that each note has."""

OBJECT_ID = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
OPTION = re.compile(r"-.*|", re.DOTALL)
"""What is no name of a remote or a ref: git would take it for an option."""


@dataclass(frozen=True)
class ReleaseCommit:
    """The commit and the tag of a release, by their object ids."""

    commit: str
    tag: str
    oid: str


@dataclass(frozen=True)
class ReleasePush:
    """The push of a release from a local branch; of a tag alone, ``push.commit`` is what the remote's branch is at."""

    push: AtomicPush
    branch: str

    @classmethod
    def of(cls, release: ReleaseCommit, target: PushTarget, remote: Remote) -> ReleasePush:
        """Return the push of a release to a branch of a remote."""
        push = AtomicPush(
            upstream=target.upstream,
            commit=release.commit,
            tag=release.tag,
            oid=release.oid,
            base=remote.tip,
            address=redacted_address(remote.addresses[0]),
        )
        return cls(push, target.branch)

    @classmethod
    def from_dict(cls, table: Mapping[str, object]) -> ReleasePush:
        """Return the push in a JSON object. Raises `ValueError`."""
        texts = {key: _text_of(table, key) for key in FIELDS}
        optional = {key: None if table.get(key) is None else _text_of(table, key) for key in ("base", "address")}
        push = AtomicPush(
            upstream=Upstream(texts["remote"], texts["upstream"]),
            commit=texts["commit"],
            tag=texts["tag"],
            oid=texts["oid"],
            base=optional["base"],
            address=optional["address"],
            is_tag_alone=table.get("moves") == "tag",
        )
        return cls(push, texts["branch"])

    def as_dict(self) -> dict[str, str | None]:
        """Return it as a JSON object."""
        push = self.push
        return {
            "commit": push.commit,
            "tag": push.tag,
            "oid": push.oid,
            "branch": self.branch,
            "remote": push.upstream.remote,
            "upstream": push.upstream.ref,
            "base": push.base,
            "address": push.address,
            **({"moves": "tag"} if push.is_tag_alone else {}),
        }


@dataclass(frozen=True)
class InterruptedRelease:
    """A release that was interrupted while or after it was pushed.

    ``state``: whether the remote has taken the push; ``is_here``: whether the checkout was updated to it.
    """

    release_push: ReleasePush
    state: PushState
    is_here: bool = False

    @property
    def tag(self) -> str:
        """The name of its tag."""
        return self.release_push.push.tag

    @property
    def remote(self) -> str:
        """The name of the remote that it was pushed to."""
        return self.release_push.push.upstream.remote


def push_release(
    repository: Repository,
    scratch: Path,
    release_push: ReleasePush,
    progress: Progress,
    patience: float,
    *,
    again: Command,
) -> None:
    """Push the commit and the tag together; ``scratch`` is the clone that has their objects.

    ``patience``: seconds to ask the remote when the connection is lost; ``again``: what releases the same version.
    Raises `PushRefused`, or `PushUnknown`: then the note stays.
    """
    push = release_push.push
    fetch_objects(repository, scratch, f"refs/tags/{push.tag}")
    # Killed before the push begins, the trace is empty: nothing was sent.
    begin_trace(repository, _trace(repository))
    _write_note(repository, release_push)
    try:
        state, output = complete_push(repository, push, _trace(repository), progress, patience, again)
    except PushRefused:
        forget_note(repository)
        raise
    if state is PushState.UNKNOWN:
        raise undecided_error(push, output)


def push_tag(repository: Repository, preconditions: Preconditions, tag: str, progress: Progress) -> PushTarget:
    """Push the branch together with a tag of the repository, and return where to.

    Raises `TagMissing`, `TagNotOnBranch`, `PushRefused` or `PushUnknown`.
    """
    target, remote = preconditions.require_remote()
    oid = object_of_tag(repository, tag)
    if oid is None:
        raise ReleaseError(f"the tag {tag} does not exist", code="TagMissing", fix=Command("tag"))
    if not branch_contains(repository, target.branch, f"{oid}^{{commit}}"):
        raise ReleaseError(
            f"the tag {tag} is at a commit that {target.branch} does not contain",
            code="TagNotOnBranch",
            fix=f"git tag -d {tag}, then: {Command('tag')}",
        )
    address = redacted_address(remote.addresses[0])
    push = AtomicPush(target.upstream, preconditions.commit, tag, oid, remote.tip, address)
    with tempfile.TemporaryDirectory(prefix="seatrial-push-") as folder:
        trace = Path(folder, TRACE)
        begin_trace(repository, trace)
        state, output = complete_push(repository, push, trace, progress, PUSH_PATIENCE, Command("push"))
    if state is PushState.UNKNOWN:
        raise push_unknown_error(push, f"ask again: {Command('push')}", output)
    return target


def undecided_error(push: AtomicPush, output: str = "") -> ReleaseError:
    """Return the error about a release of which it is unknown whether the remote takes it."""
    resume, forget = Command("release", "--resume"), Command("release", "--forget")
    return push_unknown_error(push, f"ask again: {resume}\nor, if it will never arrive: {forget}", output)


def fetch_release(repository: Repository, push: AtomicPush) -> None:
    """Fetch the branch and the objects of a tag that were pushed some time ago. Raises `CommandFailed`."""
    update_tracking_branch(repository, push.upstream)
    if not has_object(repository, push.oid):
        # git removes objects without a ref after some weeks.
        fetch_objects(repository, push.upstream.remote, f"refs/tags/{push.tag}")


UNUSABLE = re.compile(r"Permission denied|Read-only file system|No space left|index\.lock")
"""What git says when it can't write to a checkout: no change of the user is in the way."""


def update_checkout(repository: Repository, release_push: ReleasePush) -> None:
    """Store the tag and fast-forward the branch. Raises `CheckoutNotUpdated` when the checkout prevents it."""
    push = release_push.push
    finishing = f"do what git asks for, then: {Command('release')}, which updates it"
    try:
        store_tag(repository, push.tag, push.oid)
        why = fast_forward_branch(repository, release_push.branch, push.commit)
    except CommandFailed as error:
        # A hook, such as reference-transaction, or a ref with a name that goes with none of ours.
        raise ReleaseError(
            f"{push.tag} is released, but git did not update the checkout to it:\n{error.what}",
            code="CheckoutNotUpdated",
            fix=finishing,
        ) from None
    if object_of_tag(repository, push.tag) != push.oid:
        raise ReleaseError(
            f"{push.tag} is released, and the checkout has another tag of that name",
            code="CheckoutNotUpdated",
            fix=f"{retake_command(push.upstream.remote, push.tag)}, then: {Command('release')}, which finishes it",
        )
    if why:
        stash = f"git stash --include-untracked, then: {Command('release')}, which updates it, then: git stash pop"
        # git stash does not see a change that is hidden from git.
        stash = "".join(f"{command}, then: " for command in showing_commands(repository, why)) + stash
        raise ReleaseError(
            f"{push.tag} is released, but the checkout can't be updated to its commit:\n{why}",
            code="CheckoutNotUpdated",
            fix="git pull --rebase" if "fast-forward" in why else finishing if UNUSABLE.search(why) else stash,
        )
    forget_note(repository)


def read_interrupted_release(
    repository: Repository, progress: Progress = SILENT, patience: float = 0
) -> InterruptedRelease | None:
    """Return the release that was interrupted, None when there is none; nothing is changed.

    The remote is asked until it is known whether it has taken the push, or until ``patience`` seconds are over.
    Raises `NoteUnreadable` or `RemoteGone`.
    """
    release_push = _read_note(repository)
    if release_push is None:
        return None
    if _is_here(repository, release_push):
        return InterruptedRelease(release_push, PushState.ACCEPTED, is_here=True)
    if not was_sent(_trace(repository)):
        return InterruptedRelease(release_push, PushState.REFUSED)
    release_push = _on_current_remote(repository, release_push)
    with progress.step("resume", f"{release_push.push.tag}, which was interrupted while it was pushed") as step:
        state = settle_push(repository, release_push.push, step, patience)
    return InterruptedRelease(release_push, state)


def forget_note(repository: Repository) -> None:
    """Remove the note, because the push is over. Only the holder of the lock may."""
    _note(repository).unlink(missing_ok=True)
    _trace(repository).unlink(missing_ok=True)


def forget_release(repository: Repository) -> str | None:
    """Remove the note, also one that can't be read; return the tag in it, None when there is no note."""
    try:
        release_push = _read_note(repository)
        tag = release_push.push.tag if release_push else None
    except ReleaseError:
        tag = "a release"
    forget_note(repository)
    return tag


def _on_current_remote(repository: Repository, release_push: ReleasePush) -> ReleasePush:
    """Return the push with the present name of its remote: the remote with its address, or else with its name.

    Raises `RemoteGone`.
    """
    push = release_push.push
    name = push.upstream.remote
    addresses = {remote: push_address(repository, remote) for remote in (name, *repository.remotes)}
    same = [remote for remote, address in addresses.items() if address is not None and address == push.address]
    if not same and addresses[name] is None:
        raise ReleaseError(
            f"{push.tag} was pushed to {name} ({push.address or 'address unknown'}), which is no longer a remote",
            code="RemoteGone",
            fix=f"git remote add {name} ADDRESS, then: {Command('release', '--resume')}\n"
            f"or, if it never arrived: {Command('release', '--forget')}",
        )
    upstream = replace(push.upstream, remote=same[0] if same else name)
    return replace(release_push, push=replace(push, upstream=upstream))


def _write_note(repository: Repository, release_push: ReleasePush) -> None:
    # Killed while it is written, there is no note: the push has not begun.
    write_json(_note(repository), {"version": NOTE_VERSION, **release_push.as_dict()})


def _read_note(repository: Repository) -> ReleasePush | None:
    """Return the push in the note, None when there is no note. Raises `NoteUnreadable`."""
    path = _note(repository)
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        if table["version"] == NOTE_VERSION:
            return ReleasePush.from_dict(table)
        reason = f"it has version {table['version']}, and this seatrial reads version {NOTE_VERSION}"
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        reason = f"{type(error).__name__}: {error}"
    raise ReleaseError(
        f"{path} notes an interrupted release, and cannot be read: {reason}",
        code="NoteUnreadable",
        fix=f"{Command('release', '--forget')}\nthen, to get what has arrived: {Command('status')}",
    )


def _text_of(table: Mapping[str, object], key: str) -> str:
    """Return a field of a note, as it can be given to git. Raises `ValueError`."""
    value = table.get(key)
    is_id = key in {"commit", "oid", "base"}
    if not isinstance(value, str) or OPTION.fullmatch(value) or (is_id and not OBJECT_ID.fullmatch(value)):
        raise ValueError(f"{key} is {redact(ascii(value))}")
    return value


def _is_here(repository: Repository, release_push: ReleasePush) -> bool:
    push = release_push.push
    has_tag = object_of_tag(repository, push.tag) == push.oid
    return has_tag and branch_contains(repository, release_push.branch, push.commit)


def _note(repository: Repository) -> Path:
    return repository.common_dir / NOTE


def _trace(repository: Repository) -> Path:
    return repository.common_dir / TRACE
