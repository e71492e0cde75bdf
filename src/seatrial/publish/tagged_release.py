"""A release that was tagged: its version, its tag, the files that an index has to serve for it, and its runs of CI."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.ci.expressions import Answer
from seatrial.ci.forge import Run, has_gh, home_for_gh, runs_for_tag
from seatrial.ci.publisher import Publishing
from seatrial.commands import Command
from seatrial.distributions.distribution import Distribution
from seatrial.errors import DeliveryError, ReleaseError, SeatrialError
from seatrial.git.command import Git
from seatrial.git.push import retake_command
from seatrial.git.repository import Repository, object_of_tag, page_of_runs, read_remote, read_tags
from seatrial.release.manifest import Manifest
from seatrial.release.prepare import build_release
from seatrial.release.scratch_clone import release_lock, scratch_clone

if TYPE_CHECKING:
    from packaging.version import Version

    from seatrial.ci.github import Workflow
    from seatrial.project.snapshot import ProjectSnapshot


@dataclass(frozen=True)
class TaggedRelease:
    """A release of a project: its version, its tag, and the commit that the tag leads to."""

    repository: Repository
    snapshot: ProjectSnapshot
    version: Version
    tag: str
    commit: str

    @property
    def name(self) -> str:
        """The name of the project."""
        return self.snapshot.project.name

    @classmethod
    def of(cls, repository: Repository, snapshot: ProjectSnapshot, version: Version | None) -> TaggedRelease:
        """Return a release of the project, the newest when no version is given. Raises `TagMissing`."""
        tags = snapshot.released_among(read_tags(repository, "HEAD"))
        version = version or max(tags, default=None)
        if version is None:
            raise ReleaseError(
                f"{snapshot.project.name} has no tag of a release", code="TagMissing", fix=Command("release")
            )
        tag = tags.get(version, snapshot.tag(version))
        commit = Git(repository.root).line("rev-parse", "--quiet", "--verify", f"refs/tags/{tag}^{{commit}}")
        if not commit:
            raise ReleaseError(
                f"the tag {tag} does not exist",
                code="TagMissing",
                fix=f"git fetch --tags; or, where nothing was released, {Command('release')}",
            )
        return cls(repository, snapshot, version, tag, commit)


def require_same_tag(tagged: TaggedRelease, say: Callable[[str], None]) -> None:
    """Raise `TagMoved` when the remote has another tag of that name: the remote's tag is the one that was released.

    Without a remote, or when it does not answer, the tag is not compared.
    """
    repository, upstream = tagged.repository, tagged.repository.upstream
    if upstream is None:
        return
    try:
        oid = read_remote(repository, upstream).tags.get(tagged.tag)
    except SeatrialError as error:
        say(error.headline)
        return
    if oid is None:
        say(f"{tagged.tag} is not on {upstream.remote}: {Command('push')}")
    elif oid != object_of_tag(repository, tagged.tag):
        raise DeliveryError(
            f"{tagged.tag} is another one here than on {upstream.remote}",
            code="TagMoved",
            fix=retake_command(upstream.remote, tagged.tag),
        )


def manifest_of(tagged: TaggedRelease, folder: Path, say: Callable[[str], None]) -> Manifest:
    """Return the manifest of a release; when none is kept, its files are built again from the tag, in ``folder``.

    Raises `AnotherRelease`, `BuildError` or `VerificationFailed`.
    """
    repository = tagged.repository
    kept = Manifest.recall(repository)
    if kept and kept.is_of(tagged.tag, tagged.commit):
        return kept
    say(f"no manifest of {tagged.tag} is kept: building it from the tag")
    with release_lock(repository), scratch_clone(repository, tagged.commit) as scratch:
        built = build_release(scratch, say)
        files = tuple(Distribution.from_path(Path(shutil.copy2(file.path, folder))) for file in built)
    wrong = [file.name for file in files if file.version != tagged.version]
    if wrong:
        raise ReleaseError(
            f"{tagged.tag} builds {', '.join(wrong)}, which is another version",
            code="VerificationFailed",
            fix=f"git show {tagged.tag}",
        )
    manifest = Manifest(tagged.tag, str(tagged.version), tagged.commit, files, is_rebuilt=True)
    with contextlib.suppress(OSError):
        # When the disk is full, it is built again the next time.
        manifest.keep(repository)
    return Manifest.recall(repository) or manifest


@dataclass(frozen=True)
class CiRuns:
    """The workflows of a project, and their runs for a tag.

    ``runs``: None where they are unknown; ``has_gh``: whether gh is installed; ``page``: the page that shows them;
    ``home``: the repository, as `gh_name` names it.
    """

    publishing: Publishing
    tag: str
    runs: tuple[Run, ...] | None = None
    has_gh: bool = False
    page: str | None = None
    home: str | None = None

    @property
    def are_unknown(self) -> bool:
        """Whether the tag starts a run that publishes, of which nothing is known."""
        job = self.publishing.job
        is_started = job is not None and job.is_started_by_tag and job.starts is not Answer.NO
        return self.runs is None and (is_started or bool(self.publishing.others))

    @property
    def failed(self) -> Run | None:
        """A run that failed, when all runs are over."""
        runs = self.runs or ()
        return next((run for run in runs if run.has_failed), None) if all(run.is_over for run in runs) else None

    @property
    def has_not_started(self) -> bool:
        """Whether it is known that the tag has started no run."""
        return self.runs == ()

    @property
    def has_succeeded(self) -> bool:
        """Whether it is known that all workflows that the tag starts have succeeded."""
        runs = self.runs or ()
        expected = sum(_is_expected(workflow, self.tag) for workflow in self.publishing.workflows)
        return 0 < expected <= len(runs) and all(run.is_over and not run.has_failed for run in runs)

    @property
    def is_running(self) -> bool:
        """Whether a run is not over yet."""
        return any(not run.is_over for run in self.runs or ())

    def __str__(self) -> str:
        """Return the state of the runs, "" when there is nothing to report."""
        job = self.publishing.job
        if self.runs is None:
            return "unknown, because gh does not answer: gh auth status" if self.has_gh and job else ""
        if self.runs:
            return "; ".join(str(run) for run in self.runs)
        if job is None:
            return "never started: no workflow publishes"
        if not job.is_started_by_tag:
            return f"never started: {job.entry.name} does not listen to {self.tag}"
        return f"never started, although {job.entry.name} listens to {self.tag}: {TOKEN_STARTS_NOTHING}"

    @property
    def finish(self) -> str | None:
        """The command that makes CI publish after all, or None."""
        job = self.publishing.job
        option = f"--repo {self.home}"
        if self.failed:
            return f"gh run rerun {self.failed.number} --failed {option}"
        by_hand = self.publishing.start_by_hand(job) if job and self.has_not_started else None
        # A run without its inputs would take defaults, and may do something else.
        return f"{by_hand} {option}" if by_hand and not by_hand.inputs else None


TOKEN_STARTS_NOTHING = "a tag that a workflow pushes with its own GITHUB_TOKEN starts nothing"  # noqa: S105
"""GitHub, "Triggering a workflow from a workflow"."""


def read_ci_runs(tagged: TaggedRelease) -> CiRuns:
    """Return the runs of CI for a tag."""
    publishing = _publishing_of(tagged)
    home = home_for_gh(tagged.repository) or publishing.home
    runs = None
    if home and publishing.workflows:
        root = tagged.repository.root
        runs = runs_for_tag(root, home, tagged.tag, tagged.commit)
        merging = {workflow.merge_branch: workflow.title for workflow in publishing.workflows if workflow.merge_branch}
        for branch, title in merging.items():
            others = runs_for_tag(root, home, branch, tagged.commit) or ()
            runs = None if runs is None else (*runs, *(run for run in others if run.workflow == title))
    page = next(filter(None, map(page_of_runs, tagged.repository.forge_addresses)), None)
    return CiRuns(publishing, tagged.tag, runs, has_gh=home is not None and has_gh(), page=page, home=home)


def may_publish(tagged: TaggedRelease) -> bool:
    """Whether the tag starts CI: a workflow of the project, or a file that calls one elsewhere."""
    publishing = _publishing_of(tagged)
    return bool(publishing.others) or any(_is_expected(workflow, tagged.tag) for workflow in publishing.workflows)


def _is_expected(workflow: Workflow, tag: str) -> bool:
    """Whether a workflow runs for a release: the tag starts it, or the merge."""
    return workflow.listens_to(tag) or workflow.merge_branch is not None


def _publishing_of(tagged: TaggedRelease) -> Publishing:
    repository, snapshot = tagged.repository, tagged.snapshot
    return Publishing.of(repository, snapshot.project, repository.root, snapshot.config.publisher, tagged.tag)
