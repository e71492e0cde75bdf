"""The preconditions of a release: what git or the remote would refuse, checked before anything is written."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.errors import Reasons, ReleaseError
from seatrial.git.repository import (
    BranchStatus,
    Remote,
    object_of_tag,
    read_branch_status,
    read_remote,
    read_repository,
    require_identity,
    usual_branch,
)
from seatrial.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from seatrial.errors import SeatrialError
    from seatrial.git.repository import Repository


UNDER_WAY = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")
"""What git keeps in its folder while a merge, a cherry-pick, a revert or a rebase waits to be continued."""

HOOK = ("GIT_INDEX_FILE", "GIT_DIR")
"""What git sets for its hooks (githooks(5))."""


@dataclass(frozen=True)
class Preconditions:
    """A repository, its remote, how the branch stands to it, and why there can be no release from it.

    A remote that could not be asked has no addresses; then there is a reason.
    """

    repository: Repository
    remote: Remote
    branch_status: BranchStatus
    reasons: tuple[SeatrialError, ...] = ()


def open_repository(folder: Path) -> Repository:
    """Return the repository around ``folder``. Raises `NoRepository` or `InsideGitHook`."""
    found = [name for name in HOOK if name in os.environ]
    if found:
        raise ReleaseError(
            f"{', '.join(found)} is set, as git does for its hooks: a release works on the repository itself",
            code="InsideGitHook",
            fix=f"release by hand or from CI; if no hook runs this: unset {' '.join(found)}",
        )
    return read_repository(folder)


def check_preconditions(repository: Repository) -> Preconditions:
    """Ask the remote, and gather what is wrong with the repository: `Preconditions.reasons`.

    Raises `NoCommit`, because without a commit there is nothing to look at.
    """
    if not repository.commit:
        raise no_commit_error(repository)
    reasons = Reasons(local_reasons(repository))
    with reasons.gather():
        require_identity(repository)
    remote, branch_status = Remote(repository.remote, ()), BranchStatus(0, 0)
    if repository.branch and repository.remote in repository.remotes:
        with reasons.gather():
            remote = read_remote(repository)
            # Where history is cut off, nobody can count commits.
            branch_status = BranchStatus(0, 0) if repository.is_cut_off else read_branch_status(repository, remote)
    return Preconditions(repository, remote, branch_status, (*reasons, *_of_remote(repository, remote, branch_status)))


def no_commit_error(repository: Repository) -> ReleaseError:
    """Return the error about a repository in which there is nothing to release."""
    return ReleaseError(f"{repository.root} has no commit yet", code="NoCommit", fix="git add -A && git commit")


def shallow_clone_error(repository: Repository) -> ReleaseError:
    """Return the error about a repository that lacks history."""
    return ReleaseError(
        f"{repository.root} does not have the whole history, which versions and tags are read from",
        code="ShallowClone",
        fix="git fetch --unshallow --tags; or, after a clone with --filter: git fetch --refetch",
    )


def require_free_tag(found: Preconditions, tag: str) -> None:
    """Raise `TagTaken` when the tag is there, in the repository or on the remote."""
    repository, remote = found.repository, found.remote
    here, there = object_of_tag(repository, tag), remote.tags.get(tag, "")
    if here and not there:
        raise ReleaseError(
            f"the tag {tag} is in this repository already, but not on {remote.name}",
            code="TagTaken",
            fix=f"if nobody has it: git tag -d {tag}; else release another version",
        )
    if there:
        raise ReleaseError(
            f"the tag {tag} is on {remote.name} already",
            code="TagTaken",
            fix="git fetch --tags, then release the version after it",
        )


def require_branch(found: Preconditions, wanted: str) -> None:
    """Raise `WrongBranch` when another branch is checked out than ``wanted``, or else than the remote's default."""
    branch = found.repository.branch
    right = wanted or found.remote.default
    followed = found.repository.upstream[len("refs/heads/") :]
    if branch and right and right not in ((branch,) if wanted else (followed,)):
        raise ReleaseError(
            f"releases are made from {right}, and {branch} is checked out",
            code="WrongBranch",
            fix=f'git switch {right}; to release from {branch}:\n[tool.seatrial]\nbranch = "{branch}"',
        )


def local_reasons(repository: Repository) -> Iterator[SeatrialError]:
    """Yield what is wrong and can be seen without asking anybody."""
    if repository.is_cut_off:
        yield shallow_clone_error(repository)
    under_way = [name for name in UNDER_WAY if (repository.git_dir / name).exists()]
    if under_way:
        yield ReleaseError(
            f"{repository.root} is in the middle of a merge or a rebase ({', '.join(under_way)})",
            code="MergeUnderWay",
            fix="git merge --continue, git rebase --continue or --abort, as git status says",
        )
    if not repository.remotes:
        yield ReleaseError(
            f"{repository.root} has no remote to push to", code="NoRemote", fix="git remote add origin ADDRESS"
        )
    if not repository.branch:
        yield ReleaseError(
            f"no branch is checked out, HEAD is at {repository.commit[:12]}",
            code="DetachedHead",
            fix=f"git switch {shlex.quote(usual_branch(repository))}, or your release branch",
        )
    elif repository.remotes and repository.remote not in repository.remotes:
        yield ReleaseError(
            f"branch {repository.branch} follows no branch of a remote",
            code="NoUpstream",
            fix=f"git push --set-upstream {repository.remotes[0]} {repository.branch}",
        )


def _of_remote(repository: Repository, remote: Remote, branch_status: BranchStatus) -> Iterator[SeatrialError]:
    if not remote.addresses:
        return
    if len(remote.addresses) > 1:
        yield ReleaseError(
            f"a push to {remote.name} goes to {len(remote.addresses)} addresses, and can succeed at one and fail at "
            f"another: {', '.join(redact(address) for address in remote.addresses)}",
            code="SeveralPushAddresses",
            fix=f"leave one: git remote set-url --push --delete {remote.name} {_address_text(remote.addresses[-1])}; "
            "and give the other a name of its own: git remote add NAME ADDRESS",
        )
    if not remote.tip:
        name = repository.upstream[len("refs/heads/") :]
        yield ReleaseError(
            f"{remote.name} has no branch {name}, which {repository.branch} follows",
            code="NoUpstream",
            fix=f"git push {remote.name} {repository.branch}:{name}",
        )
    if branch_status.behind:
        yield _behind_error(repository, branch_status)


def _address_text(address: str) -> str:
    """Return an address as a word of a command, or what stands for it where it is secret."""
    return shlex.quote(address) if redact(address) == address else "ADDRESS"


def _behind_error(repository: Repository, branch_status: BranchStatus) -> SeatrialError:
    followed = f"{repository.remote}/{repository.upstream[len('refs/heads/') :]}"
    if branch_status.ahead:
        return ReleaseError(
            f"{repository.branch} and {followed} went apart: {branch_status.ahead} commits here, "
            f"{branch_status.behind} there",
            code="BranchDiverged",
            fix="git pull --rebase, then release again",
        )
    return ReleaseError(
        f"{repository.branch} lacks {branch_status.behind} commits of {followed}",
        code="BranchBehind",
        fix="git pull --ff-only, then release again",
    )
