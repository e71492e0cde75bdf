"""A preflight: every release step up to the push, continued past failures, then all checks."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.checks.check import UnknownFacts, report_unknown, run_checks
from seatrial.checks.registry import (
    ANSWERED_BY_INDEX,
    BUILT_FILES_CHECKS,
    PENDING_RELEASE_CHECKS,
    PROJECT_CHECKS,
    REBUILD_CHECKS,
    RELEASE_CHECKS,
    TRIGGER_CHECKS,
    check_distributions,
    check_uploads,
    checks_for_pending_file,
    require_known_codes,
)
from seatrial.checks.release import ReleaseAttempt, ReleaseStage
from seatrial.ci.publisher import CiFacts
from seatrial.ci.tag_report import TagReport
from seatrial.distributions.build import BuildEnvironment, build_distributions, build_from_tree
from seatrial.distributions.cache import BuiltDistributions, SourceTree
from seatrial.distributions.comparison import Sameness, compare
from seatrial.distributions.distribution import Distribution
from seatrial.distributions.reproducible import Difference, RebuildResult
from seatrial.errors import Reasons, SeatrialError, printable
from seatrial.git.command import Git, tracked_files
from seatrial.git.push import PushState, try_push
from seatrial.git.repository import files_of_commit, uncommitted_files
from seatrial.index.twine import twine_check
from seatrial.installer import best_installer
from seatrial.project.changelog import start_towncrier
from seatrial.project.project import Project
from seatrial.project.settings import Config
from seatrial.release.preconditions import (
    GatheredFacts,
    Preconditions,
    ask_index,
    check_preconditions,
    gather_facts,
    open_repository,
    read_ci_facts,
    read_pending_release,
    read_publishing,
    read_sources,
    remark_on_packaging,
    require_free_tag,
    run_checks_on,
)
from seatrial.release.prepare import (
    PreparedRelease,
    ReleaseRequest,
    build_release,
    choose_version,
    commit_release,
    read_snapshot,
    release_blockers,
    requested_version,
    require_built_version,
    state_folder_for,
    write_release,
)
from seatrial.release.push import read_interrupted_release
from seatrial.release.release import unfinished_error
from seatrial.release.scratch_clone import in_checkout, release_lock, require_writable, scratch_clone

if TYPE_CHECKING:
    from packaging.version import Version

    from seatrial.checks.project import ProjectSources
    from seatrial.events import Progress
    from seatrial.findings import CheckResult
    from seatrial.git.scratch import Scratch
    from seatrial.index.client import PendingRelease
    from seatrial.process import WaitingCommand
    from seatrial.project.snapshot import ProjectSnapshot
    from seatrial.release.plan import ReleasePlan


@dataclass(frozen=True)
class PreflightResult:
    """The results of a preflight; ``version`` and ``tag``: those of the release, None without a version.

    ``report``: what the tag starts that uploads, None where that could not be read.
    """

    results: tuple[CheckResult, ...]
    project: str
    version: Version | None = None
    tag: str | None = None
    report: TagReport | None = None

    def __str__(self) -> str:
        name = printable(self.project)
        return f"{name} {self.version}, tag {self.tag}" if self.version else f"{name}: no version"


def run_preflight(
    folder: Path, request: ReleaseRequest, environ: Mapping[str, str], progress: Progress
) -> PreflightResult:
    """Run every check on the release that ``request`` asks for, and change nothing."""
    with contextlib.ExitStack() as stack:
        with progress.step("prepare", "the release, in a scratch clone"):
            run = stack.enter_context(attempt_release(folder, request, environ))
            with run.reasons.gather():
                require_known_codes(run.config.ignore)
            facts = (
                stack.enter_context(gather_facts(run.project, ask_index(run.project, run.config, environ)))
                if run.project
                else None
            )
        with progress.step("push", "as a dry run"):
            attempt_push(run)
        with progress.step("build", "sdist, and wheel from the sdist") as step:
            built = attempt_build(run, step.line)
        with progress.step("build again", "in another folder, the wheel straight from the tree") as step:
            rebuilt = _rebuild_result(run, built, step.line)
        ignore_reasons = run.config.ignore
        with progress.step("check", "the repository, the project, CI, the index and the distributions") as step:
            _report_packaging(run, step)
            results = (
                *run_checks(RELEASE_CHECKS, run.attempt(), ignore_reasons=ignore_reasons),
                *_results_of_project(run, facts, ignore_reasons),
                *_results_of_index(run, facts, ignore_reasons),
                *_results_of_files(run, facts, built, ignore_reasons),
                *run_checks_on(REBUILD_CHECKS, rebuilt, ignore_reasons),
            )
        name = run.project.name if run.project else folder.name
        # The scratch clone is removed before they are read.
        in_checkout = tuple(replace(each, finding=each.finding.with_texts(run.in_checkout)) for each in results)
        return PreflightResult(in_checkout, name, run.version, run.tag, run.report)


def _report_packaging(run: PreflightRun, progress: Progress) -> None:
    """Report that CI packages the files in its own way, so that a verified one can only be compared by content."""
    if run.project and run.scratch:
        publishing = read_publishing(run.project, run.config, run.scratch, run.tag)
        remark = remark_on_packaging(publishing, run.scratch)
        if remark:
            progress.note(f"{remark}; after the release they are compared by content")


def _rebuild_result(
    run: PreflightRun, built: BuiltDistributions | None, say: Callable[[str], None]
) -> RebuildResult | UnknownFacts:
    if built is None or run.scratch is None:
        return UnknownFacts(ReleaseStage.BUILT.value)
    try:
        return build_again(run.scratch, built, say)
    except SeatrialError as error:
        return UnknownFacts(f"it could not be built a second time: {error.what}")


def _results_of_project(
    run: PreflightRun, facts: GatheredFacts | None, ignore_reasons: Mapping[str, str]
) -> tuple[CheckResult, ...]:
    sources: ProjectSources | UnknownFacts = UnknownFacts(ReleaseStage.SETTINGS_READ.value)
    ci_facts: CiFacts | UnknownFacts = UnknownFacts(ReleaseStage.SETTINGS_READ.value)
    if run.project and run.scratch and facts:
        listing, tag = facts.listing.result(), run.tag
        publishing = read_publishing(run.project, run.config, run.scratch, tag)
        files = files_of_commit(run.scratch.repository, run.scratch.base)
        sources = read_sources(run.project, files, listing, publishing, run.scratch.repository)
        ci_facts = read_ci_facts(run.project, run.scratch, CiFacts(tag, publishing, listing))
        run.report = TagReport.at(publishing, run.scratch.root).about_uploads if tag else None
    return (
        *run_checks_on(PROJECT_CHECKS, sources, ignore_reasons),
        *run_checks_on(TRIGGER_CHECKS, ci_facts, ignore_reasons),
    )


def _results_of_index(
    run: PreflightRun, facts: GatheredFacts | None, ignore_reasons: Mapping[str, str]
) -> tuple[CheckResult, ...]:
    pending: PendingRelease | UnknownFacts = UnknownFacts(ReleaseStage.VERSION_READ.value)
    if run.snapshot and facts:
        pending = read_pending_release(run.snapshot, run.version, facts)
    return run_checks_on(PENDING_RELEASE_CHECKS, pending, ignore_reasons)


def _results_of_files(
    run: PreflightRun, facts: GatheredFacts | None, built: BuiltDistributions | None, ignore_reasons: Mapping[str, str]
) -> Iterator[CheckResult]:
    if built is None or run.scratch is None or facts is None:
        yield from report_unknown(
            BUILT_FILES_CHECKS, UnknownFacts(ReleaseStage.BUILT.value), ignore_reasons=ignore_reasons
        )
        return
    distributions, sources = tuple(built), tracked_files(run.scratch.project)
    project_files = facts.project_files.result() if run.plan else UnknownFacts(ReleaseStage.WRITTEN.value)
    is_unknown = isinstance(project_files, UnknownFacts)
    without = () if is_unknown else ANSWERED_BY_INDEX
    yield from check_distributions(distributions, sources=sources, ignore_reasons=ignore_reasons, without=without)
    if isinstance(project_files, UnknownFacts):
        for file in distributions:
            checks = checks_for_pending_file(file)
            yield from report_unknown(checks, project_files, subject=file.name, ignore_reasons=ignore_reasons)
    else:
        yield from check_uploads(distributions, project_files, ignore_reasons=ignore_reasons)


@dataclass
class PreflightRun:
    """The state of a preflight: the stages that it has reached, and their results; None for those that failed.

    Each stage adds to it, or to ``reasons``.
    """

    reasons: Reasons = field(default_factory=Reasons)
    reached: set[ReleaseStage] = field(default_factory=set)
    preconditions: Preconditions | None = None
    scratch: Scratch | None = None
    snapshot: ProjectSnapshot | None = None
    project: Project | None = None
    version: Version | None = None
    plan: ReleasePlan | None = None
    report: TagReport | None = None
    config: Config = field(default_factory=Config)

    @contextlib.contextmanager
    def stage(self, stage: ReleaseStage) -> Iterator[None]:
        """Count a stage as reached, unless it raises an error, which becomes a reason."""
        before = len(tuple(self.reasons))
        with self.reasons.gather():
            yield
        if len(tuple(self.reasons)) == before:
            self.reached.add(stage)

    @property
    def tag(self) -> str | None:
        """The name of the release's tag, None without a version."""
        return self.snapshot.tag(self.version) if self.snapshot and self.version else None

    def in_checkout(self, text: str) -> str:
        """Return a text with the paths of the checkout instead of those of the scratch clone."""
        return in_checkout(text, self.scratch.repository, self.scratch.root) if self.scratch else text

    def attempt(self) -> ReleaseAttempt:
        """Return the facts for the checks of a release."""
        for reason in self.reasons:
            reason.what = self.in_checkout(reason.what)
        return ReleaseAttempt(
            reasons=tuple(self.reasons),
            reached=frozenset(self.reached),
            unfinished=uncommitted_files(self.preconditions.repository) if self.preconditions else (),
            unpushed=self.preconditions.branch_status.ahead if self.preconditions else 0,
        )


@contextlib.contextmanager
def attempt_release(folder: Path, request: ReleaseRequest, environ: Mapping[str, str]) -> Iterator[PreflightRun]:
    """Run every step of a release of the project in ``folder`` up to the build; at the end, remove all of it."""
    run = PreflightRun()
    with contextlib.ExitStack() as stack:
        with run.reasons.gather():
            towncrier = stack.enter_context(start_towncrier(folder))
            repository = open_repository(folder, environ)
            with run.reasons.gather():
                require_writable(repository)
            stack.enter_context(release_lock(repository))
            run.preconditions = preconditions = check_preconditions(repository)
            run.reached.add(ReleaseStage.REPOSITORY_READ)
            if preconditions.remote:
                run.reached.add(ReleaseStage.REMOTE_READ)
            with run.reasons.gather():
                interrupted = read_interrupted_release(repository)
                if interrupted and interrupted.state is not PushState.REFUSED and not interrupted.is_here:
                    raise unfinished_error(interrupted)
            run.scratch = stack.enter_context(scratch_clone(repository, preconditions.commit))
            _attempt_preparation(run, preconditions, run.scratch, request, towncrier)
        yield run


def _attempt_preparation(
    run: PreflightRun,
    preconditions: Preconditions,
    scratch: Scratch,
    request: ReleaseRequest,
    towncrier: WaitingCommand | None,
) -> None:
    """Read the project, choose and write its version, commit and tag: each as far as the step before has come."""
    _read_project(run, scratch)
    if run.snapshot is None:
        run.reasons.extend(preconditions.reasons)
        return
    run.reasons.extend(release_blockers(preconditions, scratch, run.snapshot))
    _choose_version(run, run.snapshot, request)
    if run.version is not None:
        run.reached.add(ReleaseStage.VERSION_CHOSEN)
        prepared = PreparedRelease(preconditions, scratch, run.snapshot, towncrier=towncrier)
        _write_and_commit(run, prepared, run.version)


def _read_project(run: PreflightRun, scratch: Scratch) -> None:
    with contextlib.suppress(SeatrialError):
        # pyproject.toml may be readable although a file that it names is not.
        run.project = Project.from_directory(scratch.project)
        run.config = Config.from_project(run.project)
        run.reached.add(ReleaseStage.SETTINGS_READ)
    with run.stage(ReleaseStage.VERSION_READ):
        run.snapshot = read_snapshot(scratch)


def _choose_version(run: PreflightRun, snapshot: ProjectSnapshot, request: ReleaseRequest) -> None:
    """Choose the version; one that can't be released is a reason, and is checked all the same."""
    try:
        run.version = choose_version(snapshot, request, run.preconditions)
    except SeatrialError as error:
        run.reasons.extend([error])
        with contextlib.suppress(SeatrialError):
            run.version = requested_version(snapshot, request)


def _write_and_commit(run: PreflightRun, prepared: PreparedRelease, version: Version) -> None:
    is_free = False
    with run.reasons.gather():
        require_free_tag(prepared.preconditions, prepared.snapshot, version)
        is_free = True
    if version > prepared.snapshot.current or (version == prepared.snapshot.current and prepared.snapshot.is_untagged):
        _write(run, prepared, version)
    if run.plan and is_free:
        with run.stage(ReleaseStage.COMMITTED):
            commit_release(prepared, run.plan)


def _write(run: PreflightRun, prepared: PreparedRelease, version: Version) -> None:
    with run.stage(ReleaseStage.WRITTEN):
        run.plan = write_release(prepared, version)


def attempt_build(run: PreflightRun, say: Callable[[str], None]) -> BuiltDistributions | None:
    """Build the distributions of the release, or of HEAD when no version could be written. None when that failed."""
    built = None
    with run.stage(ReleaseStage.BUILT):
        if run.scratch and run.project:
            built = build_release(run.scratch, say)
            twine_check([file.path for file in built], run.config.ignore)
            if run.plan:
                require_built_version(run.plan, built)
    if built is None:
        run.reached.discard(ReleaseStage.BUILT)
    return built


def attempt_push(run: PreflightRun) -> None:
    """Run every step of a push but the push itself, where the remote has answered."""
    preconditions = run.preconditions
    if preconditions and preconditions.target and preconditions.remote and preconditions.remote.tip:
        with run.stage(ReleaseStage.PUSH_TRIED):
            try_push(preconditions.repository, preconditions.target.upstream)


def build_again(scratch: Scratch, built: BuiltDistributions, say: Callable[[str], None]) -> RebuildResult:
    """Build the distributions of the scratch clone once more: the sdist, and the wheel straight from the tree.

    If the wheel differs, it is built from the sdist once more, to see whether builds of the wheel always differ,
    or the sdist lacks a file. Raises `BuildError` or `InstallFailed`.
    """
    say("building both once more, in another folder, the wheel straight from the tree")
    with tempfile.TemporaryDirectory(prefix="seatrial-again-") as folder:
        top = Path(folder, "tree")
        # With its git folder, from which some backends take versions and the list of files.
        shutil.copytree(scratch.root, top, symlinks=True)
        Git(top).run("clean", "--quiet", "-ffdx")
        project = Project.from_directory(top / scratch.repository.prefix)
        epoch = SourceTree.scan(project, scratch.commit_date()).epoch
        environment = BuildEnvironment(state_folder_for(scratch) / "build", best_installer(), is_for_commit=True)
        sdist, wheel = build_from_tree(project.root, Path(folder, "direct"), environment, epoch)
        differences = _differences(built.sdist, sdist)
        if not built.wheel.file_name.is_for_any_machine:
            # A compiler writes down the folder that it ran in, and such a wheel is not published.
            return RebuildResult(tuple(differences))
        direct = next(iter(_differences(built.wheel, wheel)), None)
        if direct:
            _, wheel_from_sdist = build_distributions(project.root, Path(folder, "from-sdist"), environment, epoch)
            differences += _differences(built.wheel, wheel_from_sdist)
        return RebuildResult(tuple(differences), direct)


def _differences(first: Distribution, second: Path) -> list[Difference]:
    comparison = compare(first, Distribution.read(second))
    if comparison.sameness is Sameness.IDENTICAL:
        return []
    return [Difference(first.name, comparison.differences)]
