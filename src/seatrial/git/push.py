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
    from seatrial.git.repository import Repository


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
"""What a push can be refused with, and what mends it."""


def push_atomically(repository: Repository, commit: str, tag: str, oid: str) -> None:
    """Push a commit to the branch that is followed, and a tag: in one transaction, by object id.

    It runs in the user's own repository, with its credentials and its pre-push hook. When git reports a failure, the
    remote is asked whether it has taken the push all the same.
    Raises `PushRefused`, with nothing changed, or `PushUnknown`.
    """
    wanted = {repository.upstream: commit, f"refs/tags/{tag}": oid}
    refspecs = (f"{oid_}:{ref}" for ref, oid_ in wanted.items())
    options = ("--atomic", "--porcelain", "--no-follow-tags", "--recurse-submodules=no")
    done = Git(repository.root).attempt("push", *options, repository.remote, *refspecs)
    # Exit code 0 alone does not tell that both went out: settings can make a push one of nothing.
    if done.returncode == 0 and set(wanted) <= set(_accepted_refs(done.output)):
        return
    failure = last_lines(redact(done.errors + done.output))
    try:
        now = read_remote(repository)
    except (RemoteUnreachable, CommandFailed):
        raise ReleaseError(
            f"the push failed, and {repository.remote} can't be asked whether it took it:\n{failure}",
            code="PushUnknown",
            fix=f"once it can be reached again: {task_command('status')}",
        ) from None
    # The push is atomic: where the tag is, the commit is in the branch, whatever was pushed on top of it meanwhile.
    if now.tags.get(tag) == oid:
        return
    advice = next((told for sign, told in PUSH_FIXES if sign in failure), "mend that, then release again")
    raise PushRefused(f"{repository.remote} did not take the push; nothing has changed there:\n{failure}", fix=advice)


def try_push(repository: Repository) -> None:
    """Have git do all of a push but the push. Raises `PushForbidden` when the remote does not let the user.

    That a commit is not the next one is another matter, and hooks of the remote are not asked.
    """
    options = ("--dry-run", "--porcelain", "--no-verify", "--no-follow-tags", "--recurse-submodules=no")
    refspec = f"{repository.commit}:{repository.upstream}"
    done = Git(repository.root).attempt("push", *options, repository.remote, refspec)
    if done.returncode and not any(line.count("\t") > 1 for line in done.output.splitlines()):
        failure = last_lines(redact(done.errors + done.output))
        advice = next((told for sign, told in PUSH_FIXES if sign in failure), f"git push --dry-run {repository.remote}")
        raise ReleaseError(f"{repository.remote} does not let you push:\n{failure}", code="PushForbidden", fix=advice)


def retake_command(remote: str, tag: str) -> str:
    """Return the command that takes a tag as the remote has it."""
    return f"git fetch --force {shlex.quote(remote)} {shlex.quote(f'refs/tags/{tag}:refs/tags/{tag}')}"


def _accepted_refs(output: str) -> list[str]:
    """Return the refs that a push has changed or found as they are to be (git-push(1), ``--porcelain``)."""
    rows = (line.split("\t") for line in output.splitlines() if line.count("\t") > 1)
    return [row[1].partition(":")[2] for row in rows if row[0] != "!"]
