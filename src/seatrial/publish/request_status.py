"""The state of a release that waits to be merged: its branch, as git sees it, and its request, as gh does.

`read_request_status` finds it; `RequestStatus.next_step` says what to do about it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING

from seatrial.ci.forge import GhFailed, PullRequest, RequestText, find_pull_request
from seatrial.ci.publisher import file_that_tags
from seatrial.commands import Command
from seatrial.errors import SeatrialError, count_text
from seatrial.release.merged import MergedTooLate, find_merged_release
from seatrial.release.pull_request import Forge
from seatrial.release.request_branch import RequestBranch, RequestNote, branch_of, read_request_branches

if TYPE_CHECKING:
    from seatrial.git.repository import Repository
    from seatrial.project.snapshot import ProjectSnapshot
    from seatrial.release.preconditions import Preconditions


class RequestState(Enum):
    """The state of a request to merge a release."""

    OPEN = "open"
    PUSHED = "pushed"
    CHECKS_FAILING = "checks fail"
    BEHIND = "behind"
    EDITED = "has changes that seatrial did not make"
    MERGED = "merged, and has no tag yet"
    TOO_LATE = "merged after a newer release"
    CLOSED = "closed, and not merged"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class RequestStatus:
    """The state of a release branch and its request.

    ``version`` and ``branch``: None where the state is unknown and no request was made here; ``into``: the branch that
    it is merged into; ``behind``: how many commits it lacks of that; ``added``: what somebody has changed in it;
    ``is_open``: whether the forge has an open request, None where that is unknown, for ``reason``; ``url`` and
    ``failed_checks``: None and empty where gh can't tell; ``form``: the page that opens a request; ``tagged_by``: the
    workflow that makes the tag after the merge, None for none; ``instead``: the release that takes the place of one
    that was merged too late; ``merged_into``: the branch that its request was merged into, although ``into`` lacks the
    release; ``later``: the releases that were merged after it without a tag.
    """

    state: RequestState
    version: str | None
    branch: str | None
    into: str
    behind: int = 0
    added: tuple[str, ...] = ()
    is_open: bool | None = False
    reason: str | None = None
    url: str | None = None
    failed_checks: tuple[str, ...] = ()
    form: str | None = None
    tagged_by: str | None = None
    instead: Command | None = None
    merged_into: str | None = None
    later: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, object]:
        """Return it as a JSON object (docs/json.md)."""
        return {
            "state": self.state.name.lower(),
            "version": self.version,
            "branch": self.branch,
            "into": self.into,
            "merged_into": self.merged_into,
            "is_open": self.is_open,
            "reason": self.reason,
            "behind": self.behind,
            "added": list(self.added),
            "later": list(self.later),
            "url": self.url,
            "failed_checks": list(self.failed_checks),
        }

    def __str__(self) -> str:
        """Return it in a line."""
        address = f" ({self.url})" if self.url else ""
        if self.state is RequestState.UNKNOWN:
            return f"{f'that of {self.version}' if self.version else 'the state'} is unknown: {self.reason}"
        if self.state is RequestState.CLOSED and not self.url:
            return f"{self.version} is not merged, and {self.branch} is not on the remote"
        if self.state in (RequestState.MERGED, RequestState.TOO_LATE, RequestState.CLOSED):
            return f"{self.version} is {self.state.value}{''.join(f'; so is {each}' for each in self.later)}{address}"
        subject = f"{self.version} is open" if self.is_open else f"{self.branch} is pushed"
        details = {
            RequestState.BEHIND: f" {self.into} by {count_text(self.behind, 'commit')}",
            RequestState.CHECKS_FAILING: f": {', '.join(self.failed_checks)}",
            RequestState.EDITED: f": {', '.join(self.added)}",
        }
        text = f"{subject}, and {self.state.value}{details[self.state]}" if self.state in details else subject
        if self.is_open is None:
            request = f"the request {self.url}" if self.url else "a request"
            return f"{text}; whether {request} is open is unknown: {self.reason}"
        if self.merged_into:
            return f"{text}; its request was merged into {self.merged_into} before{address}"
        return f"{text}{address}" if self.is_open else f"{text}, and has no request"

    @property
    def next_step(self) -> tuple[Command | str | None, str] | None:
        """The next command, None where the forge has to be visited, and the reason for it; None where it is unknown."""
        if self.state is RequestState.UNKNOWN:
            return None
        again = Command("release", "--pull-request", "--version", self.version or "VERSION")
        place = self.url or f"the request of {self.branch}"
        if self.state is RequestState.MERGED and self.tagged_by:
            return None, f"wait for the run of {self.tagged_by}, which makes the tag, or run its failed jobs again"
        if self.state is RequestState.PUSHED and self.is_open is False:
            return again, f"it opens {'another' if self.merged_into else 'the'} request"
        opening = f", or open it: {self.form}" if self.form and not self.url else ""
        return {
            RequestState.OPEN: (None, f"merge {place} into {self.into}"),
            RequestState.PUSHED: (None, f"merge {place} into {self.into}{opening}"),
            RequestState.CHECKS_FAILING: (None, f"fix what fails on {self.into}, and bring the request up to date"),
            RequestState.BEHIND: (again, "it brings the request up to date"),
            RequestState.EDITED: (None, f"merge {place} as it is, or delete the branch"),
            RequestState.MERGED: (Command("release"), f"it tags {self.version}, which was merged"),
            RequestState.TOO_LATE: (self.instead, f"it raises the version of {self.into} above the last release"),
            RequestState.CLOSED: (again, "it makes the request anew; or release another version"),
        }[self.state]


def read_request_status(preconditions: Preconditions, snapshot: ProjectSnapshot) -> RequestStatus | None:
    """Return the state of the request of the next release, or None; an error while it is read is the state."""
    try:
        return _read_request_status(preconditions, snapshot)
    except SeatrialError as error:
        note = RequestNote.recall(preconditions.repository)
        version, branch = (note.release, note.branch) if note else (None, None)
        into = preconditions.require_remote()[0].upstream.branch
        return RequestStatus(RequestState.UNKNOWN, version, branch, into, is_open=None, reason=error.headline)


def _read_request_status(preconditions: Preconditions, snapshot: ProjectSnapshot) -> RequestStatus | None:
    repository = preconditions.repository
    target, remote = preconditions.require_remote()
    into = target.upstream.branch
    try:
        is_usual = snapshot.config.through == "pull-request"
        merged = find_merged_release(preconditions.on_remote_branch(), is_usual=is_usual)
    except MergedTooLate as error:
        branch = branch_of(snapshot, repository, error.version)
        return RequestStatus(RequestState.TOO_LATE, str(error.version), branch, into, instead=error.instead)
    if merged is not None:
        branch, tagged_by = branch_of(snapshot, repository, merged.version), file_that_tags(repository.root)
        version, later = str(merged.version), tuple(map(str, merged.later))
        return RequestStatus(RequestState.MERGED, version, branch, into, tagged_by=tagged_by, later=later)
    note = RequestNote.recall(repository)
    branches = read_request_branches(repository, remote, snapshot, note)
    own = [branch for branch in branches if branch.is_for(into)]
    if own:
        return _status_of(repository, own[-1], into, note)
    if note is None or note.project != snapshot.project.name or note.tag in remote.tags:
        return None
    if snapshot.last_version is not None and note.version <= snapshot.last_version:
        return None
    return RequestStatus(RequestState.CLOSED, note.release, note.branch, into)


def _status_of(repository: Repository, branch: RequestBranch, into: str, note: RequestNote | None) -> RequestStatus:
    """Return the status of a branch that is pushed, with what gh reports of its request."""
    state = RequestState.EDITED if branch.added else RequestState.BEHIND if branch.behind else RequestState.PUSHED
    title = branch.own.subject if branch.own else branch.name
    forge = Forge.of(repository)
    status = RequestStatus(
        state,
        str(branch.version),
        branch.name,
        into,
        branch.behind,
        branch.added,
        form=forge.form(RequestText(branch.name, into, title, "")),
    )
    unknown = replace(status, is_open=None, url=note.url if note and note.branch == branch.name else None)
    if forge.kind != "github" or forge.home is None:
        return replace(unknown, reason="only GitHub is asked")
    try:
        request = find_pull_request(repository.root, forge.home, status.branch or "")
    except GhFailed as error:
        return replace(unknown, reason=str(error))
    return _with_request(status, request) if request else status


def _with_request(status: RequestStatus, request: PullRequest) -> RequestStatus:
    """Return the status of a branch with that of its request."""
    if request.state == "merged":
        # The branch that releases are made from lacks it: it was merged into another one, or the merge was reverted.
        return replace(status, merged_into=request.base, url=request.url)
    status = replace(status, is_open=request.state == "open", url=request.url, failed_checks=request.failed_checks)
    if not status.is_open:
        return replace(status, state=RequestState.CLOSED)
    if status.state is RequestState.PUSHED:
        return replace(status, state=RequestState.CHECKS_FAILING if request.failed_checks else RequestState.OPEN)
    return status
