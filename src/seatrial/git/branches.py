"""Branches of a remote other than the upstream branch: reading them, and pushing one that only seatrial writes."""

from __future__ import annotations

import itertools
import re
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.errors import PushRefused, ReleaseError, RemoteUnreachable, last_lines
from seatrial.git.command import Git
from seatrial.git.push import (
    BRANCH_RULE,
    PAUSES,
    PushState,
    begin_trace,
    refusal_fix,
    states_of_refs,
    traced_git,
    was_sent,
)
from seatrial.git.repository import fetch_objects, has_object
from seatrial.redaction import redact, redact_address

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from seatrial.events import Progress
    from seatrial.git.repository import Remote, Repository


HEADS = "refs/heads/"

TRAILER = re.compile(r"^([A-Za-z][\w-]*): (.+)$")
"""A trailer of a commit (git-interpret-trailers(1))."""


@dataclass(frozen=True)
class CommitFacts:
    """A commit: its id, the id of its tree, the ids of its parents, and its message."""

    commit: str
    tree: str
    parents: tuple[str, ...]
    message: str

    @property
    def subject(self) -> str:
        """The first line of the message."""
        return self.message.partition("\n")[0]

    @property
    def trailers(self) -> Mapping[str, str]:
        """The lines of the message that look like trailers: a squash merge can put text below them."""
        matches = (TRAILER.match(line.rstrip()) for line in self.message.splitlines()[1:])
        return {match[1]: match[2] for match in matches if match}


def read_commits(repository: Repository, *revisions: str) -> tuple[CommitFacts, ...]:
    """Return the commits that git-log(1) lists for revisions and options, the newest first. Raises `CommandFailed`."""
    form = "--format=%H%x00%T%x00%P%x00%B%x01"
    output = Git(repository.root).run("log", "--no-show-signature", "--no-color", form, *revisions)
    rows = (entry.lstrip("\n").split("\0", 3) for entry in output.split("\1"))
    return tuple(CommitFacts(row[0], row[1], tuple(row[2].split()), row[3].strip()) for row in rows if row[1:])


def read_commit(repository: Repository, commit: str) -> CommitFacts:
    """Return one commit. Raises `CommandFailed`."""
    return read_commits(repository, "-1", commit)[0]


def is_ancestor(repository: Repository, commit: str, of: str) -> bool:
    """Whether a commit is contained in another."""
    return not Git(repository.root).attempt("merge-base", "--is-ancestor", commit, of).returncode


def read_branches(repository: Repository, remote: Remote, pattern: str) -> dict[str, str]:
    """Return the branches of a remote whose names match a pattern, and their commits. Raises `RemoteUnreachable`."""
    done = Git(repository.root).attempt("ls-remote", remote.source, f"{HEADS}{pattern}")
    if done.returncode:
        address = remote.addresses[0]
        raise RemoteUnreachable(
            redact_address(f"remote {remote.name} ({address}) does not answer:\n{done.errors.strip()}", address),
            fix=f"git ls-remote {remote.name}",
        )
    rows = (line.split("\t") for line in done.output.splitlines())
    return {ref[len(HEADS) :]: oid for oid, ref in rows if ref.startswith(HEADS)}


def fetch_branch(repository: Repository, remote: Remote, branch: str, commit: str) -> None:
    """Fetch the objects of a branch of a remote, unless they are here. Raises `CommandFailed`."""
    if not has_object(repository, commit):
        fetch_objects(repository, remote.source, f"{HEADS}{branch}")


@dataclass(frozen=True)
class BranchPush:
    """A push of a branch that only seatrial writes.

    ``expected``: the commit that the remote's branch is at before, None when there is no such branch; ``removed``: the
    branches that are deleted with it, and their commits; ``options``: those for the forge (git-push(1), --push-option).
    """

    branch: str
    commit: str
    expected: str | None = None
    removed: tuple[tuple[str, str], ...] = ()
    options: tuple[str, ...] = ()

    def words(self) -> Iterator[str]:
        """Yield the options of git and no refspecs: the remote takes the push only where no other push came before."""
        yield f"--force-with-lease={HEADS}{self.branch}:{self.expected or ''}"
        for name, commit in self.removed:
            yield f"--force-with-lease={HEADS}{name}:{commit}"
        for option in self.options:
            yield f"--push-option={option}"


def push_branch(
    repository: Repository, remote: Remote, push: BranchPush, progress: Progress, patience: float
) -> tuple[str, ...]:
    """Push a branch, and return what the forge reports to the user.

    When the connection is lost, the remote is asked for ``patience`` seconds. Raises `PushRefused` or `PushUnknown`.
    """
    refspecs = (f"{push.commit}:{HEADS}{push.branch}", *(f":{HEADS}{name}" for name, _ in push.removed))
    options = ("--atomic", "--porcelain", "--no-follow-tags", "--recurse-submodules=no", *push.words())
    with tempfile.TemporaryDirectory(prefix="seatrial-push-") as folder:
        trace = Path(folder, "trace")
        begin_trace(repository, trace)
        done = traced_git(repository, trace).attempt("push", *options, remote.name, *refspecs)
        may_have_arrived = was_sent(trace)
    output = redact(done.errors + done.output)
    reported = dict(states_of_refs(done.output))
    refs = (f"{HEADS}{push.branch}", *(f"{HEADS}{name}" for name, _ in push.removed))
    states = [reported.get(ref) for ref in refs]
    if done.returncode == 0 and set(states) == {PushState.ACCEPTED}:
        return remote_messages(redact(done.errors))
    if PushState.REFUSED not in states and (may_have_arrived or None not in states):
        progress.note(f"the connection to {remote.name} was lost during the push: asking whether it has {push.branch}")
        state = _settle(repository, remote, push, progress, patience)
        if state is PushState.ACCEPTED:
            return ()
        if state is PushState.UNKNOWN:
            raise ReleaseError(
                f"whether {remote.name} takes {push.branch} is not known yet:\n{last_lines(output)}",
                code="PushUnknown",
                fix="run the same command again: it goes on from what the remote has then",
            )
    raise PushRefused(
        f"{remote.name} did not take the push of {push.branch}; nothing has changed there:\n{last_lines(output)}",
        fix=_fix_of(push, output),
    )


def _fix_of(push: BranchPush, output: str) -> str:
    fix = refusal_fix(output)
    if fix and BRANCH_RULE.search(output) and "pull-request" in fix:
        return (
            f"let yourself push branches like {push.branch}, in the settings of the forge; or name them otherwise: "
            "release-branch in [tool.seatrial]"
        )
    return fix or "fix that, then run the same command again"


REMOTE_LINE = re.compile(r"^remote:[ \t]?(.*?)[ \t]*$")


def remote_messages(errors: str) -> tuple[str, ...]:
    """Return the lines that a remote sends to whoever pushes, such as the address of a merge request."""
    matches = (REMOTE_LINE.match(line) for line in errors.splitlines())
    return tuple(match[1] for match in matches if match and match[1])


def _settle(repository: Repository, remote: Remote, push: BranchPush, progress: Progress, patience: float) -> PushState:
    """Ask the remote for the branch until its state is known, or ``patience`` seconds are over."""
    end = time.monotonic() + patience
    for pause in itertools.chain(PAUSES, itertools.repeat(PAUSES[-1])):
        state = _ask_remote(repository, remote, push)
        remaining = end - time.monotonic()
        if state is not PushState.UNKNOWN or remaining <= 0:
            return state
        progress.report(f"waiting for {remote.name} to take or refuse {push.branch}, {remaining:.0f} s at most")
        time.sleep(min(pause, remaining))
    return PushState.UNKNOWN


def _ask_remote(repository: Repository, remote: Remote, push: BranchPush) -> PushState:
    try:
        commit = read_branches(repository, remote, push.branch).get(push.branch)
    except RemoteUnreachable:
        return PushState.UNKNOWN
    if commit == push.commit:
        return PushState.ACCEPTED
    # The remote takes the push only while its branch is where it was.
    return PushState.UNKNOWN if commit == push.expected else PushState.REFUSED
