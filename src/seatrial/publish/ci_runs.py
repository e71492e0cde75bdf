"""What CI has done for a tag, as far as gh can tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.ci.publisher import Publishing
from seatrial.ci.runs import has_gh, runs_for_tag

if TYPE_CHECKING:
    from seatrial.ci.runs import Run
    from seatrial.publish.tagged_release import TaggedRelease


@dataclass(frozen=True)
class CiRuns:
    """The workflows of a project, and their runs for a tag.

    ``runs`` is None where nobody can tell; ``has_gh``: whether gh is there to be asked.
    """

    publishing: Publishing
    tag: str
    runs: tuple[Run, ...] | None = None
    has_gh: bool = False

    @property
    def failed(self) -> Run | None:
        """The run that failed, where none is under way."""
        runs = self.runs or ()
        return next((run for run in runs if run.has_failed), None) if all(run.is_over for run in runs) else None

    @property
    def has_not_started(self) -> bool:
        """Whether it is known that the tag has started nothing, although it should."""
        return self.runs == ()

    @property
    def has_succeeded(self) -> bool:
        """Whether it is known that all that the tag starts has run, and well."""
        runs = self.runs or ()
        started = sum(one.listens_to(self.tag) for one in self.publishing.workflows)
        return 0 < started <= len(runs) and all(run.is_over and not run.has_failed for run in runs)

    @property
    def is_under_way(self) -> bool:
        """Whether a run is not over yet."""
        return any(not run.is_over for run in self.runs or ())

    def __str__(self) -> str:
        """Say what is known of it, "" for nothing."""
        workflow = self.publishing.workflow
        if self.runs is None:
            return "unknown, as gh does not tell: gh auth status" if self.has_gh and workflow else ""
        if self.runs:
            return "; ".join(str(run) for run in self.runs)
        if workflow is None:
            return "never started: no workflow publishes"
        if not workflow.listens_to(self.tag):
            return f"never started: {workflow.name} does not listen to {self.tag}"
        return f"never started, although {workflow.name} listens to {self.tag}: {TOKEN_STARTS_NOTHING}"

    @property
    def finish(self) -> str:
        """The command that lets CI publish after all, "" where there is none."""
        failed, workflow = self.failed, self.publishing.workflow
        where = f"--repo {self.publishing.owner}/{self.publishing.repository}"
        if failed:
            return f"gh run rerun {failed.number} --failed {where}"
        if self.has_not_started and workflow and workflow.started_by_hand(self.tag):
            return f"{workflow.started_by_hand(self.tag)} {where}"
        return ""


TOKEN_STARTS_NOTHING = "a tag that a workflow pushes with its own GITHUB_TOKEN starts nothing"  # noqa: S105
"""GitHub, "Triggering a workflow from a workflow"."""


def read_ci_runs(tagged: TaggedRelease) -> CiRuns:
    """Ask what CI has made of a tag."""
    repository, publishing = tagged.repository, _publishing_of(tagged)
    where = f"{publishing.owner}/{publishing.repository}" if publishing.owner else ""
    runs = runs_for_tag(repository.root, where, tagged.tag, tagged.commit) if where and publishing.workflows else None
    return CiRuns(publishing, tagged.tag, runs, has_gh=bool(where) and has_gh())


def may_publish(tagged: TaggedRelease) -> bool:
    """Whether CI does anything when the tag arrives: what it calls elsewhere can publish, too."""
    known = _publishing_of(tagged)
    return bool(known.others) or any(one.listens_to(tagged.tag) for one in known.workflows)


def _publishing_of(tagged: TaggedRelease) -> Publishing:
    repository, snapshot = tagged.repository, tagged.snapshot
    return Publishing.of(repository, snapshot.project, repository.root, snapshot.config.publisher, tagged.tag)
