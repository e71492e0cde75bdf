"""The checks that a release runs before it pushes, and the facts that they need from nox and the index."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Union

from seatrial import report
from seatrial.checks.check import UnknownFacts, report_unknown, run_checks
from seatrial.checks.distributions import check_uploads
from seatrial.checks.project import ProjectSources
from seatrial.checks.registry import PENDING_RELEASE_CHECKS, PROJECT_CHECKS, TRIGGER_CHECKS
from seatrial.ci.before_upload import build_without_session
from seatrial.ci.checkout import CheckoutNeeds
from seatrial.ci.expressions import Answer
from seatrial.ci.gitlab import PIPELINE_FILE, TAG_RULE, Pipeline
from seatrial.ci.publisher import DEFAULT_ENVIRONMENT, CiFacts, Publishing, TagStart
from seatrial.commands import Command
from seatrial.errors import IndexUnreachable, PipelineInvalid, ReleaseError, SeatrialError
from seatrial.git.repository import files_of_commit
from seatrial.index.client import PendingRelease, ProjectFiles, in_thread, maker_of_newest, read_project_files
from seatrial.index.destination import pip_index_url
from seatrial.project.nox_sessions import list_sessions
from seatrial.project.tag_form import released_versions
from seatrial.redaction import redacted_address
from seatrial.workflows.generate import Generator

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from concurrent.futures import Future

    from packaging.version import Version

    from seatrial.checks.check import Check
    from seatrial.distributions.cache import BuiltDistributions
    from seatrial.events import Progress
    from seatrial.findings import CheckResult
    from seatrial.git.scratch import Scratch
    from seatrial.project.nox_sessions import SessionList
    from seatrial.project.project import Project
    from seatrial.project.settings import Config
    from seatrial.project.snapshot import ProjectSnapshot
    from seatrial.release.plan import ReleasePlan
    from seatrial.release.prepare import PreparedRelease


@contextlib.contextmanager
def checked_facts(
    prepared: PreparedRelease, plan: ReleasePlan, environ: Mapping[str, str], progress: Progress
) -> Iterator[GatheredFacts]:
    """Check a release that is planned, and yield what the index and nox have answered.

    Warnings, and what could not be checked, are reported. Raises `ChecksFailed` for errors of the project, of the CI
    files that the tag starts, or of the index.
    """
    with gather_facts(prepared.snapshot.project, prepared.snapshot.config, environ) as facts:
        _require_checks(prepared, plan, facts, progress)
        yield facts


def _require_checks(prepared: PreparedRelease, plan: ReleasePlan, facts: GatheredFacts, progress: Progress) -> None:
    snapshot, scratch, listing = prepared.snapshot, prepared.scratch, facts.listing.result()
    publishing = read_publishing(snapshot.project, snapshot.config, scratch, plan.tag)
    ci_facts = read_ci_facts(snapshot.project, scratch, CiFacts(plan.tag, publishing, listing))
    ignore_reasons = snapshot.config.ignore
    results = (
        *run_checks_on(PROJECT_CHECKS, read_sources(snapshot.project, scratch, listing, publishing), ignore_reasons),
        *run_checks_on(TRIGGER_CHECKS, ci_facts, ignore_reasons),
        *run_checks_on(PENDING_RELEASE_CHECKS, read_pending_release(snapshot, plan.version, facts), ignore_reasons),
    )
    _require_passed(results, progress)


def require_room_on_index(
    prepared: PreparedRelease, built: BuiltDistributions, facts: GatheredFacts, progress: Progress
) -> None:
    """Raise `ChecksFailed` when the index would reject a distribution because of the files that it has."""
    project_files = facts.project_files.result()
    if isinstance(project_files, ProjectFiles):
        ignore_reasons = prepared.snapshot.config.ignore
        _require_passed(check_uploads(built, project_files, ignore_reasons=ignore_reasons), progress)


def run_checks_on(
    checks: Sequence[Check[Any]], facts: object, ignore_reasons: Mapping[str, str], subject: str = ""
) -> tuple[CheckResult, ...]:
    """Run checks on facts; when the facts are unknown, every result is unknown."""
    if isinstance(facts, UnknownFacts):
        return report_unknown(checks, facts, subject=subject, ignore_reasons=ignore_reasons)
    return run_checks(checks, facts, subject=subject, ignore_reasons=ignore_reasons)


def _require_passed(results: tuple[CheckResult, ...], progress: Progress) -> None:
    """Raise `ChecksFailed` for errors, and report warnings."""
    if any(result.blocks for result in results):
        raise ReleaseError(
            f"a check failed:\n{report.results_text(results)}",
            code="ChecksFailed",
            fix=f"fix it and commit; all checks: {Command('preflight')}",
        )
    report.report_results(results, progress)


MaybeProjectFiles = Union["ProjectFiles", UnknownFacts]

HOW_TO_VALIDATE = "in GitLab: Build, Pipeline editor, Validate, with the tag"
"""The page on which GitLab shows what a tag would start."""


@dataclass(frozen=True)
class GatheredFacts:
    """Facts from an index (``index``: its address) and from nox."""

    index: str
    project_files: Future[MaybeProjectFiles]
    listing: Future[SessionList]


@contextlib.contextmanager
def gather_facts(project: Project, config: Config, environ: Mapping[str, str]) -> Iterator[GatheredFacts]:
    """Ask the index and nox at once, in threads.

    ``environ``: for the index that pip is configured with. The end waits for nox, because it reads the folder, but not
    for an index that does not answer.
    """
    index = config.index or pip_index_url(environ)
    with ThreadPoolExecutor(max_workers=1) as pool:
        yield GatheredFacts(
            index, in_thread(_gather_project_files, index, project.name), pool.submit(list_sessions, project.root)
        )


def _gather_project_files(index: str, name: str) -> MaybeProjectFiles:
    try:
        return read_project_files(index, name)
    except IndexUnreachable as error:
        return UnknownFacts(error.what, error.fix)


def read_publishing(project: Project, config: Config, scratch: Scratch, tag: str | None) -> Publishing:
    """Return the workflows that publish the project when this tag is pushed, None for one that is not known."""
    return Publishing.of(scratch.repository, project, scratch.root, config.publisher, tag)


def read_ci_facts(project: Project, scratch: Scratch, facts: CiFacts) -> CiFacts:
    """Return what is known of CI, with the pipeline of GitLab and the generated files that have drifted."""
    checkout = CheckoutNeeds.in_tree(scratch.root, scratch.repository.root)
    facts = replace(facts, by_pipeline=_pipeline_start(facts, scratch), checkout=checkout)
    # Nothing is generated for an unknown forge.
    with contextlib.suppress(SeatrialError):
        drift = Generator.at(scratch.repository, project).drift_in(scratch.root)
        drifted = tuple(f"{file.path} {file.reason.value}" for file in drift)
        return replace(facts, drifted=drifted, fixes=tuple(dict.fromkeys(file.fix for file in drift)))
    return facts


def remark_on_packaging(publishing: Publishing, scratch: Scratch) -> str | None:
    """Return what makes the files of CI identical to the verified ones, None where they are or CI does not publish."""
    try:
        pipeline = _pipeline(publishing, scratch)
    except PipelineInvalid:
        return None
    if pipeline is None:
        return build_without_session(publishing)
    return pipeline.build_without_session(_environment(publishing), publishing.folder)


def _pipeline(publishing: Publishing, scratch: Scratch) -> Pipeline | None:
    """Return the pipeline of GitLab where it publishes, as it is for a tag that is known. Raises `PipelineInvalid`."""
    if publishing.jobs or PIPELINE_FILE not in publishing.others or not publishing.tag:
        return None
    text = (scratch.root / PIPELINE_FILE).read_text(encoding="utf-8", errors="replace")
    return Pipeline.of(text, publishing.tag)


def _environment(publishing: Publishing) -> str:
    return publishing.overrides.get("environment", DEFAULT_ENVIRONMENT)


def _pipeline_start(facts: CiFacts, scratch: Scratch) -> TagStart | None:
    """Return whether the tag starts the job of GitLab that publishes; None without such a pipeline."""
    publishing = facts.publishing
    try:
        pipeline = _pipeline(publishing, scratch)
    except PipelineInvalid as error:
        return TagStart(Answer.NO, error.what, error.fix)
    if pipeline is None:
        return None
    job = pipeline.publishing_job(_environment(publishing))
    answer, reason = pipeline.heard(job)
    return TagStart(answer, reason, TAG_RULE if answer is Answer.NO else HOW_TO_VALIDATE)


def read_sources(project: Project, scratch: Scratch, listing: SessionList, publishing: Publishing) -> ProjectSources:
    """Return the project as it is in the commit."""
    files = files_of_commit(scratch.repository, scratch.base)
    return ProjectSources(project, files, listing, publishing.workflows.workflows, publishing.home)


def read_pending_release(
    snapshot: ProjectSnapshot, version: Version | None, facts: GatheredFacts
) -> PendingRelease | UnknownFacts:
    """Return the files of the project on the index, for a release of ``version``."""
    project_files = facts.project_files.result()
    if isinstance(project_files, UnknownFacts):
        return project_files
    name = snapshot.project.name
    versions = tuple(released_versions(snapshot.tags, snapshot.tag_form, name))
    pending = PendingRelease(redacted_address(facts.index), name, version, project_files, versions)
    return replace(pending, holder=maker_of_newest(project_files)) if pending.is_strange else pending
