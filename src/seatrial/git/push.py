"""One atomic push of a branch and a tag: the remote takes both or neither."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from seatrial.errors import CommandFailed, PushRefused, ReleaseError, RemoteUnreachable, last_lines
from seatrial.git.command import Git
from seatrial.git.repository import read_remote
from seatrial.invocation import task_command
from seatrial.redaction import redact

if TYPE_CHECKING:
    from seatrial.git.repository import Repository, Upstream


PUSH_FIXES = (
    ("fetch first", "somebody has pushed meanwhile: git pull --rebase, then release again"),
    ("non-fast-forward", "somebody has pushed meanwhile: git pull --rebase, then release again"),
    ("failed to lock", "somebody is pushing at this moment: git pull --rebase, then release again"),
    ("cannot lock ref", "somebody is pushing at this moment: git pull --rebase, then release again"),
    ("already exists", "the tag has been taken meanwhile: git fetch --tags, then release again"),
    ("protected branch", "let yourself push to the branch in the settings of the forge, or release from another"),
    ("pre-receive hook declined", "do what the remote's hook asks for"),
    ("does not support --atomic", "the remote can't take a branch and a tag together: use another remote"),
    ("Authentication failed", "log in: git push --dry-run asks for it"),
    ("could not read Username", "log in: git push --dry-run asks for it"),
    ("Permission denied", "log in: git push --dry-run asks for it"),
)
"""What a push can fail with, and the fix."""


def push_atomically(repository: Repository, upstream: Upstream, commit: str, tag: str, oid: str) -> None:
    """Push a commit to a branch of a remote, and a tag: in one transaction, by object id.

    It runs in the user's own repository, with its credentials and its pre-push hook. When git reports a failure, the
    remote is asked whether it has taken the push all the same.
    Raises `PushRefused`, with nothing changed, or `PushUnknown`.
    """
    objects = {upstream.ref: commit, f"refs/tags/{tag}": oid}
    refspecs = (f"{source}:{ref}" for ref, source in objects.items())
    options = ("--atomic", "--porcelain", "--no-follow-tags", "--recurse-submodules=no")
    done = Git(repository.root).attempt("push", *options, upstream.remote, *refspecs)
    # Exit code 0 is not enough: settings can make it a push of nothing.
    if done.returncode == 0 and set(objects) <= set(_accepted_refs(done.output)):
        return
    failure = last_lines(redact(done.errors + done.output))
    try:
        remote = read_remote(repository, upstream)
    except (RemoteUnreachable, CommandFailed):
        raise ReleaseError(
            f"the push failed, and {upstream.remote} can't be asked whether it took it:\n{failure}",
            code="PushUnknown",
            fix=f"once it can be reached again: {task_command('status')}",
        ) from None
    # The push is atomic: when the tag arrived, the branch has the commit.
    if remote.tags.get(tag) == oid:
        return
    fix = next((fix for sign, fix in PUSH_FIXES if sign in failure), "fix that, then release again")
    raise PushRefused(f"{upstream.remote} did not take the push; nothing has changed there:\n{failure}", fix=fix)


def try_push(repository: Repository, upstream: Upstream) -> None:
    """Run every step of a push but the push itself. Raises `PushForbidden` when the remote does not let the user push.

    A commit that is not a fast-forward is no reason, and the remote's hooks do not run.
    """
    options = ("--dry-run", "--porcelain", "--no-verify", "--no-follow-tags", "--recurse-submodules=no")
    refspec = f"{repository.commit}:{upstream.ref}"
    done = Git(repository.root).attempt("push", *options, upstream.remote, refspec)
    if done.returncode and not any(line.count("\t") > 1 for line in done.output.splitlines()):
        failure = last_lines(redact(done.errors + done.output))
        fix = next((fix for sign, fix in PUSH_FIXES if sign in failure), f"git push --dry-run {upstream.remote}")
        raise ReleaseError(f"{upstream.remote} does not let you push:\n{failure}", code="PushForbidden", fix=fix)


def retake_command(remote: str, tag: str) -> str:
    """Return the command that replaces a local tag with that of the remote."""
    return f"git fetch --force {shlex.quote(remote)} {shlex.quote(f'refs/tags/{tag}:refs/tags/{tag}')}"


def _accepted_refs(output: str) -> list[str]:
    """Return the refs that a push has updated or found up to date (git-push(1), ``--porcelain``)."""
    rows = (line.split("\t") for line in output.splitlines() if line.count("\t") > 1)
    return [row[1].partition(":")[2] for row in rows if row[0] != "!"]
