"""The first act: whatever git and the remote would refuse, found out before anything is written."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.errors import SeatrialError
from seatrial.refusals import (
    BranchBehind,
    BranchDiverged,
    DetachedHead,
    InsideGitHook,
    MergeUnderWay,
    NoCommit,
    NoRemote,
    NoUpstream,
    SeveralPushAddresses,
    SeveralReasons,
    ShallowClone,
    TagTaken,
    WrongBranch,
)
from seatrial.shell import mask
from seatrial.tools import checkout

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from seatrial.facts.repository import Remote, Repository, Standing

UNDER_WAY = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")
"""What git keeps in its folder while a merge, a cherry-pick, a revert or a rebase waits to be continued."""

HOOK = ("GIT_INDEX_FILE", "GIT_DIR")
"""What git sets for its hooks (githooks(5))."""


@dataclass(frozen=True)
class Survey:
    """A repository from which a release can be pushed, and its remote."""

    repository: Repository
    remote: Remote
    standing: Standing


def look(folder: Path) -> Repository:
    """Return the repository around ``folder``. Raises `NoRepository` or `InsideGitHook`."""
    found = [name for name in HOOK if name in os.environ]
    if found:
        raise InsideGitHook(
            f"{', '.join(found)} is set, as git does for its hooks: a release works on the repository itself",
            fix=f"release by hand or from CI; if no hook runs this: unset {' '.join(found)}",
        )
    return checkout.look(folder)


def survey(repository: Repository) -> Survey:
    """Ask the remote, and refuse a repository that no release can be made from.

    Raises one `ReleaseError`, or `SeveralReasons` with all of them.
    """
    if not repository.commit:
        raise NoCommit(f"{repository.root} has no commit yet", fix="git add -A && git commit")
    reasons = [*_local(repository), *_raised(lambda: checkout.insist_on_identity(repository))]
    raise_all(reasons)
    remote = checkout.ask(repository)
    raise_all([*_of_remote(repository, remote)])
    standing = checkout.standing(repository, remote)
    if standing.behind:
        raise _behind(repository, standing)
    return Survey(repository, remote, standing)


def raise_all(reasons: Sequence[SeatrialError]) -> None:
    """Raise what there is to raise: nothing, the one error, or all of them in one."""
    if len(reasons) > 1:
        raise SeveralReasons(reasons)
    if reasons:
        raise reasons[0]


def insist_on_free_tag(found: Survey, tag: str) -> None:
    """Raise `TagTaken` when the tag is there, in the repository or on the remote."""
    repository, remote = found.repository, found.remote
    here, there = checkout.object_of_tag(repository, tag), remote.tags.get(tag, "")
    if here and not there:
        raise TagTaken(
            f"the tag {tag} is in this repository already, but not on {remote.name}",
            fix=f"if nobody has it: git tag -d {tag}; else release another version",
        )
    if there:
        raise TagTaken(
            f"the tag {tag} is on {remote.name} already", fix="git fetch --tags, then release the version after it"
        )


def insist_on_branch(found: Survey, wanted: str) -> None:
    """Raise `WrongBranch` when another branch is checked out than ``wanted``, or else than the remote's default."""
    branch = found.repository.branch
    right = wanted or found.remote.default
    followed = found.repository.upstream[len("refs/heads/") :]
    if right and right not in ((branch,) if wanted else (followed,)):
        raise WrongBranch(
            f"releases are made from {right}, and {branch} is checked out",
            fix=f'git switch {right}; to release from {branch}:\n[tool.seatrial]\nbranch = "{branch}"',
        )


def _local(repository: Repository) -> Iterator[SeatrialError]:
    """Yield what is wrong and can be seen without asking anybody."""
    if repository.is_cut_off:
        yield ShallowClone(
            f"{repository.root} does not have the whole history, which versions and tags are read from",
            fix="git fetch --unshallow --tags; or, after a clone with --filter: git fetch --refetch",
        )
    under_way = [name for name in UNDER_WAY if (repository.git_dir / name).exists()]
    if under_way:
        yield MergeUnderWay(
            f"{repository.root} is in the middle of a merge or a rebase ({', '.join(under_way)})",
            fix="git merge --continue, git rebase --continue or --abort, as git status says",
        )
    if not repository.remotes:
        yield NoRemote(f"{repository.root} has no remote to push to", fix="git remote add origin ADDRESS")
    if not repository.branch:
        yield DetachedHead(
            f"no branch is checked out, HEAD is at {repository.commit[:12]}",
            fix="git switch main, or your release branch",
        )
    elif repository.remotes and repository.remote not in repository.remotes:
        yield NoUpstream(
            f"branch {repository.branch} follows no branch of a remote",
            fix=f"git push --set-upstream {repository.remotes[0]} {repository.branch}",
        )


def _of_remote(repository: Repository, remote: Remote) -> Iterator[SeatrialError]:
    if len(remote.addresses) > 1:
        yield SeveralPushAddresses(
            f"a push to {remote.name} goes to {len(remote.addresses)} addresses, and can succeed at one and fail at "
            f"another: {', '.join(mask(address) for address in remote.addresses)}",
            fix=f"give the second a name of its own: git remote set-url --push --delete {remote.name} ADDRESS",
        )
    if not remote.tip:
        name = repository.upstream[len("refs/heads/") :]
        yield NoUpstream(
            f"{remote.name} has no branch {name}, which {repository.branch} follows",
            fix=f"git push {remote.name} {repository.branch}:{name}",
        )


def _behind(repository: Repository, standing: Standing) -> SeatrialError:
    followed = f"{repository.remote}/{repository.upstream[len('refs/heads/') :]}"
    if standing.ahead:
        return BranchDiverged(
            f"{repository.branch} and {followed} went apart: {standing.ahead} commits here, {standing.behind} there",
            fix="git pull --rebase, then release again",
        )
    return BranchBehind(
        f"{repository.branch} lacks {standing.behind} commits of {followed}",
        fix="git pull --ff-only, then release again",
    )


def _raised(check: Callable[[], None]) -> list[SeatrialError]:
    try:
        check()
    except SeatrialError as error:
        return [error]
    return []
