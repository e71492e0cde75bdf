"""The acts that others see: push, and catch up.

Killed before the push, a release has changed nothing; killed after it, it is released, and the note that was left in
the git folder tells the next one to catch up.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seatrial.command_line import typed
from seatrial.refusals import PushRefused, ReleaseError
from seatrial.tools import checkout, remote

if TYPE_CHECKING:
    from pathlib import Path

    from seatrial.facts.repository import Repository

NOTE = "seatrial-release.json"
"""The file in the git folder that says which push is under way."""


@dataclass(frozen=True)
class Sealed:
    """The commit that goes out and its tag (object ids), and where they go: a local branch and what it follows."""

    commit: str
    tag: str
    oid: str
    branch: str
    remote: str
    upstream: str


def send(repository: Repository, scratch: Path, sealed: Sealed) -> None:
    """Push the commit and the tag together; ``scratch`` is the clone that has their objects.

    Raises `PushRefused` or `PushUnknown`.
    """
    checkout.bring_in(repository, scratch, f"refs/tags/{sealed.tag}")
    _note(repository).write_text(json.dumps(sealed.__dict__), encoding="utf-8")
    try:
        remote.push(repository, sealed.commit, sealed.tag, sealed.oid)
    except PushRefused:
        forget(repository)
        raise


def catch_up(repository: Repository, sealed: Sealed) -> None:
    """Take the tag and fast-forward the branch. Raises `NotCaughtUp` when something in the checkout is in the way."""
    checkout.take_tag(repository, sealed.tag, sealed.oid)
    why = checkout.fast_forward(repository, sealed.branch, sealed.commit)
    if why:
        mend = f"git stash --include-untracked, then: {typed('release')}, which catches up, then: git stash pop"
        raise ReleaseError(
            f"{sealed.tag} is released, and what is in the checkout is in the way of its commit:\n{why}",
            code="NotCaughtUp",
            fix="git pull --rebase" if "fast-forward" in why else mend,
        )
    forget(repository)


def left_over(repository: Repository) -> Sealed | None:
    """Return the release that has to be caught up with: killed while it was pushed, and the remote has it.

    Nothing is changed. Raises `RemoteUnreachable`, or `CommandFailed` when its remote is gone.
    """
    known = _noted(repository)
    if known is None or _is_here(repository, known):
        return None
    told = checkout.ask(replace(repository, remote=known.remote, upstream=known.upstream))
    return known if told.tags.get(known.tag) == known.oid else None


def just_ended(repository: Repository) -> Sealed | None:
    """Return the release that was killed when nothing was left to do, if nothing has been committed since."""
    known = _noted(repository)
    return known if known and _is_here(repository, known) and repository.commit == known.commit else None


def forget(repository: Repository) -> None:
    """Forget the push that was under way: it is over. Only whoever holds the lock may."""
    _note(repository).unlink(missing_ok=True)


def _noted(repository: Repository) -> Sealed | None:
    try:
        return Sealed(**json.loads(_note(repository).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _is_here(repository: Repository, sealed: Sealed) -> bool:
    has_tag = checkout.object_of_tag(repository, sealed.tag) == sealed.oid
    return has_tag and checkout.contains(repository, sealed.branch, sealed.commit)


def _note(repository: Repository) -> Path:
    return repository.common_dir / NOTE
