"""The one push: a branch and a tag, both or neither."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.errors import CommandFailed, last_lines
from seatrial.refusals import PushRefused, PushUnknown, RemoteUnreachable
from seatrial.shell import mask
from seatrial.tools import checkout
from seatrial.tools.git import Git

if TYPE_CHECKING:
    from seatrial.facts.repository import Repository

ADVICE = (
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


def push(repository: Repository, commit: str, tag: str, oid: str) -> None:
    """Push a commit to the branch that is followed, and a tag: in one transaction, by object id.

    It runs in the user's own repository, with its credentials and its pre-push hook. When git reports a failure, the
    remote is asked whether it has taken the push all the same.
    Raises `PushRefused`, with nothing changed, or `PushUnknown`.
    """
    wanted = {repository.upstream: commit, f"refs/tags/{tag}": oid}
    refspecs = (f"{oid_}:{ref}" for ref, oid_ in wanted.items())
    git = Git(repository.root)
    failure = _attempt(git, "push", "--atomic", "--no-follow-tags", "--porcelain", repository.remote, *refspecs)
    if not failure:
        return
    try:
        now = checkout.ask(repository)
    except (RemoteUnreachable, CommandFailed):
        raise PushUnknown(
            f"the push failed, and {repository.remote} can't be asked whether it took it:\n{failure}",
            fix="once it can be reached again: invoke status",
        ) from None
    if now.tip == commit and now.tags.get(tag) == oid:
        return
    advice = next((told for sign, told in ADVICE if sign in failure), "mend that, then release again")
    raise PushRefused(f"{repository.remote} did not take the push; nothing has changed there:\n{failure}", fix=advice)


def _attempt(git: Git, *args: str) -> str:
    done = git.attempt(*args)
    return last_lines(mask(done.errors + done.output)) if done.returncode else ""
