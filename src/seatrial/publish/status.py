"""The status of a project between two releases, and of its last release on CI and the index."""

from __future__ import annotations

import os
from concurrent import futures
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from seatrial.errors import IndexUnreachable, SeatrialError
from seatrial.git.push import retake_command
from seatrial.git.repository import count_commits_since, object_of_tag, read_branch_status, read_remote
from seatrial.index.client import in_thread, read_project_files
from seatrial.index.targets import find_destination
from seatrial.invocation import task_command
from seatrial.project.versions import next_version
from seatrial.publish.ci_runs import read_ci_runs
from seatrial.publish.state import IndexState, ReleaseOnIndex
from seatrial.publish.tagged_release import TaggedRelease
from seatrial.publish.verify import finish_command
from seatrial.redaction import redacted_address
from seatrial.release.manifest import Manifest
from seatrial.release.push import unfinished_release

if TYPE_CHECKING:
    from collections.abc import Mapping

    from packaging.version import Version

    from seatrial.git.repository import Repository
    from seatrial.index.client import ProjectFiles
    from seatrial.index.targets import Destination
    from seatrial.project.snapshot import ProjectSnapshot
    from seatrial.publish.ci_runs import CiRuns


STATUS_TIMEOUT = 5
"""Seconds that an index may take in all: a look at where things stand waits for nobody."""


def read_status(
    repository: Repository, snapshot: ProjectSnapshot, found: ReleaseStatus, patience: float = STATUS_TIMEOUT
) -> ReleaseStatus:
    """Return where a project stands, with what became of its last release; ``patience``: seconds for the index.

    Nothing is built for it: where no proof is kept, the bytes are not compared. An index that does not answer is told,
    and no error. Raises `DestinationUnknown`.
    """
    if not snapshot.last_tag or found.release:
        return found
    tagged = TaggedRelease.of(repository, snapshot, snapshot.last_version)
    where = find_destination("", snapshot.config, os.environ)
    known = read_ci_runs(tagged)
    try:
        delivery, remark = _read_release(tagged, where, patience)
    except IndexUnreachable as error:
        return replace(found, release=_with_remark(known, f"{tagged.tag}, unknown to the index: {error.what}"))
    said = f"{tagged.tag} is {remark or delivery.state.value}: {_count(delivery)}{delivery.index}"
    return replace(found, release=_with_remark(known, said), finish=_finish_command(delivery, known, where, found))


def _read_release(tagged: TaggedRelease, where: Destination, patience: float) -> tuple[ReleaseOnIndex, str]:
    """Compare what the index has with the proof, where one is kept; return a remark where there is none."""
    served = _read_index(where.simple, tagged.name, patience)
    files = served.of_release(tagged.version)
    manifest = Manifest.recall(tagged.repository)
    has_proof = manifest is not None and (manifest.tag, manifest.commit) == (tagged.tag, tagged.commit)
    wanted = {one.path.name: one.sha256 for one in manifest.files} if manifest and has_proof else {}
    # Without a proof, nothing is known of what is missing, but a release without any file.
    wanted = wanted or {one.name: one.sha256 for one in files} or {"the files of the release": ""}
    again = manifest is not None and has_proof and manifest.is_rebuilt
    found = ReleaseOnIndex(
        tagged.name, str(tagged.version), redacted_address(where.simple), wanted, files, bool(served.files), again
    )
    is_guess = not has_proof and found.state is IndexState.PUBLISHED
    compare = task_command(f"verify --version {tagged.version}")
    return found, f"there, not compared ({compare})" if is_guess else ""


def _read_index(simple: str, name: str, patience: float) -> ProjectFiles:
    """Return what an index has. Raises `IndexUnreachable`, also when it takes long, in whichever way it does that."""
    try:
        return in_thread(read_project_files, simple, name, patience).result(timeout=patience)
    except futures.TimeoutError:
        said = f"{redacted_address(simple)} does not answer within {patience:g} seconds"
        raise IndexUnreachable(said, fix="try again later") from None


def _count(delivery: ReleaseOnIndex) -> str:
    return f"{delivery.counted}, " if delivery.state is IndexState.PARTLY else ""


def _with_remark(known: CiRuns, said: str) -> str:
    return f"{said}\nCI         {known}" if str(known) else said


def _finish_command(delivery: ReleaseOnIndex, known: CiRuns, where: Destination, found: ReleaseStatus) -> str:
    """Return the command that finishes the release, "" where nothing says that it is to be published at all."""
    if delivery.state is IndexState.YANKED and found.fragments:
        return ""
    is_wanted = delivery.known or known.publishing.workflow is not None
    return finish_command(delivery, known, where) if is_wanted else ""


@dataclass(frozen=True)
class ReleaseStatus:
    """What ``invoke status`` tells.

    ``fragments``: how many wait; ``asked`` and ``following``: the part that they ask for, and where it leads;
    ``since``: commits after the last tag; ``branch``: how the branch stands to the remote's, or why nobody knows;
    ``unfinished``: the release that was pushed and needs to be caught up with, "" for none; ``release``: what became of
    the last one, "" where nobody asked; ``finish``: the command that finishes it, "" where it is finished.
    """

    project: str
    version: Version
    last_tag: str
    since: int
    fragments: int
    asked: str
    following: Version
    branch: str
    unfinished: str
    release: str = ""
    finish: str = ""

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON has it; versions are strings."""
        return {**self.__dict__, "version": str(self.version), "following": str(self.following)}

    def __str__(self) -> str:
        """Return a line for each fact, and the next command."""
        counted = (
            f"{self.since} commits since {self.last_tag}" if self.last_tag else f"{self.since} commits, no tag yet"
        )
        lines = [
            f"{self.project} {self.version}, {counted}",
            f"fragments  {self.fragments}, which ask for {self.asked}: {self.following}",
            f"branch     {self.branch}",
        ]
        if self.release:
            lines.append(f"release    {self.release}")
        if self.unfinished:
            lines.append(
                f"next       {task_command('release')}: {self.unfinished} was pushed, and has to be caught up with"
            )
        else:
            lines.append(f"next       {self.finish or task_command(f'release --part {self.asked}')}")
        return "\n".join(lines)


def read_release_status(repository: Repository, snapshot: ProjectSnapshot) -> ReleaseStatus:
    """Ask the remote how a project, as it is in the checkout, stands to it.

    A remote that does not answer is told, and no error.
    """
    left, release, finish = "", "", ""
    try:
        if not repository.remote:
            branch = f"{repository.branch or 'no branch'}, which follows no branch of a remote"
        else:
            unfinished = unfinished_release(repository)
            left = unfinished.tag if unfinished else ""
            remote = read_remote(repository)
            told = read_branch_status(repository, remote)
            if snapshot.last_tag and not left and snapshot.last_tag not in remote.tags:
                release, finish = f"{snapshot.last_tag} is not on {repository.remote}", task_command("push")
            elif snapshot.last_tag and not left and _is_another(repository, snapshot.last_tag, remote.tags):
                release = f"{snapshot.last_tag} is another tag here than on {repository.remote}"
                finish = retake_command(repository.remote, snapshot.last_tag)
            where = f"{repository.branch} to {repository.remote}/{repository.upstream[len('refs/heads/') :]}"
            branch = f"{where}: {told.ahead} ahead, {told.behind} behind"
    except SeatrialError as error:
        branch = f"{repository.branch}, unknown to the remote: {error.what.splitlines()[0]}"
    return ReleaseStatus(
        project=snapshot.project.name,
        version=snapshot.current,
        last_tag=snapshot.last_tag,
        since=count_commits_since(repository, snapshot.last_tag) if repository.commit else 0,
        fragments=len(snapshot.fragments),
        asked=snapshot.asked.part,
        following=next_version(snapshot.current, snapshot.asked.part),
        branch=branch,
        unfinished=left,
        release=release,
        finish=finish,
    )


def _is_another(repository: Repository, tag: str, there: Mapping[str, str]) -> bool:
    return object_of_tag(repository, tag) != there[tag]
