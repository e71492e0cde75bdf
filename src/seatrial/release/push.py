"""Pushes a release and updates the checkout.

Killed before the push, a release has changed nothing. Killed after it, the release is out, and a note in the git
folder makes the next run update the checkout.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING

from seatrial.errors import PushRefused, ReleaseError
from seatrial.git.push import push_atomically
from seatrial.git.repository import (
    Upstream,
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
    from seatrial.release.preconditions import PushTarget


NOTE = "seatrial-release.json"
"""The file in the git folder with the push that was started last."""

NOTE_VERSION = 1
"""The version of that file: a JSON object with this number as ``version``, and the fields of `ReleasePush`."""


@dataclass(frozen=True)
class ReleaseCommit:
    """The commit and the tag of a release, by their object ids."""

    commit: str
    tag: str
    oid: str


@dataclass(frozen=True)
class ReleasePush:
    """The push of a release.

    ``commit``, ``tag`` and ``oid``: as in `ReleaseCommit`; ``branch``: the local branch; ``remote`` and ``upstream``:
    the remote and the full name of the ref there.
    """

    commit: str
    tag: str
    oid: str
    branch: str
    remote: str
    upstream: str

    @classmethod
    def of(cls, release: ReleaseCommit, target: PushTarget) -> ReleasePush:
        """Return the push of a release to a branch of a remote."""
        upstream = target.upstream
        return cls(release.commit, release.tag, release.oid, target.branch, upstream.remote, upstream.ref)


def push_release(repository: Repository, scratch: Path, release_push: ReleasePush) -> None:
    """Push the commit and the tag together; ``scratch`` is the clone that has their objects.

    Raises `PushRefused` or `PushUnknown`.
    """
    fetch_objects(repository, scratch, f"refs/tags/{release_push.tag}")
    _write_note(repository, release_push)
    upstream = Upstream(release_push.remote, release_push.upstream)
    try:
        push_atomically(repository, upstream, release_push.commit, release_push.tag, release_push.oid)
    except PushRefused:
        forget_note(repository)
        raise


def update_checkout(repository: Repository, release_push: ReleasePush) -> None:
    """Store the tag and fast-forward the branch. Raises `CheckoutNotUpdated` when the checkout prevents it."""
    store_tag(repository, release_push.tag, release_push.oid)
    why = fast_forward_branch(repository, release_push.branch, release_push.commit)
    if why:
        stash = f"git stash --include-untracked, then: {task_command('release')}, which updates it, then: git stash pop"
        raise ReleaseError(
            f"{release_push.tag} is released, but the checkout can't be updated to its commit:\n{why}",
            code="CheckoutNotUpdated",
            fix="git pull --rebase" if "fast-forward" in why else stash,
        )
    forget_note(repository)


def unfinished_release(repository: Repository) -> ReleasePush | None:
    """Return the release that was interrupted after its push, None when there is none.

    Nothing is changed. Raises `NoteUnreadable`, `RemoteUnreachable`, or `CommandFailed` when its remote is gone.
    """
    note = _read_note(repository)
    if note is None or _is_here(repository, note):
        return None
    remote = read_remote(repository, Upstream(note.remote, note.upstream))
    return note if remote.tags.get(note.tag) == note.oid else None


def just_finished_release(repository: Repository) -> ReleasePush | None:
    """Return the release that was interrupted when it was complete, if HEAD is still its commit."""
    note = _read_note(repository)
    return note if note and _is_here(repository, note) and repository.commit == note.commit else None


def forget_note(repository: Repository) -> None:
    """Remove the note, because the push is over. Only the holder of the lock may."""
    _note(repository).unlink(missing_ok=True)


def _write_note(repository: Repository, release_push: ReleasePush) -> None:
    path = _note(repository)
    # Killed while it is written, there is no note: the push has not begun.
    new = path.with_suffix(".new")
    new.write_text(json.dumps({"version": NOTE_VERSION, **asdict(release_push)}), encoding="utf-8")
    new.replace(path)


def _read_note(repository: Repository) -> ReleasePush | None:
    """Return the push in the note, None when there is no note. Raises `NoteUnreadable`."""
    path = _note(repository)
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        if table["version"] == NOTE_VERSION:
            return ReleasePush(**{field.name: table[field.name] for field in fields(ReleasePush)})
        reason = f"it has version {table['version']}, and this seatrial reads version {NOTE_VERSION}"
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        reason = f"{type(error).__name__}: {error}"
    remote = repository.upstream.remote if repository.upstream else "REMOTE"
    raise ReleaseError(
        f"{path} notes an interrupted release, and cannot be read: {reason}",
        code="NoteUnreadable",
        fix=f"look whether the remote has the tag: git ls-remote --tags {remote}\n"
        f"if it has: git fetch --tags and git pull; then remove {path}",
    )


def _is_here(repository: Repository, release_push: ReleasePush) -> bool:
    has_tag = object_of_tag(repository, release_push.tag) == release_push.oid
    return has_tag and branch_contains(repository, release_push.branch, release_push.commit)


def _note(repository: Repository) -> Path:
    return repository.common_dir / NOTE
