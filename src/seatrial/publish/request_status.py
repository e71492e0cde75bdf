"""The state of a release that waits to be merged, as git can see it, and with gh the state of its checks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from seatrial.ci.gh import GhFailed, find_pull_request, has_gh
from seatrial.ci.publisher import file_that_tags
from seatrial.commands import Command
from seatrial.errors import SeatrialError, count_text
from seatrial.release.merged import find_merged_release
from seatrial.release.pull_request import Forge
from seatrial.release.request import RequestNote, branch_of, read_request_branches

if TYPE_CHECKING:
    from packaging.version import Version

    from seatrial.git.repository import Remote, Repository
    from seatrial.project.snapshot import ProjectSnapshot
    from seatrial.release.preconditions import Preconditions
    from seatrial.release.request import RequestBranch


class RequestState(Enum):
    """The state of a request to merge a release."""

    OPEN = "open"
    CHECKS_FAILING = "open, and checks fail"
    BEHIND = "open, and behind the branch"
    EDITED = "open, and has changes that seatrial did not make"
    MERGED = "merged, and has no tag yet"
    CLOSED = "closed, and not merged"


@dataclass(frozen=True)
class RequestStatus:
    """The state of a release branch and its request.

    ``into``: the branch that it is merged into; ``behind``: how many commits it lacks of that; ``added``: what somebody
    has changed in it; ``url`` and ``failed_checks``: None and empty where gh can't tell; ``tagged_by``: the workflow
    that makes the tag after the merge, None for none.
    """

    state: RequestState
    version: str
    branch: str
    into: str
    behind: int = 0
    added: tuple[str, ...] = ()
    url: str | None = None
    failed_checks: tuple[str, ...] = ()
    tagged_by: str | None = None

    def as_dict(self) -> dict[str, object]:
        """Return it as a JSON object (docs/json.md)."""
        return {
            "state": self.state.name.lower(),
            "version": self.version,
            "branch": self.branch,
            "into": self.into,
            "behind": self.behind,
            "added": list(self.added),
            "url": self.url,
            "failed_checks": list(self.failed_checks),
        }

    def __str__(self) -> str:
        """Return it in a line."""
        details = {
            RequestState.BEHIND: f" {self.into} by {count_text(self.behind, 'commit')}",
            RequestState.CHECKS_FAILING: f": {', '.join(self.failed_checks)}",
            RequestState.EDITED: f": {', '.join(self.added)}",
        }
        state = self.state.value.removesuffix(" the branch") if self.state is RequestState.BEHIND else self.state.value
        address = f" ({self.url})" if self.url else ""
        return f"{self.version} is {state}{details.get(self.state, '')}{address}"

    @property
    def next_step(self) -> tuple[Command | str | None, str]:
        """The next command, None where the forge has to be visited, and the reason for it."""
        again = Command("release", "--pull-request", "--version", self.version)
        place = self.url or f"the request of {self.branch}"
        if self.state is RequestState.MERGED and self.tagged_by:
            return None, f"wait for the run of {self.tagged_by}, which makes the tag, or run its failed jobs again"
        return {
            RequestState.OPEN: (None, f"merge {place} into {self.into}"),
            RequestState.CHECKS_FAILING: (None, f"fix what fails on {self.into}, and bring the request up to date"),
            RequestState.BEHIND: (again, "it brings the request up to date"),
            RequestState.EDITED: (None, f"merge {place} as it is, or delete the branch"),
            RequestState.MERGED: (Command("release"), f"it tags {self.version}, which was merged"),
            RequestState.CLOSED: (again, f"{self.branch} is gone; or release another version"),
        }[self.state]


def read_request_status(preconditions: Preconditions, snapshot: ProjectSnapshot) -> RequestStatus | None:
    """Return the state of the request of the next release, or None.

    Raises `RemoteUnreachable` or `CommandFailed`.
    """
    repository = preconditions.repository
    target, remote = preconditions.require_remote()
    into = target.upstream.branch
    merged = _merged_version(preconditions)
    if merged is not None:
        branch = branch_of(snapshot, repository, merged)
        return RequestStatus(RequestState.MERGED, str(merged), branch, into, tagged_by=file_that_tags(repository.root))
    note = RequestNote.recall(repository)
    branches = read_request_branches(repository, remote, snapshot, note)
    own = [branch for branch in branches if branch.own is not None]
    if own:
        return _with_forge(repository, _status_of(own[-1], into))
    if note is None or note.project != snapshot.project.name or _is_over(note, snapshot, remote):
        return None
    return RequestStatus(RequestState.CLOSED, note.release, note.branch, into)


def _merged_version(preconditions: Preconditions) -> Version | None:
    try:
        merged = find_merged_release(preconditions.on_remote_branch())
    except SeatrialError:
        # A merge that came too late is reported by the release.
        return None
    return merged.version if merged else None


def _is_over(note: RequestNote, snapshot: ProjectSnapshot, remote: Remote) -> bool:
    return note.tag in remote.tags or (snapshot.last_version is not None and note.version <= snapshot.last_version)


def _status_of(branch: RequestBranch, into: str) -> RequestStatus:
    state = RequestState.EDITED if branch.added else RequestState.BEHIND if branch.behind else RequestState.OPEN
    return RequestStatus(state, str(branch.version), branch.name, into, branch.behind, branch.added)


def _with_forge(repository: Repository, status: RequestStatus) -> RequestStatus:
    """Return the status with what gh reports; as it is where gh can't tell."""
    forge = Forge.of(repository)
    if forge.kind != "github" or forge.home is None or not has_gh():
        return status
    try:
        request = find_pull_request(repository.root, forge.home, status.branch)
    except GhFailed:
        return status
    if request is None:
        return status
    status = replace(status, url=request.url, failed_checks=request.failed_checks)
    if request.state == "closed":
        return replace(status, state=RequestState.CLOSED)
    if request.failed_checks and status.state is RequestState.OPEN:
        return replace(status, state=RequestState.CHECKS_FAILING)
    return status
