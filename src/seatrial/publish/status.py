"""The status of a project between two releases, and of its last release on CI and the index."""

from __future__ import annotations

from concurrent import futures
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from seatrial.commands import Command
from seatrial.errors import IndexUnreachable, SeatrialError, count_text
from seatrial.events import SILENT
from seatrial.git.push import PushState, retake_command
from seatrial.git.repository import count_commits_since, object_of_tag, read_branch_status, read_remote
from seatrial.index.client import in_thread, read_project_files
from seatrial.index.targets import find_destination
from seatrial.project.versions import next_version
from seatrial.publish.ci_runs import read_ci_runs
from seatrial.publish.state import IndexState, ReleaseOnIndex
from seatrial.publish.tagged_release import TaggedRelease
from seatrial.publish.verify import finish_command
from seatrial.redaction import redacted_address
from seatrial.release.manifest import Manifest
from seatrial.release.push import read_interrupted_release

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.version import Version

    from seatrial.events import Progress
    from seatrial.git.repository import Repository
    from seatrial.index.client import ProjectFiles
    from seatrial.index.targets import Destination
    from seatrial.project.snapshot import ProjectSnapshot
    from seatrial.publish.ci_runs import CiRuns


STATUS_TIMEOUT = 5
"""Seconds that an index may take in all: the status is shown without it then."""


PUSH_TIMEOUT = 10
"""Seconds to ask the remote about a release that was interrupted while it was pushed."""


@dataclass(frozen=True)
class ProjectStatus:
    """The status of a project.

    ``fragments``: how many wait; ``part`` and ``following``: the part of the version that they ask for, and the version
    that it leads to; ``since``: commits after the last tag; ``branch``: the branch compared with its upstream branch,
    in words; ``unfinished``: the tag of a release that was pushed, when the checkout was not updated to it;
    ``undecided``: the tag of a release of which it is unknown whether the remote takes it; ``release``: the state of
    the last release in words, ``finish``: the command that finishes it; None for none.
    """

    project: str
    version: Version
    last_tag: str | None
    since: int
    fragments: int
    part: str
    following: Version
    branch: str
    unfinished: str | None = None
    undecided: str | None = None
    release: str | None = None
    finish: Command | str | None = None
    is_untagged: bool = False

    def as_dict(self) -> dict[str, Any]:
        """Return it as a JSON object; versions are strings."""
        return {
            "project": self.project,
            "version": str(self.version),
            "last_tag": self.last_tag,
            "since": self.since,
            "fragments": self.fragments,
            "asked": self.part,
            "following": str(self.following),
            "branch": self.branch,
            "unfinished": self.unfinished,
            "undecided": self.undecided,
            "release": self.release,
            "finish": self.finish,
            "untagged": self.is_untagged,
        }

    def __str__(self) -> str:
        """Return a line for each fact, and the next command."""
        commits = count_text(self.since, "commit")
        lines = [
            f"{self.project} {self.version}, {'which has no tag, ' * self.is_untagged}"
            + (f"{commits} since {self.last_tag}" if self.last_tag else f"{commits}, no tag yet"),
            f"fragments  {self.fragments}, which ask for {self.part}: {self.following}",
            f"branch     {self.branch}",
        ]
        if self.release:
            lines.append(f"release    {self.release}")
        if self.unfinished:
            lines.append(
                f"next       {Command('release')}: {self.unfinished} was pushed, and the checkout is not updated"
            )
        elif self.undecided:
            why = f"whether the remote takes {self.undecided} is not known yet"
            lines.append(f"next       {Command('release', '--resume')}: {why}")
        else:
            lines.append(f"next       {self.finish or self._release_command}")
        return "\n".join(lines)

    @property
    def _release_command(self) -> Command:
        if self.is_untagged:
            return Command("release", "--version", str(self.version))
        return Command("release", "--part", self.part)


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
    destination = find_destination("", snapshot.config, environ)
    runs = read_ci_runs(tagged)
    ci_line = f"\nCI         {runs}" if str(runs) else ""
    try:
        on_index, remark = _read_release(tagged, destination, patience)
    except IndexUnreachable as error:
        return replace(status, release=f"{tagged.tag}, unknown to the index: {error.what}{ci_line}")
    count = f"{on_index.counted}, " if on_index.state is IndexState.PARTLY else ""
    text = f"{tagged.tag} is {remark or on_index.state.value}: {count}{on_index.index}{ci_line}"
    return replace(status, release=text, finish=_finish_command(on_index, runs, destination, status))


def _read_git_status(repository: Repository, snapshot: ProjectSnapshot, progress: Progress) -> ProjectStatus:
    """Return the status of a project on its remote."""
    is_untagged = snapshot.is_untagged and bool(snapshot.last_tag)
    status = ProjectStatus(
        project=snapshot.project.name,
        version=snapshot.current,
        last_tag=snapshot.last_tag or None,
        since=count_commits_since(repository, snapshot.last_tag) if repository.commit else 0,
        fragments=len(snapshot.fragments),
        part=snapshot.asked.part,
        following=snapshot.current if is_untagged else next_version(snapshot.current, snapshot.asked.part),
        is_untagged=is_untagged,
        branch=repository.branch or "no branch",
    )
    upstream, tag = repository.upstream, status.last_tag
    if upstream is None:
        return replace(status, branch=f"{status.branch}, which follows no branch of a remote")
    try:
        status = _with_interrupted_release(status, repository, progress)
        remote = read_remote(repository, upstream)
        branch_status = read_branch_status(repository, upstream, remote)
    except SeatrialError as error:
        return replace(status, branch=f"{status.branch}, unknown to the remote: {error.what.splitlines()[0]}")
    branch = f"{status.branch} to {upstream}: {branch_status.ahead} ahead, {branch_status.behind} behind"
    status = replace(status, branch=branch)
    if tag is None or status.unfinished or status.undecided:
        return status
    if tag not in remote.tags:
        return replace(status, release=f"{tag} is not on {upstream.remote}", finish=Command("push"))
    if object_of_tag(repository, tag) != remote.tags[tag]:
        release = f"{tag} is another tag here than on {upstream.remote}"
        return replace(status, release=release, finish=retake_command(upstream.remote, tag))
    return status


def _with_interrupted_release(status: ProjectStatus, repository: Repository, progress: Progress) -> ProjectStatus:
    interrupted = read_interrupted_release(repository, progress, PUSH_TIMEOUT)
    if interrupted is None or interrupted.is_here or interrupted.state is PushState.REFUSED:
        return status
    if interrupted.state is PushState.UNKNOWN:
        return replace(status, undecided=interrupted.tag)
    return replace(status, unfinished=interrupted.tag)


def _read_release(
    tagged: TaggedRelease, destination: Destination, patience: float
) -> tuple[ReleaseOnIndex, str | None]:
    """Compare the files on the index with the manifest; return a remark when there is no manifest."""
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
    if manifest is None and on_index.state is IndexState.PUBLISHED:
        return on_index, f"there, not compared ({Command('verify', '--version', tagged.version)})"
    return on_index, None


def _read_index(simple: str, name: str, patience: float) -> ProjectFiles:
    """Return the files on an index. Raises `IndexUnreachable`, also when all of it takes longer than ``patience``."""
    try:
        return in_thread(read_project_files, simple, name, patience).result(timeout=patience)
    except futures.TimeoutError:
        what = f"{redacted_address(simple)} does not answer within {patience:g} seconds"
        raise IndexUnreachable(what, fix="try again later") from None


def _finish_command(
    on_index: ReleaseOnIndex, runs: CiRuns, destination: Destination, status: ProjectStatus
) -> Command | str | None:
    """Return the command that finishes the release, None for a project that is not published at all."""
    if on_index.state is IndexState.YANKED and status.fragments:
        return None
    is_published = on_index.has_project or runs.publishing.workflow is not None
    return finish_command(on_index, runs, destination) if is_published else None
