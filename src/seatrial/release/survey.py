"""The first act: whatever git and the remote would refuse, found out before anything is written."""

from __future__ import annotations

import os
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.facts.repository import Remote, Standing
from seatrial.masking import mask
from seatrial.refusals import (
    Reasons,
    ReleaseError,
)
from seatrial.tools import checkout

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from seatrial.errors import SeatrialError
    from seatrial.facts.repository import Repository

UNDER_WAY = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")
"""What git keeps in its folder while a merge, a cherry-pick, a revert or a rebase waits to be continued."""

HOOK = ("GIT_INDEX_FILE", "GIT_DIR")
"""What git sets for its hooks (githooks(5))."""


@dataclass(frozen=True)
class Survey:
    """A repository, its remote, how the branch stands to it, and why there can be no release from it.

    A remote that could not be asked has no addresses; then there is a reason.
    """

    repository: Repository
    remote: Remote
    standing: Standing
    reasons: tuple[SeatrialError, ...] = ()


def look(folder: Path) -> Repository:
    """Return the repository around ``folder``. Raises `NoRepository` or `InsideGitHook`."""
    found = [name for name in HOOK if name in os.environ]
    if found:
        raise ReleaseError(
            f"{', '.join(found)} is set, as git does for its hooks: a release works on the repository itself",
            code="InsideGitHook",
            fix=f"release by hand or from CI; if no hook runs this: unset {' '.join(found)}",
        )
    return checkout.look(folder)


def survey(repository: Repository) -> Survey:
    """Ask the remote, and gather what is wrong with the repository: `Survey.reasons`, which a release has to tell.

    Raises `NoCommit`, because without a commit there is nothing to look at.
    """
    if not repository.commit:
        raise no_commit(repository)
    reasons = Reasons(local_reasons(repository))
    with reasons.gather():
        checkout.insist_on_identity(repository)
    remote, standing = Remote(repository.remote, ()), Standing(0, 0)
    if repository.branch and repository.remote in repository.remotes:
        with reasons.gather():
            remote = checkout.ask(repository)
            # Where history is cut off, nobody can count commits.
            standing = Standing(0, 0) if repository.is_cut_off else checkout.standing(repository, remote)
    return Survey(repository, remote, standing, (*reasons, *_of_remote(repository, remote, standing)))


def no_commit(repository: Repository) -> ReleaseError:
    """Return the error about a repository in which there is nothing to release."""
    return ReleaseError(f"{repository.root} has no commit yet", code="NoCommit", fix="git add -A && git commit")


def cut_off(repository: Repository) -> ReleaseError:
    """Return the error about a repository that lacks history."""
    return ReleaseError(
        f"{repository.root} does not have the whole history, which versions and tags are read from",
        code="ShallowClone",
        fix="git fetch --unshallow --tags; or, after a clone with --filter: git fetch --refetch",
    )


def insist_on_free_tag(found: Survey, tag: str) -> None:
    """Raise `TagTaken` when the tag is there, in the repository or on the remote."""
    repository, remote = found.repository, found.remote
    here, there = checkout.object_of_tag(repository, tag), remote.tags.get(tag, "")
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


def insist_on_branch(found: Survey, wanted: str) -> None:
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
        yield cut_off(repository)
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
            fix=f"git switch {shlex.quote(checkout.usual_branch(repository))}, or your release branch",
        )
    elif repository.remotes and repository.remote not in repository.remotes:
        yield ReleaseError(
            f"branch {repository.branch} follows no branch of a remote",
            code="NoUpstream",
            fix=f"git push --set-upstream {repository.remotes[0]} {repository.branch}",
        )


def _of_remote(repository: Repository, remote: Remote, standing: Standing) -> Iterator[SeatrialError]:
    if not remote.addresses:
        return
    if len(remote.addresses) > 1:
        yield ReleaseError(
            f"a push to {remote.name} goes to {len(remote.addresses)} addresses, and can succeed at one and fail at "
            f"another: {', '.join(mask(address) for address in remote.addresses)}",
            code="SeveralPushAddresses",
            fix=f"leave one: git remote set-url --push --delete {remote.name} {_typable(remote.addresses[-1])}; "
            "and give the other a name of its own: git remote add NAME ADDRESS",
        )
    if not remote.tip:
        name = repository.upstream[len("refs/heads/") :]
        yield ReleaseError(
            f"{remote.name} has no branch {name}, which {repository.branch} follows",
            code="NoUpstream",
            fix=f"git push {remote.name} {repository.branch}:{name}",
        )
    if standing.behind:
        yield _behind(repository, standing)


def _typable(address: str) -> str:
    """Return an address as a word of a command, or what stands for it where it is secret."""
    return shlex.quote(address) if mask(address) == address else "ADDRESS"


def _behind(repository: Repository, standing: Standing) -> SeatrialError:
    followed = f"{repository.remote}/{repository.upstream[len('refs/heads/') :]}"
    if standing.ahead:
        return ReleaseError(
            f"{repository.branch} and {followed} went apart: {standing.ahead} commits here, {standing.behind} there",
            code="BranchDiverged",
            fix="git pull --rebase, then release again",
        )
    return ReleaseError(
        f"{repository.branch} lacks {standing.behind} commits of {followed}",
        code="BranchBehind",
        fix="git pull --ff-only, then release again",
    )
