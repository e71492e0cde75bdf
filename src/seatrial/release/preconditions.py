"""The preconditions of a release: what git or the remote would refuse, checked before anything is written."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seatrial.errors import Reasons, ReleaseError, count_text, together
from seatrial.git.repository import (
    BranchStatus,
    Upstream,
    has_object,
    object_of_tag,
    read_branch_status,
    read_remote,
    read_repository,
    require_identity,
    usual_branch,
)
from seatrial.redaction import redact

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from seatrial.errors import SeatrialError
    from seatrial.git.repository import Remote, Repository


UNFINISHED_OPERATIONS = ("MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "rebase-merge", "rebase-apply")
"""Files in the git folder during a merge, a cherry-pick, a revert or a rebase."""

OF_THE_CHECKOUT = ("BranchBehind", "BranchDiverged")
"""The reasons that prevent a release from the checkout, and none from the branch of the remote."""

HOOK_VARIABLES = ("GIT_INDEX_FILE", "GIT_DIR")
"""The variables that git sets for its hooks (githooks(5))."""


@dataclass(frozen=True)
class PushTarget:
    """The branch that a release is made from, and the branch of the remote that it is pushed to."""

    branch: str
    upstream: Upstream


@dataclass(frozen=True)
class Preconditions:
    """The state of a repository and its remote before a release.

    ``commit``: the id of HEAD; ``target``: where the release is pushed to, None when the branch follows no branch of a
    remote; ``remote``: None when it was not asked or did not answer; ``reasons``: all that prevents a release.
    """

    repository: Repository
    commit: str
    target: PushTarget | None
    remote: Remote | None
    branch_status: BranchStatus
    reasons: tuple[SeatrialError, ...] = ()

    def require_remote(self) -> tuple[PushTarget, Remote]:
        """Return where the release is pushed to, and what is there now. Raises `reasons` when that is unknown."""
        if self.target is None or self.remote is None:
            raise together(self.reasons)
        return self.target, self.remote

    def on_remote_branch(self) -> Preconditions:
        """Return the preconditions of a release that is made on top of the remote's branch, not of the checkout."""
        remote = self.remote
        if remote is None or remote.tip is None or not has_object(self.repository, remote.tip):
            return self
        reasons = tuple(reason for reason in self.reasons if reason.code not in OF_THE_CHECKOUT)
        return replace(self, commit=remote.tip, reasons=reasons)


def open_repository(folder: Path, environ: Mapping[str, str]) -> Repository:
    """Return the repository around ``folder``. Raises `NoRepository` or `InsideGitHook`."""
    variables = [name for name in HOOK_VARIABLES if name in environ]
    if variables:
        raise ReleaseError(
            f"{', '.join(variables)} is set, as git does for its hooks: a release works on the repository itself",
            code="InsideGitHook",
            fix=f"release by hand or from CI; if no hook runs this: unset {' '.join(variables)}",
        )
    return read_repository(folder)


def check_preconditions(repository: Repository) -> Preconditions:
    """Read the remote, and gather every problem of the repository and the remote in `Preconditions.reasons`.

    Raises `NoCommit`, because without a commit there is nothing else to check.
    """
    commit = require_commit(repository)
    reasons = Reasons(local_reasons(repository))
    with reasons.gather():
        require_identity(repository)
    target, remote, branch_status = _target(repository), None, BranchStatus(0, 0)
    if target:
        with reasons.gather():
            remote = read_remote(repository, target.upstream)
            # Commits can't be counted where history is missing.
            if not repository.is_cut_off:
                branch_status = read_branch_status(repository, target.upstream, remote)
    if target and remote:
        reasons.extend(remote_reasons(target, remote, branch_status))
    return Preconditions(repository, commit, target, remote, branch_status, tuple(reasons))


def require_commit(repository: Repository) -> str:
    """Return the id of HEAD. Raises `NoCommit`."""
    if repository.commit is None:
        raise ReleaseError(f"{repository.root} has no commit yet", code="NoCommit", fix="git add -A && git commit")
    return repository.commit


def shallow_clone_error(repository: Repository) -> ReleaseError:
    """Return the error about a repository that lacks history."""
    return ReleaseError(
        f"{repository.root} does not have the whole history, which versions and tags are read from",
        code="ShallowClone",
        fix="git fetch --unshallow --tags; or, after a clone with --filter: git fetch --refetch",
    )


def require_free_tag(preconditions: Preconditions, tag: str) -> None:
    """Raise `TagTaken` when the repository or the remote has the tag."""
    remote = preconditions.remote
    if remote and tag in remote.tags:
        raise ReleaseError(
            f"the tag {tag} is on {remote.name} already",
            code="TagTaken",
            fix="git fetch --tags, then release the version after it",
        )
    if object_of_tag(preconditions.repository, tag):
        elsewhere = f", but not on {remote.name}" if remote else ""
        raise ReleaseError(
            f"the tag {tag} is in this repository already{elsewhere}",
            code="TagTaken",
            fix=f"if it was never pushed: git tag -d {tag}; else release another version",
        )


def require_branch(preconditions: Preconditions, configured: str | None) -> None:
    """Raise `WrongBranch` unless the ``configured`` branch, or else the remote's default branch, is checked out."""
    branch = preconditions.repository.branch
    if branch is None:
        return
    if configured:
        right, actual = configured, branch
    elif preconditions.target and preconditions.remote and preconditions.remote.default:
        right, actual = preconditions.remote.default, preconditions.target.upstream.branch
    else:
        return
    target = preconditions.target
    if actual != right and branch == right and target:
        raise ReleaseError(
            f"releases are made from {right}, and {branch} follows {target.upstream}",
            code="WrongBranch",
            fix=f"git branch --set-upstream-to={shlex.quote(f'{target.upstream.remote}/{right}')}",
        )
    if actual != right:
        raise ReleaseError(
            f"releases are made from {right}, and {branch} is checked out",
            code="WrongBranch",
            fix=f'git switch {right}; to release from {branch}:\n[tool.seatrial]\nbranch = "{branch}"',
        )


def local_reasons(repository: Repository) -> Iterator[SeatrialError]:
    """Yield every problem that can be seen without asking the remote."""
    if repository.is_cut_off:
        yield shallow_clone_error(repository)
    unfinished = [name for name in UNFINISHED_OPERATIONS if (repository.git_dir / name).exists()]
    if unfinished:
        yield ReleaseError(
            f"{repository.root} is in the middle of a merge or a rebase ({', '.join(unfinished)})",
            code="MergeUnderWay",
            fix="git merge --continue, git rebase --continue or --abort, as git status says",
        )
    if not repository.remotes:
        yield ReleaseError(
            f"{repository.root} has no remote to push to", code="NoRemote", fix="git remote add origin ADDRESS"
        )
    if repository.branch is None:
        yield ReleaseError(
            f"no branch is checked out, HEAD is at {(repository.commit or 'no commit')[:12]}",
            code="DetachedHead",
            fix=f"git switch {shlex.quote(usual_branch(repository))}, or your release branch",
        )
    elif repository.remotes and _target(repository) is None:
        yield ReleaseError(
            f"branch {repository.branch} follows no branch of a remote",
            code="NoUpstream",
            fix=f"git push --set-upstream {repository.remotes[0]} {repository.branch}",
        )


def _target(repository: Repository) -> PushTarget | None:
    if repository.branch is None or repository.upstream is None:
        return None
    return PushTarget(repository.branch, repository.upstream)


def remote_reasons(target: PushTarget, remote: Remote, branch_status: BranchStatus) -> Iterator[SeatrialError]:
    """Yield every problem of the remote and the branch there."""
    if len(remote.addresses) > 1:
        yield ReleaseError(
            f"a push to {remote.name} goes to {len(remote.addresses)} addresses, and can succeed at one and fail at "
            f"another: {', '.join(redact(address) for address in remote.addresses)}",
            code="SeveralPushAddresses",
            fix=f"leave one: git remote set-url --push --delete {remote.name} {_quoted_address(remote.addresses[-1])}; "
            "and give the other a name of its own: git remote add NAME ADDRESS",
        )
    if remote.tip is None:
        yield ReleaseError(
            f"{remote.name} has no branch {target.upstream.branch}, which {target.branch} follows",
            code="NoUpstream",
            fix=f"git push {remote.name} {target.branch}:{target.upstream.branch}",
        )
    if branch_status.behind and branch_status.ahead:
        yield ReleaseError(
            f"{target.branch} and {target.upstream} have diverged: {count_text(branch_status.ahead, 'commit')} here, "
            f"{branch_status.behind} there",
            code="BranchDiverged",
            fix=f"git pull --rebase{_pull_source(target, remote)}, then release again",
        )
    elif branch_status.behind:
        yield ReleaseError(
            f"{target.branch} lacks {count_text(branch_status.behind, 'commit')} of {target.upstream}",
            code="BranchBehind",
            fix=f"git pull --ff-only{_pull_source(target, remote)}, then release again",
        )


def _pull_source(target: PushTarget, remote: Remote) -> str:
    """Return the arguments that ``git pull`` needs where a push goes to another address than git fetches from."""
    if remote.source == remote.name:
        return ""
    return f" {_quoted_address(remote.source)} {shlex.quote(target.upstream.branch)}"


def _quoted_address(address: str) -> str:
    """Return an address as a word of a command, ``ADDRESS`` for one with a secret."""
    return shlex.quote(address) if redact(address) == address else "ADDRESS"
