"""The checks that a release runs before it pushes, and the facts that they need from nox and the index."""

from __future__ import annotations

import contextlib
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Union

from seatrial import report
from seatrial.checks.check import UnknownFacts, report_unknown, run_checks
from seatrial.checks.project import ProjectSources
from seatrial.checks.registry import PENDING_RELEASE_CHECKS, PROJECT_CHECKS, TRIGGER_CHECKS
from seatrial.checks.run import check_uploads
from seatrial.ci.condition import Answer
from seatrial.ci.gitlab import PIPELINE_FILE, TAG_RULE, Pipeline
from seatrial.ci.publisher import DEFAULT_ENVIRONMENT, Heard, Publishing, Trigger
from seatrial.errors import IndexUnreachable, PipelineInvalid, ReleaseError, SeatrialError
from seatrial.findings import OUTCOMES
from seatrial.git.repository import files_of_commit
from seatrial.index.client import PendingRelease, ProjectFiles, in_thread, maker_of_newest, read_project_files
from seatrial.index.targets import pip_index_url
from seatrial.invocation import task_command
from seatrial.project.nox_sessions import list_sessions
from seatrial.project.snapshot import released_versions
from seatrial.redaction import redacted_address
from seatrial.workflows.generate import Generator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from concurrent.futures import Future

    from packaging.version import Version

    from seatrial.checks.check import Check
    from seatrial.distributions.cache import BuiltDistributions
    from seatrial.findings import CheckResult
    from seatrial.git.scratch import Scratch
    from seatrial.project.nox_sessions import SessionList
    from seatrial.project.project import Project
    from seatrial.project.settings import Config
    from seatrial.project.snapshot import ProjectSnapshot
    from seatrial.release.plan import ReleasePlan
    from seatrial.release.prepare import PreparedRelease


def require_checks(
    found: PreparedRelease, planned: ReleasePlan, asked: GatheredFacts, say: Callable[[str], None]
) -> None:
    """Raise `ChecksFailed` for errors in what the project says, in what the tag starts, or of the index.

    ``say`` is told what is just bad, and what could not be learned.
    """
    snapshot, listing = found.snapshot, asked.listing.result()
    publishing = read_publishing(snapshot.project, snapshot.config, found.scratch, planned.tag)
    facts: tuple[tuple[Sequence[Check[Any]], object], ...] = (
        (PROJECT_CHECKS, read_sources(snapshot.project, found.scratch, listing, publishing)),
        (
            TRIGGER_CHECKS,
            read_trigger(snapshot.project, found.scratch, Trigger(planned.tag, publishing, listing)),
        ),
        (PENDING_RELEASE_CHECKS, read_pending_release(snapshot, planned.version, asked)),
    )
    ignore_reasons = snapshot.config.ignore
    _say_results(tuple(one for checks, known in facts for one in run_checks_on(checks, known, ignore_reasons)), say)


def require_room_on_index(
    found: PreparedRelease, built: BuiltDistributions, asked: GatheredFacts, say: Callable[[str], None]
) -> None:
    """Raise `ChecksFailed` when the index has no room for what was built."""
    project_files = asked.project_files.result()
    if isinstance(project_files, ProjectFiles):
        _say_results(check_uploads(built, project_files, ignore_reasons=found.snapshot.config.ignore), say)


def run_checks_on(
    checks: Sequence[Check[Any]], facts: object, ignore_reasons: Mapping[str, str], subject: str = ""
) -> tuple[CheckResult, ...]:
    """Judge what was learned, or tell why it was not."""
    if isinstance(facts, UnknownFacts):
        return report_unknown(checks, facts, subject=subject, ignore_reasons=ignore_reasons)
    return run_checks(checks, facts, subject=subject, ignore_reasons=ignore_reasons)


def _say_results(results: tuple[CheckResult, ...], say: Callable[[str], None]) -> None:
    if any(one.blocks for one in results):
        raise ReleaseError(
            f"an error stands in the way of the release:\n{report.results_text(results)}",
            code="ChecksFailed",
            fix=f"mend it and commit; all checks: {task_command('preflight')}",
        )
    if any(one.outcome in OUTCOMES for one in results):
        for line in report.results_text(results).splitlines():
            say(line)


Shelved = Union["ProjectFiles", UnknownFacts]

LOOK = "in GitLab: Build, Pipeline editor, Validate, with the tag"
"""Where GitLab says what a tag would start."""


@dataclass(frozen=True)
class GatheredFacts:
    """What others have been asked; ``where``: the address of the index."""

    where: str
    project_files: Future[Shelved]
    listing: Future[SessionList]


@contextlib.contextmanager
def gather_facts(project: Project, config: Config) -> Iterator[GatheredFacts]:
    """Ask both at once, in threads: each takes its time, and neither needs the other.

    nox is waited for, because it reads the folder; an index that does not answer is not.
    """
    where = config.index or pip_index_url(os.environ)
    with ThreadPoolExecutor(max_workers=1) as pool:
        yield GatheredFacts(
            where, in_thread(_gather_project_files, where, project.name), pool.submit(list_sessions, project.root)
        )


def _gather_project_files(where: str, name: str) -> Shelved:
    try:
        return read_project_files(where, name)
    except IndexUnreachable as error:
        return UnknownFacts(error.what, error.fix)


def read_publishing(project: Project, config: Config, scratch: Scratch, tag: str) -> Publishing:
    """Return who publishes the project when this tag is pushed."""
    return Publishing.of(scratch.repository, project, scratch.root, config.publisher, tag)


def read_trigger(project: Project, scratch: Scratch, known: Trigger) -> Trigger:
    """Return what the tag starts, with the generated files that have drifted."""
    known = replace(known, by_pipeline=_by_pipeline(known, scratch))
    # A forge for which nothing is generated is no matter here.
    with contextlib.suppress(SeatrialError):
        found = Generator.at(scratch.repository, project).drift_in(scratch.root)
        drifted = tuple(f"{one.path} {one.reason.value}" for one in found)
        return replace(known, drifted=drifted, fixes=tuple(dict.fromkeys(one.fix for one in found)))
    return known


def _by_pipeline(known: Trigger, scratch: Scratch) -> Heard | None:
    """Return whether the tag starts the job of GitLab that publishes; None where no pipeline does."""
    found = known.publishing
    if found.workflow is not None or PIPELINE_FILE not in found.others or not known.tag:
        return None
    try:
        text = (scratch.root / PIPELINE_FILE).read_text(encoding="utf-8", errors="replace")
        pipeline = Pipeline.of(text, known.tag)
    except PipelineInvalid as error:
        return Heard(Answer.NO, error.what, error.fix)
    answer, reason = pipeline.heard(pipeline.publishing_job(found.overrides.get("environment", DEFAULT_ENVIRONMENT)))
    return Heard(answer, reason, TAG_RULE if answer is Answer.NO else LOOK)


def read_sources(project: Project, scratch: Scratch, listing: SessionList, found: Publishing) -> ProjectSources:
    """Return the project as it stands in the commit."""
    files = files_of_commit(scratch.repository)
    return ProjectSources(project, files, listing, found.workflows, (found.owner, found.repository))


def read_pending_release(
    snapshot: ProjectSnapshot, version: Version | None, asked: GatheredFacts
) -> PendingRelease | UnknownFacts:
    """Return what the index holds beside the release that is to come."""
    project_files = asked.project_files.result()
    if isinstance(project_files, UnknownFacts):
        return project_files
    known = released_versions(snapshot.tags, snapshot.tag_form, snapshot.project.name)
    found = PendingRelease(redacted_address(asked.where), snapshot.project.name, version, project_files, tuple(known))
    return replace(found, holder=maker_of_newest(project_files)) if found.is_strange else found
