"""Pushes: one atomic push of a branch and a tag, of which the remote takes both or neither; and other branches.

The state of a push is known or unknown, never guessed. It is refused when the remote reports that, when git has sent
nothing, or when the remote has changed so that it can't take the push any more; otherwise the remote is asked.

Branches of a remote other than the upstream branch: reading them, and pushing one that only seatrial writes.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import re
import shlex
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from seatrial.commands import Command
from seatrial.errors import PushRefused, ReleaseError, RemoteUnreachable, last_lines
from seatrial.git.command import Git
from seatrial.git.repository import (
    Remote,
    Repository,
    Upstream,
    fetch_objects,
    has_object,
    push_address,
    read_remote,
    unreachable_error,
    update_tracking_branch,
)
from seatrial.redaction import redact

if TYPE_CHECKING:
    from seatrial.events import Progress


PUSH_PATIENCE = 60
"""Seconds to ask a remote whether it takes a push of which the connection was lost: its hooks may still run."""

PAUSES = (0.5, 1, 2, 4, 8)
"""Seconds between two questions; the last number is repeated."""


class PushState(Enum):
    """Whether a remote has taken a push."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class AtomicPush:
    """A push of a branch and a tag, by object ids.

    ``base``: the commit of the remote's branch before the push; ``address``: that of the remote, secrets masked; both
    are None when they are unknown. ``is_tag_alone``: whether the branch has the commit already, and is not pushed.
    """

    upstream: Upstream
    commit: str
    tag: str
    oid: str
    base: str | None = None
    address: str | None = None
    is_tag_alone: bool = False

    @property
    def objects(self) -> dict[str, str]:
        """The refs that the push moves, and the ids of their objects."""
        branch = {} if self.is_tag_alone else {self.upstream.ref: self.commit}
        return {**branch, f"refs/tags/{self.tag}": self.oid}


NO_ACCESS = "get write access to the repository, or log in as somebody who has it"

PUSH_FIXES = (
    ("fetch first", "somebody has pushed meanwhile: git pull --rebase, then release again"),
    ("stale info", "somebody has pushed meanwhile: git pull --rebase, then release again"),
    ("non-fast-forward", "somebody has pushed meanwhile: git pull --rebase, then release again"),
    ("failed to lock", "somebody is pushing at this moment: git pull --rebase, then release again"),
    ("cannot lock ref", "somebody is pushing at this moment: git pull --rebase, then release again"),
    ("already exists", "the tag has been taken meanwhile: git fetch --tags, then release again"),
    (
        "currently checked out",
        "push to a bare repository; or there: git config receive.denyCurrentBranch updateInstead",
    ),
    ("denied to ", NO_ACCESS),
    ("not allowed to push code to this project", NO_ACCESS),
    ("marked as read only", NO_ACCESS),
    ("You need the Git 'GenericContribute' permission", NO_ACCESS),
    ("archived", "have the repository unarchived, or use another remote"),
    ("returned error: 403", NO_ACCESS),
    ("hook declined", "do what the remote's hook asks for"),
    ("--mirror can't be combined", "push branches alone, not all refs: git config --unset {mirror}"),
    ("does not support --signed", "sign pushes only where the remote can take that: git config push.gpgSign if-asked"),
    ("does not support push options", "push without: git config --unset-all push.pushOption"),
    ("does not support --atomic", "the remote can't take a branch and a tag together: use another remote"),
    ("Authentication failed", "log in: git push --dry-run asks for it"),
    ("could not read Username", "log in: git push --dry-run asks for it"),
    ("Permission denied", "log in: git push --dry-run asks for it"),
)
"""What a push can fail with, and the fix; ``{mirror}``: the setting of the remote, as an argument."""

FORGE_RULES = (
    (
        re.compile(r"contain secrets|push protection", re.IGNORECASE),
        "take the secret out of the commits that the remote does not have, and revoke it",
    ),
    (
        re.compile(r"must have (?:verified|valid) signatures|must be signed|unsigned commit", re.IGNORECASE),
        "sign what a release makes: git config commit.gpgSign true && git config tag.gpgSign true",
    ),
    (
        re.compile(r"GH007|private email|verified email|(?:author|committer)\S* e-?mail", re.IGNORECASE),
        "commit with an address that the forge takes: git config user.email ADDRESS",
    ),
    (
        re.compile(r"GH001|file size limit|larger than the allowed size", re.IGNORECASE),
        "take the file out of the commits that the remote does not have, or keep it with git lfs",
    ),
    (
        re.compile(r"without .?workflows?.? (?:scope|permission)", re.IGNORECASE),
        "log in with the right to change workflows: gh auth refresh --scopes workflow",
    ),
    (
        re.compile(r"commit message|message (?:must|does not) match|commit_message_pattern", re.IGNORECASE),
        "set message in [tool.seatrial], that of the release commit, to what the remote asks for",
    ),
    (
        re.compile(
            r"GH0(?:06|13)[^\n]*refs/tags/|(?:create|update|delete)[^\n]* tag\b|protected tag|tag \S+ is protected"
            r"|'CreateTag'",
            re.IGNORECASE,
        ),
        "let yourself create the tag in the rules of the forge for tags",
    ),
)
"""What a forge reports of the rules that a push violates (GitHub: rulesets, push protection; GitLab: push rules), and
the fix. Those of a branch come last: `BRANCH_RULE`."""

BRANCH_RULE = re.compile(
    r"GH006|GH013|required status check|(?:through|by|use|need|require)[^\n]* (?:pull|merge) request|protected branch"
    r"|branch \S+ is protected|denied to (?:create|update|push to|delete) branch|merge queue|'CreateBranch'",
    re.IGNORECASE,
)
"""What a forge reports of a branch that takes no direct push: of this one, or of anybody."""

BRANCH_NAME = re.compile(r"branch name", re.IGNORECASE)
"""What a forge reports of a rule about the names of branches."""

BELOW_A_BRANCH = re.compile(r"'refs/heads/([^']+)' exists; cannot create 'refs/heads/\1/")
"""What git reports of a branch whose name begins with that of another and a slash."""


WARNING = re.compile(r"^(?:remote: *)?warning:.*$", re.IGNORECASE | re.MULTILINE)
"""What a push is not refused for, such as a file that is larger than a forge recommends."""

REQUEST = Command("release", "--pull-request")


def refusal_fix(output: str, remote: str, request: Command = REQUEST) -> str | None:
    """Return the fix for a push that a remote does not take, by what it reports; None for an unknown reason.

    ``remote``: its name; ``request``: what releases the same by a pull request.
    """
    output = WARNING.sub("", output)
    for rule, fix in FORGE_RULES:
        if rule.search(output):
            return fix
    if BRANCH_RULE.search(output):
        name = "merge request" if "GitLab" in output else "pull request"
        return (
            f"release by a {name}: {request}; "
            f"when it is merged: {Command('release')}, which pushes the tag alone\n"
            'always: through = "pull-request" in [tool.seatrial]; or let yourself push to the branch in the rules '
            "of the forge"
        )
    mirror = shlex.quote(f"remote.{remote}.mirror")
    return next((fix.format(mirror=mirror) for sign, fix in PUSH_FIXES if sign in output), None)


REF_LINE = re.compile(r"^.\t[^\t]*:(?:refs/(?:heads|tags)/)?([^\t:]+)\t(.*)$")
"""The line of a ref in the output of ``git push --porcelain``."""


def complete_push(
    repository: Repository, push: AtomicPush, trace: Path, progress: Progress, patience: float, again: Command
) -> tuple[PushState, str]:
    """Push a branch and a tag; when the connection is lost, ask the remote until the state is known.

    ``trace``: a file in which git records what it sends, for `was_sent`; ``patience``: seconds to ask; ``again``: what
    pushes the same version once more. Returns the state, which is accepted or unknown, and the output of git. Raises
    `PushRefused`.
    """
    state, output = _push_atomically(repository, push, trace)
    remote = push.upstream.remote
    if state is PushState.UNKNOWN:
        progress.note(f"the connection to {remote} was lost during the push: asking whether it has taken {push.tag}")
        state = settle_push(repository, push, progress, patience)
        if state is PushState.ACCEPTED:
            update_tracking_branch(repository, push.upstream)
    if state is PushState.REFUSED:
        _require_no_other_tag(repository, push)
        request = again.with_words("--pull-request") if again.words[0] == REQUEST.words[0] else REQUEST
        fix = refusal_fix(output, remote, request) or "fix that, then release again"
        raise _refused_error(remote, "", output, fix, after_part=lambda moved: _fix_after_part(push, moved, again))
    return state, last_lines(readable_output(output))


def _fix_after_part(push: AtomicPush, moved: str, again: Command) -> str:
    """Return the fix for a remote that has the branch without the tag, or the tag without the branch."""
    remote, name = push.upstream.remote, shlex.quote(push.upstream.remote)
    if moved == push.tag:
        # CI may be publishing what the tag names: the branch follows it.
        refspec = shlex.quote(f"{push.tag}^{{commit}}:{push.upstream.ref}")
        commands = (f"git fetch {name} tag {shlex.quote(push.tag)}", f"git push {name} {refspec}", "git pull --ff-only")
        return f"let {remote} accept the branch, then: {' && '.join(commands)}"
    return f"let {remote} accept the tag; then git pull --ff-only, and release the same version: {again}"


def _require_no_other_tag(repository: Repository, push: AtomicPush) -> None:
    """Raise `PushRefused` when somebody else has pushed the tag since the remote was asked: it says less itself."""
    name, remote = push.upstream.remote, None
    with contextlib.suppress(RemoteUnreachable):
        remote = read_remote(repository, push.upstream)
    if remote is None or remote.tags.get(push.tag) in {None, push.oid}:
        return
    commit = remote.tags.get(f"{push.tag}^{{}}", remote.tags[push.tag])
    is_same = commit == Git(repository.root).line("rev-parse", "--quiet", "--verify", f"{push.oid}^{{commit}}")
    raise PushRefused(
        f"somebody else has pushed the tag {push.tag} to {name} meanwhile, at "
        f"{'the same' if is_same else 'another'} commit, {commit[:12]}; this one was not pushed",
        fix=f"git pull --rebase, then take the tag: {retake_command(name, push.tag)}\n"
        f"then see what is left to release: {Command('status')}",
    )


def settle_push(repository: Repository, push: AtomicPush, progress: Progress, patience: float) -> PushState:
    """Ask the remote whether it has taken a push that was sent, until that is known or ``patience`` seconds are over.

    A remote that does not answer leaves the state unknown. Raises `CommandFailed` when the remote is not configured.
    """
    about = f"{push.upstream.remote} to take or refuse {push.tag}"
    return _ask_until_known(lambda: _ask(repository, push), about, progress, patience)


def _ask_until_known(ask: Callable[[], PushState], about: str, progress: Progress, patience: float) -> PushState:
    """Ask a remote until the state of a push is known, or ``patience`` seconds are over; ``about``: what it is."""
    end = time.monotonic() + patience
    for pause in itertools.chain(PAUSES, itertools.repeat(PAUSES[-1])):
        state = ask()
        remaining = end - time.monotonic()
        if state is not PushState.UNKNOWN or remaining <= 0:
            return state
        progress.report(f"waiting for {about}, {remaining:.0f} s at most")
        time.sleep(min(pause, remaining))
    return PushState.UNKNOWN


def push_unknown_error(push: AtomicPush, fix: str, output: str = "") -> ReleaseError:
    """Return the error about a push of which it is unknown whether the remote takes it; ``output``: that of git."""
    address = f" ({push.address})" if push.address else ""
    text = f"whether {push.upstream.remote}{address} takes {push.tag} is not known yet"
    return ReleaseError(f"{text}:\n{output}" if output else text, code="PushUnknown", fix=fix)


def begin_trace(repository: Repository, trace: Path) -> None:
    """Make an empty trace for a push; none where git does not write one (before 2.22, by a wrapper, on a full disk)."""
    trace.unlink(missing_ok=True)
    _tracing_git(repository, trace).run("rev-parse", "--git-dir")
    if '"event":"start"' in (trace.read_text(encoding="utf-8", errors="replace") if trace.is_file() else ""):
        trace.write_text("", encoding="utf-8")
    else:
        trace.unlink(missing_ok=True)


def traced_git(repository: Repository, trace: Path) -> Git:
    """Return a git that records what it sends in a trace; a plain git where `begin_trace` has left none."""
    return _tracing_git(repository, trace) if trace.is_file() else Git(repository.root)


def _tracing_git(repository: Repository, trace: Path) -> Git:
    return Git(repository.root, environment=(("GIT_TRACE2_EVENT", str(trace)),))


def was_sent(trace: Path) -> bool:
    """Whether git may have sent the push that a trace is of (Git, "Trace2 API").

    git sends the updates of refs and starts ``pack-objects`` for the objects, without which a remote takes no update.
    A helper for another protocol than http may do otherwise. True when there is no trace.
    """
    try:
        lines = trace.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return True
    return any(SENDING.fullmatch(word) for words in _started_commands(lines) for word in words[:2])


SENDING = re.compile(r"pack-objects|http-push|remote-(?!https?$).+")
"""The commands of git that send objects, and remote helpers (gitremote-helpers(7)) with a protocol of their own."""


def _started_commands(lines: list[str]) -> Iterator[list[str]]:
    """Yield the commands in a trace that git itself has started, without those of its hooks."""
    hook: tuple[object, object] | None = None
    for line in lines:
        try:
            event: dict[str, Any] = json.loads(line)
        except ValueError:
            # The last line, when git was killed.
            continue
        child = (event.get("sid"), event.get("child_id"))
        if hook is not None:
            # git waits for a hook, in which other commands of git may run.
            hook = None if event.get("event") == "child_exit" and child == hook else hook
        elif event.get("event") == "child_start" and event.get("child_class") == "hook":
            hook = child
        elif event.get("event") == "child_start":
            yield [str(word) for word in event.get("argv", [])]


def _push_atomically(repository: Repository, push: AtomicPush, trace: Path) -> tuple[PushState, str]:
    """Push, in the user's own repository with its credentials and its pre-push hook; return the state and the output.

    ``trace``: as `begin_trace` has left it. The remote takes it only while its branch is at ``base`` and it lacks the
    tag, so that the state can be seen later.
    """
    objects = push.objects
    leases = [f"--force-with-lease=refs/tags/{push.tag}:"]
    leases += [f"--force-with-lease={push.upstream.ref}:{push.base}"] if push.base and not push.is_tag_alone else []
    options = ("--atomic", "--porcelain", "--no-follow-tags", "--recurse-submodules=no", *leases)
    refspecs = (f"{source}:{ref}" for ref, source in objects.items())
    done = traced_git(repository, trace).attempt("push", *options, push.upstream.remote, *refspecs)
    output = redact(done.errors + done.output)
    reported = dict(states_of_refs(done.output))
    states = [reported.get(ref) for ref in objects]
    # Exit code 0 is not enough: settings can make it a push of nothing.
    if done.returncode == 0 and set(states) == {PushState.ACCEPTED}:
        return PushState.ACCEPTED, output
    if PushState.REFUSED in states or (None in states and not was_sent(trace)):
        return PushState.REFUSED, output
    return PushState.UNKNOWN, output


def _ask(repository: Repository, push: AtomicPush) -> PushState:
    """Ask the remote once whether it has taken a push."""
    try:
        remote = read_remote(repository, push.upstream)
    except RemoteUnreachable:
        return PushState.UNKNOWN
    # The push is atomic: when the tag arrived, the branch has the commit.
    if remote.tags.get(push.tag) == push.oid:
        return PushState.ACCEPTED
    if push.address is not None and push_address(repository, push.upstream.remote) != push.address:
        # Another repository does not answer.
        return PushState.UNKNOWN
    # The remote takes the push only while it lacks the tag and its branch is at the base. When the branch is at our
    # commit, the tag follows: a remote may move its refs one after the other.
    has_moved = push.base is not None and not push.is_tag_alone and remote.tip not in (push.base, push.commit)
    return PushState.REFUSED if has_moved or push.tag in remote.tags else PushState.UNKNOWN


def states_of_refs(output: str) -> Iterator[tuple[str, PushState]]:
    """Yield the refs of a push and their states, as the remote or git itself reports them (git-push(1), porcelain).

    "[remote failure]" is a connection that was lost before the remote's report.
    """
    for flag, ref, summary in _reports(output):
        state = PushState.REFUSED if flag == "!" else PushState.ACCEPTED
        yield ref, PushState.UNKNOWN if summary.startswith("[remote failure]") else state


def _reports(output: str) -> Iterator[tuple[str, str, str]]:
    """Yield the flag, the ref and the summary of each ref of a push."""
    # What comes before is the output of the pre-push hook.
    report = output.rpartition("\nTo ")[2] if "\nTo " in output else output
    for line in report.splitlines():
        if line.count("\t") > 1:
            flag, refs, summary = line.split("\t", 2)
            yield flag, refs.partition(":")[2], summary


UNMOVED = ("!", "=")
"""The flags of refs that a push has not moved: rejected, up to date."""


def _refused_error(remote: str, what: str, output: str, fix: str, *, after_part: Callable[[str], str]) -> PushRefused:
    """Return the error about a push (``what``: of what) that a remote did not take.

    git moves a branch although it rejects a tag that the remote hides (git-config(1), receive.hideRefs): ``after_part``
    returns the fix for the names of what has moved.
    """
    moved = ", ".join(ref.split("/", 2)[-1] for flag, ref, _ in _reports(output) if flag not in UNMOVED)
    text = f"{remote} did not take the push{what}; nothing has changed there"
    if moved:
        text, fix = f"{remote} took {moved} alone, although the push was atomic", after_part(moved)
    return PushRefused(f"{text}:\n{last_lines(readable_output(output))}", fix=fix)


def try_push(repository: Repository, upstream: Upstream) -> None:
    """Run every step of a push but the push itself. Raises `PushForbidden` when the remote does not let the user push.

    A commit that is not a fast-forward is no reason, and the remote's hooks do not run.
    """
    options = ("--dry-run", "--porcelain", "--no-verify", "--no-follow-tags", "--recurse-submodules=no")
    refspec = f"{repository.commit}:{upstream.ref}"
    done = Git(repository.root).attempt("push", *options, upstream.remote, refspec)
    if done.returncode and not any(line.count("\t") > 1 for line in done.output.splitlines()):
        failure = redact(done.errors + done.output)
        fix = refusal_fix(failure, upstream.remote) or f"git push --dry-run {upstream.remote}"
        what = f"{upstream.remote} does not let you push:\n{last_lines(failure)}"
        raise ReleaseError(what, code="PushForbidden", fix=fix)


def retake_command(remote: str, tag: str) -> str:
    """Return the command that replaces a local tag with that of the remote."""
    return f"git fetch --force {shlex.quote(remote)} {shlex.quote(f'refs/tags/{tag}:refs/tags/{tag}')}"


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


def read_branches(repository: Repository, remote: Remote, pattern: str) -> dict[str, str]:
    """Return the branches of a remote whose names match a pattern, and their commits. Raises `RemoteUnreachable`."""
    done = Git(repository.root).attempt("ls-remote", remote.source, f"{HEADS}{pattern}")
    if done.returncode:
        raise unreachable_error(remote.name, remote.addresses[0], done.errors)
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
    if push.options and "does not support push options" in output:
        # git has sent nothing.
        progress.note(f"{remote.name} takes no push options, so the push opens no request")
        return push_branch(repository, remote, replace(push, options=()), progress, patience)
    reported = dict(states_of_refs(done.output))
    refs = (f"{HEADS}{push.branch}", *(f"{HEADS}{name}" for name, _ in push.removed))
    states = [reported.get(ref) for ref in refs]
    if done.returncode == 0 and set(states) == {PushState.ACCEPTED}:
        return remote_messages(redact(done.errors))
    if PushState.REFUSED not in states and (may_have_arrived or None not in states):
        progress.note(f"the connection to {remote.name} was lost during the push: asking whether it has {push.branch}")
        about = f"{remote.name} to take or refuse {push.branch}"
        state = _ask_until_known(lambda: _ask_remote(repository, remote, push), about, progress, patience)
        if state is PushState.ACCEPTED:
            return ()
        if state is PushState.UNKNOWN:
            raise ReleaseError(
                f"whether {remote.name} takes {push.branch} is not known yet:\n{last_lines(readable_output(output))}",
                code="PushUnknown",
                fix="run the same command again: it goes on from what the remote has then",
            )
    again = f"let {remote.name} accept the rest, then run the same command again"
    fix = _fix_of(push, output, remote.name)
    raise _refused_error(remote.name, f" of {push.branch}", output, fix, after_part=lambda _: again)


def _fix_of(push: BranchPush, output: str, remote: str) -> str:
    fix = refusal_fix(output, remote)
    refused = {ref[len(HEADS) :] for flag, ref, summary in _reports(output) if flag == "!" and "atomic" not in summary}
    kept = [name for name, _ in push.removed if name in refused]
    if kept:
        return (
            f"let yourself delete {', '.join(kept)}, in the settings of the forge; or have that deleted, and run the "
            "same command again"
        )
    if BRANCH_NAME.search(output) or (fix and BRANCH_RULE.search(output) and "pull-request" in fix):
        rule = "force-push" if push.expected and "force" in output else "push"
        return (
            f"let yourself {rule} branches like {push.branch}, in the settings of the forge; or name them otherwise: "
            "release-branch in [tool.seatrial]"
        )
    if match := BELOW_A_BRANCH.search(output):
        return (
            "name the branches of releases otherwise: release-branch in [tool.seatrial]\n"
            f"or, if {match[1]} is not needed: git push {shlex.quote(remote)} --delete {shlex.quote(match[1])}"
        )
    return fix or "fix that, then run the same command again"


REMOTE_LINE = re.compile(r"^remote:[ \t]?(.*?)[ \t]*$")


def readable_output(output: str) -> str:
    """Return what a push has printed, with the name of each ref and its state (git-push(1), porcelain).

    The ids of the objects, the address and the last line of that form are left out.
    """
    lines = (line for line in output.splitlines() if line != "Done" and not re.match(r"To \S+$", line))
    return "\n".join(REF_LINE.sub(r"\1: \2", line) for line in lines)


def remote_messages(errors: str) -> tuple[str, ...]:
    """Return the lines that a remote sends to whoever pushes, such as the address of a merge request."""
    matches = (REMOTE_LINE.match(line) for line in errors.splitlines())
    return tuple(match[1] for match in matches if match and match[1])


def _ask_remote(repository: Repository, remote: Remote, push: BranchPush) -> PushState:
    try:
        commit = read_branches(repository, remote, push.branch).get(push.branch)
    except RemoteUnreachable:
        return PushState.UNKNOWN
    if commit == push.commit:
        return PushState.ACCEPTED
    # The remote takes the push only while its branch is where it was.
    return PushState.UNKNOWN if commit == push.expected else PushState.REFUSED
