"""The status of a project between two releases: its last release, on CI and the index, and the request of the next."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from concurrent import futures
from dataclasses import dataclass, replace
from enum import Enum
from functools import partial
from typing import TYPE_CHECKING

from seatrial.commands import TASK_PLACEHOLDER, Command
from seatrial.errors import IndexUnreachable, Reasons, SeatrialError, count_text
from seatrial.events import SILENT, Progress
from seatrial.git.command import is_hidden
from seatrial.git.push import PushState, retake_command
from seatrial.git.repository import (
    BranchStatus,
    Repository,
    count_commits_since,
    object_of_tag,
    read_branch_status,
    read_remote,
    uncommitted_files,
)
from seatrial.index.client import ProjectFiles, in_thread, read_project_files
from seatrial.index.destination import Destination, find_destination
from seatrial.project.changelog import ChangelogSettings, UnreleasedChangelog
from seatrial.publish.release_on_index import IndexState, ReleaseOnIndex
from seatrial.publish.request_status import RequestState, RequestStatus, read_request_status
from seatrial.publish.tagged_release import CiRuns, TaggedRelease, read_ci_runs
from seatrial.publish.verify import finish_command
from seatrial.redaction import redacted_address
from seatrial.release.manifest import Manifest
from seatrial.release.plan import first_of
from seatrial.release.preconditions import (
    OF_THE_CHECKOUT,
    Preconditions,
    PushTarget,
    local_reasons,
    remote_reasons,
    require_branch,
    require_commit,
    require_free_tag,
)
from seatrial.release.prepare import require_tags
from seatrial.release.push import read_interrupted_release
from seatrial.release.request_branch import may_have_request

if TYPE_CHECKING:
    from packaging.version import Version

    from seatrial.project.snapshot import ProjectSnapshot


PUSH = Command("push")

STATUS_TIMEOUT = 5
"""Seconds that an index may take in all: the status is shown without it then."""


PUSH_TIMEOUT = 10
"""Seconds to ask the remote about a release that was interrupted while it was pushed."""


@dataclass(frozen=True)
class BranchOnRemote:
    """A branch, compared with the branch of a remote that it follows.

    ``name``: None when HEAD is detached; ``upstream``: None when it follows none; ``counts``: None when they are
    unknown, for ``reason``.
    """

    name: str | None
    upstream: str | None = None
    counts: BranchStatus | None = None
    reason: str | None = None

    def as_dict(self) -> dict[str, object]:
        """Return it as a JSON object."""
        return {
            "name": self.name,
            "upstream": self.upstream,
            "ahead": self.counts.ahead if self.counts else None,
            "behind": self.counts.behind if self.counts else None,
            "reason": self.reason,
        }

    def __str__(self) -> str:
        """Return it in a line."""
        if self.name is None:
            return "none: HEAD is detached"
        if self.upstream is None:
            return f"{self.name}, which follows no branch of a remote"
        if self.counts is None:
            return f"{self.name}, unknown to the remote: {self.reason}"
        return f"{self.name} to {self.upstream}: {self.counts.ahead} ahead, {self.counts.behind} behind"


class ReleaseState(Enum):
    """The state of the last release, where it is not that on the index (`IndexState`)."""

    NOT_PUSHED = "not pushed"
    TAG_DIFFERS = "another tag on the remote"
    UNKNOWN = "unknown"
    NOT_COMPARED = "there, not compared"


@dataclass(frozen=True)
class ReleaseStatus:
    """The state of the last release.

    ``remote``: the name of the remote, where that decides the state; ``on_index``: None when the index was not asked or
    did not answer; ``has_manifest``: whether the files there were compared with those of the release; ``reason``: why
    the state is unknown; ``runs``: those of CI, None when they were not asked for.
    """

    tag: str
    state: ReleaseState | IndexState
    remote: str | None = None
    on_index: ReleaseOnIndex | None = None
    has_manifest: bool = False
    reason: str | None = None
    runs: CiRuns | None = None

    def as_dict(self) -> dict[str, object]:
        """Return it as a JSON object."""
        on_index, runs = self.on_index, self.runs.runs if self.runs else None
        return {
            "tag": self.tag,
            "state": self.state.name.lower(),
            "index": on_index.index if on_index else None,
            "missing": list(on_index.missing) if on_index and self.has_manifest else None,
            "reason": self.reason,
            "ci": None if runs is None else [run.as_dict() for run in runs],
        }

    def __str__(self) -> str:
        """Return a line about the release, and one about CI."""
        if self.state is ReleaseState.NOT_PUSHED:
            return f"{self.tag} is not on {self.remote}"
        if self.state is ReleaseState.TAG_DIFFERS:
            return f"{self.tag} is another tag here than on {self.remote}"
        ci_line = f"\nCI         {self.runs}" if self.runs and str(self.runs) else ""
        if self.on_index is None:
            return f"{self.tag}, unknown to the index: {self.reason}{ci_line}"
        state, count = self.state.value, ""
        if self.state is ReleaseState.NOT_COMPARED:
            state = f"{state} ({Command('verify', '--version', self.on_index.version)})"
        if self.state is IndexState.PARTLY:
            count = f"{self.on_index.counted}, "
        return f"{self.tag} is {state}: {count}{self.on_index.index}{ci_line}"


@dataclass(frozen=True)
class ProjectStatus:
    """The status of a project.

    ``commits``: how many came after the last tag; ``fragments``: how many wait; ``part`` and ``next_version``: the part
    of the version that they ask for, and the version that it leads to; ``unfinished``: the tag of a release that was
    pushed, when the checkout was not updated to it; ``undecided``: the tag of a release of which it is unknown whether
    the remote takes it; ``release``: the last release, None when it was not looked at; ``finish``: the command that
    finishes it, None for none; ``is_untagged``: whether the version in the files has no tag; ``has_changelog``: whether
    a release without fragments needs ``--allow-empty``; ``has_fragments``: whether they are files of their own, and
    not notes in the changelog; ``ignored``: those that git ignores, which are in no release; ``uncommitted``: the paths
    that differ from HEAD; ``reasons``: what the repository or the remote refuses a release for; ``request``: the
    release that waits to be merged, None for none.
    """

    project: str
    version: Version
    last_tag: str | None
    commits: int
    fragments: int
    part: str
    next_version: Version
    branch: BranchOnRemote
    unfinished: str | None = None
    undecided: str | None = None
    release: ReleaseStatus | None = None
    finish: Command | str | None = None
    is_untagged: bool = False
    has_changelog: bool = False
    has_fragments: bool = True
    ignored: tuple[str, ...] = ()
    uncommitted: tuple[str, ...] = ()
    reasons: tuple[SeatrialError, ...] = ()
    request: RequestStatus | None = None

    def as_dict(self) -> dict[str, object]:
        """Return it as a JSON object (docs/json.md)."""
        command, _ = self.next_step
        return {
            "project": self.project,
            "version": str(self.version),
            "is_untagged": self.is_untagged,
            "last_tag": self.last_tag,
            "commits_since_tag": self.commits,
            "fragments": self.fragments,
            "part": self.part,
            "next_version": str(self.next_version),
            "branch": self.branch.as_dict(),
            "ignored_fragments": list(self.ignored),
            "uncommitted": list(self.uncommitted),
            "unfinished": self.unfinished,
            "undecided": self.undecided,
            "release": self.release.as_dict() if self.release else None,
            "request": self.request.as_dict() if self.request else None,
            "next": command.as_dict() if isinstance(command, Command) else command and _foreign_command(command),
        }

    def __str__(self) -> str:
        """Return a line for each fact, and the next command."""
        commits = count_text(self.commits, "commit")
        size = "" if self.part == "auto" else f"a {self.part} release: "
        request = f", for {size}{self.next_version}" if self.fragments else ""
        lacks_tags = any(reason.code == "TagsMissing" for reason in self.reasons)
        no_tag = "and its tags are not fetched" if lacks_tags else "no tag yet"
        lines = [
            f"{self.project} {self.version}, {'which has no tag, ' * self.is_untagged}"
            + (f"{commits} since {self.last_tag}" if self.last_tag else f"{commits}, {no_tag}"),
            f"{'fragments' if self.has_fragments else 'notes':9}  {self.fragments or 'none'}{request}",
            *([f"ignored    by git, so not in a release: {first_of(self.ignored)}"] if self.ignored else []),
            f"branch     {self.branch}",
        ]
        if self.uncommitted:
            lines.append(f"changes    not committed, so not part of a release: {first_of(self.uncommitted)}")
        if self.release:
            lines.append(f"release    {self.release}")
        if self.request:
            lines.append(f"request    {self.request}")
        command, reason = self.next_step
        lines.append(f"next       {': '.join(str(text) for text in (command or 'nothing', reason) if text)}")
        return "\n".join(lines)

    @property
    def next_step(self) -> tuple[Command | str | None, str | None]:
        """The command to type next, None where there is nothing to do, and the reason for it where it needs one."""
        return next(self._steps())

    def _steps(self) -> Iterator[tuple[Command | str | None, str | None]]:
        """Yield what is to be done, the most urgent first."""
        if self.unfinished:
            diverged = next((reason for reason in self.reasons if reason.code == "BranchDiverged"), None)
            finishing = self.finish or (_command_of(diverged) if diverged else None) or Command("release")
            yield finishing, f"{self.unfinished} was pushed, and the checkout is not updated"
        if self.undecided:
            yield Command("release", "--resume"), f"whether the remote takes {self.undecided} is not known yet"
        yield from self._request_steps(is_merged=True)
        if self.finish and self.finish != PUSH:
            yield self.finish, None
        for reason in self.reasons:
            # A request is made on top of the remote's branch.
            has_request = self.request is not None and self.request.state is not RequestState.UNKNOWN
            command = None if has_request and reason.code in OF_THE_CHECKOUT else _command_of(reason)
            if command:
                yield command, reason.headline
        if self.finish:
            yield self.finish, None
        yield from self._request_steps(is_merged=False)
        if self.is_untagged:
            yield Command("release", "--version", self.version), None
        if self.fragments or not self.has_changelog:
            yield Command("release", "--part", self.part), None
        if self.commits or not self.last_tag:
            yield Command("news", "feature", "What is new."), "a release needs a note for its changelog entry"
        yield None, f"no commit and no note since {self.last_tag}"

    def _request_steps(self, *, is_merged: bool) -> Iterator[tuple[Command | str | None, str | None]]:
        """Yield the step of a request that was merged, or of another; none of one whose state is unknown."""
        step = self.request.next_step if self.request else None
        if self.request is None or step is None:
            return
        if (self.request.state in (RequestState.MERGED, RequestState.TOO_LATE)) == is_merged:
            yield step


GIT_COMMAND = re.compile(r"(?:^|: )(git .+?)(?= or |[,;\n]|$)")


def _command_of(reason: SeatrialError) -> Command | str | None:
    """Return the first command of a fix, None for one of another program than git and seatrial."""
    if reason.fix.startswith(TASK_PLACEHOLDER):
        return Command(*shlex.split(reason.fix.splitlines()[0])[1:])
    match = GIT_COMMAND.search(reason.fix)
    return match[1] if match else None


def _foreign_command(text: str) -> dict[str, object]:
    """Return a command of another program as `Command.as_dict` returns one of seatrial."""
    program, *words = shlex.split(text)
    return {"text": text, "program": program, "words": words}


def read_status(
    repository: Repository,
    snapshot: ProjectSnapshot,
    environ: Mapping[str, str],
    progress: Progress = SILENT,
    patience: float = STATUS_TIMEOUT,
) -> ProjectStatus:
    """Return the status of a project, with that of its last release.

    ``environ``: for the index that is configured; ``patience``: seconds for the index. Nothing is built for it: without
    a manifest, the files on the index are not compared. A remote or an index that does not answer is part of the
    status, and no error. Raises `DestinationUnknown`.
    """
    status = _read_git_status(repository, snapshot, progress)
    if not snapshot.last_tag or status.release:
        return status
    tagged = TaggedRelease.of(repository, snapshot, snapshot.last_version)
    destination = find_destination(None, snapshot.config, environ)
    runs = read_ci_runs(tagged)
    release = ReleaseStatus(tagged.tag, ReleaseState.UNKNOWN, runs=runs)
    try:
        on_index, has_manifest = _read_release(tagged, destination, patience)
    except IndexUnreachable as error:
        return replace(status, release=replace(release, reason=error.what))
    state: ReleaseState | IndexState = on_index.state
    if state is IndexState.PUBLISHED and not has_manifest:
        state = ReleaseState.NOT_COMPARED
    release = replace(release, state=state, on_index=on_index, has_manifest=has_manifest)
    return replace(status, release=release, finish=_finish_command(on_index, runs, destination, status))


def _read_git_status(repository: Repository, snapshot: ProjectSnapshot, progress: Progress) -> ProjectStatus:
    """Return the status of a project on its remote."""
    is_untagged = snapshot.is_untagged and bool(snapshot.last_tag)
    following, part = snapshot.version_for("auto"), snapshot.requested.part
    status = ProjectStatus(
        project=snapshot.project.name,
        version=snapshot.current,
        last_tag=snapshot.last_tag,
        commits=count_commits_since(repository, snapshot.last_tag) if repository.commit else 0,
        fragments=len(snapshot.fragments),
        part=part if is_untagged or snapshot.version_for(part) == following else "auto",
        next_version=following,
        is_untagged=is_untagged,
        branch=BranchOnRemote(repository.branch, str(repository.upstream) if repository.upstream else None),
        has_changelog=snapshot.news is not None,
        has_fragments=not isinstance(snapshot.news, UnreleasedChangelog),
        ignored=_ignored_fragments(repository, snapshot),
        uncommitted=uncommitted_files(repository),
    )
    upstream, tag = repository.upstream, status.last_tag
    if repository.commit is None or upstream is None:
        return replace(status, reasons=_local_reasons(repository))
    try:
        status = _with_interrupted_release(status, repository, progress)
        remote = read_remote(repository, upstream)
        counts = read_branch_status(repository, upstream, remote)
    except SeatrialError as error:
        branch = replace(status.branch, reason=error.headline)
        return replace(status, branch=branch, reasons=(*_local_reasons(repository), error))
    target = PushTarget(repository.branch or "", upstream)
    reasons = Reasons((*_local_reasons(repository), *remote_reasons(repository, target, remote, counts)))
    preconditions = Preconditions(repository, repository.commit, target, remote, counts)
    with reasons.gather():
        require_branch(preconditions, snapshot.config.branch)
    with reasons.gather():
        require_tags(preconditions, partial(object_of_tag, repository), snapshot, of_earlier_releases=True)
    with reasons.gather():
        if status.fragments or not status.has_changelog:
            require_free_tag(preconditions, snapshot, status.next_version)
    status = replace(status, branch=replace(status.branch, counts=counts), reasons=tuple(reasons))
    if snapshot.config.through == "pull-request" or may_have_request(repository):
        status = replace(status, request=read_request_status(preconditions, snapshot))
    if tag is None or status.unfinished or status.undecided:
        return status
    if tag not in remote.tags:
        release = ReleaseStatus(tag, ReleaseState.NOT_PUSHED, upstream.remote)
        is_current = snapshot.current == snapshot.last_version
        return replace(status, release=release, finish=PUSH if is_current else f"git push {upstream.remote} {tag}")
    if object_of_tag(repository, tag) != remote.tags[tag]:
        release = ReleaseStatus(tag, ReleaseState.TAG_DIFFERS, upstream.remote)
        return replace(status, release=release, finish=retake_command(upstream.remote, tag))
    return status


def _ignored_fragments(repository: Repository, snapshot: ProjectSnapshot) -> tuple[str, ...]:
    """Return the fragments in the checkout that git ignores."""
    committed = {fragment.path for fragment in snapshot.fragments}
    files = snapshot.news.fragments_in(repository.project) if isinstance(snapshot.news, ChangelogSettings) else ()
    return tuple(str(path) for path in files if path not in committed and is_hidden(repository.project, str(path)))


def _local_reasons(repository: Repository) -> tuple[SeatrialError, ...]:
    reasons = Reasons()
    with reasons.gather():
        require_commit(repository)
    reasons.extend(local_reasons(repository))
    return tuple(reasons)


def _with_interrupted_release(status: ProjectStatus, repository: Repository, progress: Progress) -> ProjectStatus:
    interrupted = read_interrupted_release(repository, progress, PUSH_TIMEOUT)
    if interrupted is None or interrupted.is_here or interrupted.state is PushState.REFUSED:
        return status
    if interrupted.state is PushState.UNKNOWN:
        return replace(status, undecided=interrupted.tag)
    push = interrupted.release_push.push
    is_other = object_of_tag(repository, push.tag) not in (None, push.oid)
    retake = retake_command(push.upstream.remote, push.tag) if is_other else None
    return replace(status, unfinished=push.tag, finish=retake)


def _read_release(tagged: TaggedRelease, destination: Destination, patience: float) -> tuple[ReleaseOnIndex, bool]:
    """Compare the files on the index with the manifest; return whether there is one to compare with."""
    project_files = _read_index(destination.simple, tagged.name, patience)
    files = project_files.of_release(tagged.version)
    manifest = Manifest.recall(tagged.repository)
    if manifest and not manifest.is_of(tagged.tag, tagged.commit):
        manifest = None
    hashes = manifest.hashes if manifest else {}
    # Without a manifest it is unknown which files are missing, unless all are.
    hashes = hashes or {file.name: file.sha256 for file in files} or {"the files of the release": ""}
    on_index = ReleaseOnIndex(
        project=tagged.name,
        version=str(tagged.version),
        index=redacted_address(destination.simple),
        hashes=hashes,
        served=files,
        has_project=bool(project_files.files),
        is_rebuilt=manifest is not None and manifest.is_rebuilt,
    )
    return on_index, manifest is not None


def _read_index(simple: str, name: str, patience: float) -> ProjectFiles:
    """Return the files on an index. Raises `IndexUnreachable`, also when all of it takes longer than ``patience``."""
    try:
        return in_thread(read_project_files, simple, name, patience).result(timeout=patience)
    except futures.TimeoutError:
        text = f"{redacted_address(simple)} does not answer within {patience:g} seconds"
        raise IndexUnreachable(text, fix="try again later") from None


def _finish_command(
    on_index: ReleaseOnIndex, runs: CiRuns, destination: Destination, status: ProjectStatus
) -> Command | str | None:
    """Return the command that finishes the release, None for a project that is not published at all."""
    if on_index.state is IndexState.YANKED and status.fragments:
        return None
    is_published = on_index.has_project or runs.publishing.workflow is not None
    return finish_command(on_index, runs, destination) if is_published else None
