"""Pushes a release and updates the checkout.

Killed before the push, a release has changed nothing. Killed after it, the release is out, and a note in the git
folder makes the next run update the checkout.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING

from seatrial.errors import PushRefused, ReleaseError
from seatrial.git.push import push_atomically
from seatrial.git.repository import (
    branch_contains,
    fast_forward_branch,
    fetch_objects,
    object_of_tag,
    read_remote,
    store_tag,
)
from seatrial.invocation import task_command

if TYPE_CHECKING:
    from pathlib import Path

    from seatrial.git.repository import Repository


NOTE = "seatrial-release.json"
"""The file in the git folder that says which push is under way."""

NOTE_VERSION = 1
"""The version of that file: a JSON object with this number as ``version``, and the fields of `ReleaseCommit`."""


@dataclass(frozen=True)
class ReleaseCommit:
    """The commit that goes out and its tag (object ids), and where they go: a local branch and what it follows."""

    commit: str
    tag: str
    oid: str
    branch: str
    remote: str
    upstream: str


def push_release(repository: Repository, scratch: Path, release_commit: ReleaseCommit) -> None:
    """Push the commit and the tag together; ``scratch`` is the clone that has their objects.

    Raises `PushRefused` or `PushUnknown`.
    """
    fetch_objects(repository, scratch, f"refs/tags/{release_commit.tag}")
    _write_note(repository, release_commit)
    try:
        push_atomically(repository, release_commit.commit, release_commit.tag, release_commit.oid)
    except PushRefused:
        forget_note(repository)
        raise


def update_checkout(repository: Repository, release_commit: ReleaseCommit) -> None:
    """Take the tag and fast-forward the branch. Raises `NotCaughtUp` when something in the checkout is in the way."""
    store_tag(repository, release_commit.tag, release_commit.oid)
    why = fast_forward_branch(repository, release_commit.branch, release_commit.commit)
    if why:
        fix = f"git stash --include-untracked, then: {task_command('release')}, which catches up, then: git stash pop"
        raise ReleaseError(
            f"{release_commit.tag} is released, and what is in the checkout is in the way of its commit:\n{why}",
            code="NotCaughtUp",
            fix="git pull --rebase" if "fast-forward" in why else fix,
        )
    forget_note(repository)


def unfinished_release(repository: Repository) -> ReleaseCommit | None:
    """Return the release that has to be caught up with: killed while it was pushed, and the remote has it.

    Nothing is changed. Raises `NoteUnreadable`, `RemoteUnreachable`, or `CommandFailed` when its remote is gone.
    """
    known = _read_note(repository)
    if known is None or _is_here(repository, known):
        return None
    told = read_remote(replace(repository, remote=known.remote, upstream=known.upstream))
    return known if told.tags.get(known.tag) == known.oid else None


def just_finished_release(repository: Repository) -> ReleaseCommit | None:
    """Return the release that was killed when nothing was left to do, if nothing has been committed since."""
    known = _read_note(repository)
    return known if known and _is_here(repository, known) and repository.commit == known.commit else None


def forget_note(repository: Repository) -> None:
    """Forget the push that was under way: it is over. Only whoever holds the lock may."""
    _note(repository).unlink(missing_ok=True)


def _write_note(repository: Repository, release_commit: ReleaseCommit) -> None:
    note = _note(repository)
    # Killed while it is written, there is no note: the push has not begun.
    new = note.with_suffix(".new")
    new.write_text(json.dumps({"version": NOTE_VERSION, **asdict(release_commit)}), encoding="utf-8")
    new.replace(note)


def _read_note(repository: Repository) -> ReleaseCommit | None:
    """Return what the note says, None where there is none. Raises `NoteUnreadable`."""
    note = _note(repository)
    try:
        known = json.loads(note.read_text(encoding="utf-8"))
        if known["version"] == NOTE_VERSION:
            return ReleaseCommit(**{field.name: known[field.name] for field in fields(ReleaseCommit)})
        reason = f"it has version {known['version']}, and this seatrial reads version {NOTE_VERSION}"
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        reason = f"{type(error).__name__}: {error}"
    raise ReleaseError(
        f"{note} notes an interrupted release, and cannot be read: {reason}",
        code="NoteUnreadable",
        fix=f"look whether the remote has the tag: git ls-remote --tags {repository.remote or 'REMOTE'}\n"
        f"if it has: git fetch --tags and git pull; then remove {note}",
    )


def _is_here(repository: Repository, release_commit: ReleaseCommit) -> bool:
    has_tag = object_of_tag(repository, release_commit.tag) == release_commit.oid
    return has_tag and branch_contains(repository, release_commit.branch, release_commit.commit)


def _note(repository: Repository) -> Path:
    return repository.common_dir / NOTE
