"""A preflight: every release step up to the push, continued past failures, then all checks."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.checks.check import ReleaseAttempt, ReleaseStage, UnknownFacts, report_unknown, run_checks
from seatrial.checks.registry import (
    BUILT_FILES_CHECKS,
    PENDING_RELEASE_CHECKS,
    PROJECT_CHECKS,
    REBUILD_CHECKS,
    RELEASE_CHECKS,
    TRIGGER_CHECKS,
    checks_for_pending_file,
)
from seatrial.checks.run import check_distributions, check_uploads, require_known_codes
from seatrial.ci.publisher import Trigger
from seatrial.distributions.build import BuildEnvironment, build_distributions, build_from_tree
from seatrial.distributions.cache import SourceTree
from seatrial.distributions.comparison import Sameness, compare
from seatrial.distributions.distribution import Distribution
from seatrial.distributions.reproducible import Difference, RebuildResult
from seatrial.errors import Reasons, ReleaseError, SeatrialError
from seatrial.findings import printable
from seatrial.git.command import Git, tracked_files
from seatrial.git.push import try_push
from seatrial.git.repository import uncommitted_files
from seatrial.index.twine import twine_check
from seatrial.installer import best_installer
from seatrial.invocation import task_command
from seatrial.project.changelog import start_towncrier
from seatrial.project.project import Project
from seatrial.project.settings import Config
from seatrial.release.checks import (
    gather_facts,
    read_pending_release,
    read_publishing,
    read_sources,
    read_trigger,
    run_checks_on,
)
from seatrial.release.plan import choose_version, requested_version
from seatrial.release.preconditions import check_preconditions, open_repository, require_free_tag
from seatrial.release.prepare import (
    PreparedRelease,
    build_release,
    commit_release,
    in_checkout,
    read_snapshot,
    release_blockers,
    release_lock,
    require_built_version,
    scratch_clone,
    state_folder_of,
    write_release,
)
from seatrial.release.push import unfinished_release

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from packaging.version import Version

    from seatrial.checks.project import ProjectSources
    from seatrial.distributions.cache import BuiltDistributions
    from seatrial.findings import CheckResult
    from seatrial.git.repository import Repository
    from seatrial.git.scratch import Scratch
    from seatrial.index.client import PendingRelease
    from seatrial.project.snapshot import ProjectSnapshot
    from seatrial.release.checks import GatheredFacts
    from seatrial.release.plan import ReleasePlan, ReleaseRequest
    from seatrial.release.preconditions import Preconditions


@dataclass(frozen=True)
class PreflightResult:
    """What was found: ``version`` and ``tag`` of the release that was looked at, None and "" where there is none."""

    results: tuple[CheckResult, ...]
    project: str = ""
    version: Version | None = None
    tag: str = ""

    def __str__(self) -> str:
        name = printable(self.project)
        return f"{name} {self.version}, tag {self.tag}" if self.version else f"{name}: no version"


def run_preflight(folder: Path, request: ReleaseRequest, say: Callable[[str], None]) -> PreflightResult:
    """Run every check on the release that ``request`` asks for, and leave everything as it was.

    ``say`` is told, a line at a time, what takes long.
    """
    with attempt_release(folder, request) as run, contextlib.ExitStack() as stack:
        with run.reasons.gather():
            require_known_codes(run.config.ignore)
        asked = stack.enter_context(gather_facts(run.project, run.config)) if run.project else None
        attempt_push(run)
        built = attempt_build(run, say)
        rebuilt = _rebuild_result(run, built, say)
        ignore_reasons = run.config.ignore
        told = (
            *run_checks(RELEASE_CHECKS, run.attempt(), ignore_reasons=ignore_reasons),
            *_results_of_project(run, asked, ignore_reasons),
            *_results_of_index(run, asked, ignore_reasons),
            *_results_of_files(run, asked, built, ignore_reasons),
            *run_checks_on(REBUILD_CHECKS, rebuilt, ignore_reasons),
        )
        name = run.project.name if run.project else folder.name
        return PreflightResult(tuple(_results_of_checkout(told, run)), name, run.version, run.tag)


def _results_of_checkout(told: Iterable[CheckResult], run: PreflightRun) -> Iterator[CheckResult]:
    """Yield what was found with the names of the user's files: the scratch clone is gone when it is read."""
    for one in told:
        if run.preconditions and run.scratch:
            seen = in_checkout(one.finding.seen, run.preconditions.repository, run.scratch.root)
            yield replace(one, finding=replace(one.finding, seen=seen))
        else:
            yield one


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
    run: PreflightRun, asked: GatheredFacts | None, ignore_reasons: Mapping[str, str]
) -> tuple[CheckResult, ...]:
    sources: ProjectSources | UnknownFacts = UnknownFacts(ReleaseStage.PARSED.value)
    trigger: Trigger | UnknownFacts = UnknownFacts(ReleaseStage.PARSED.value)
    if run.project and run.scratch and asked:
        listing = asked.listing.result()
        publishing = read_publishing(run.project, run.config, run.scratch, run.tag)
        sources = read_sources(run.project, run.scratch, listing, publishing)
        known = Trigger(run.tag, publishing, listing)
        trigger = read_trigger(run.project, run.scratch, known)
    return (
        *run_checks_on(PROJECT_CHECKS, sources, ignore_reasons),
        *run_checks_on(TRIGGER_CHECKS, trigger, ignore_reasons),
    )


def _results_of_index(
    run: PreflightRun, asked: GatheredFacts | None, ignore_reasons: Mapping[str, str]
) -> tuple[CheckResult, ...]:
    held: PendingRelease | UnknownFacts = UnknownFacts(ReleaseStage.READ.value)
    if run.snapshot and asked:
        held = read_pending_release(run.snapshot, run.version, asked)
    return run_checks_on(PENDING_RELEASE_CHECKS, held, ignore_reasons)


def _results_of_files(
    run: PreflightRun, asked: GatheredFacts | None, built: BuiltDistributions | None, ignore_reasons: Mapping[str, str]
) -> Iterator[CheckResult]:
    if built is None or run.scratch is None or asked is None:
        yield from report_unknown(
            BUILT_FILES_CHECKS, UnknownFacts(ReleaseStage.BUILT.value), ignore_reasons=ignore_reasons
        )
        return
    distributions = tuple(built)
    sources = tracked_files(run.scratch.project)
    yield from check_distributions(distributions, sources=sources, ignore_reasons=ignore_reasons)
    project_files = asked.project_files.result() if run.planned else UnknownFacts(ReleaseStage.WRITTEN.value)
    if isinstance(project_files, UnknownFacts):
        for file in distributions:
            checks = checks_for_pending_file(file)
            yield from report_unknown(checks, project_files, subject=file.name, ignore_reasons=ignore_reasons)
    else:
        yield from check_uploads(distributions, project_files, ignore_reasons=ignore_reasons)


@dataclass
class PreflightRun:
    """How far the walk has come, and what it has found on its way; None for what it has not.

    It is the only thing here that changes: each stage adds to it, or a reason why it could not.
    """

    reasons: Reasons = field(default_factory=Reasons)
    reached: set[ReleaseStage] = field(default_factory=set)
    preconditions: Preconditions | None = None
    scratch: Scratch | None = None
    snapshot: ProjectSnapshot | None = None
    project: Project | None = None
    version: Version | None = None
    planned: ReleasePlan | None = None
    config: Config = field(default_factory=Config)

    @contextlib.contextmanager
    def through(self, stage: ReleaseStage) -> Iterator[None]:
        """Count a stage as walked through unless something is raised, which is kept as a reason."""
        before = len(tuple(self.reasons))
        with self.reasons.gather():
            yield
        if len(tuple(self.reasons)) == before:
            self.reached.add(stage)

    def take(self, snapshot: ProjectSnapshot | None = None, version: Version | None = None) -> None:
        """Keep what a stage has found."""
        self.snapshot, self.version = snapshot or self.snapshot, version or self.version

    @property
    def repository(self) -> Repository | None:
        """The user's repository."""
        return self.preconditions.repository if self.preconditions else None

    @property
    def tag(self) -> str:
        """The name of the tag that the release would have, "" without a version."""
        return self.snapshot.tag(self.version) if self.snapshot and self.version else ""

    def attempt(self) -> ReleaseAttempt:
        """Return what is to be judged."""
        if self.preconditions and self.scratch:
            for one in self.reasons:
                one.what = in_checkout(one.what, self.preconditions.repository, self.scratch.root)
        return ReleaseAttempt(
            reasons=tuple(self.reasons),
            reached=frozenset(self.reached),
            unfinished=uncommitted_files(self.preconditions.repository) if self.preconditions else (),
            unpushed=self.preconditions.branch_status.ahead if self.preconditions else 0,
        )


@contextlib.contextmanager
def attempt_release(folder: Path, request: ReleaseRequest) -> Iterator[PreflightRun]:
    """Walk as a release of the project in ``folder`` does, up to what is built; at the end, nothing of it is left."""
    run = PreflightRun()
    with contextlib.ExitStack() as stack:
        with run.reasons.gather():
            ahead = stack.enter_context(start_towncrier(folder))
            repository = open_repository(folder)
            stack.enter_context(release_lock(repository))
            run.preconditions = preconditions = check_preconditions(repository)
            run.scratch = scratch = stack.enter_context(scratch_clone(repository))
            _read(run, preconditions, scratch)
            if run.snapshot:
                prepared = PreparedRelease(preconditions, scratch, run.snapshot, ahead=ahead)
                _choose_version(run, prepared, request)
                _write_version(run, prepared)
        yield run


def attempt_build(run: PreflightRun, say: Callable[[str], None]) -> BuiltDistributions | None:
    """Build what the release would ship; where no version could be written, HEAD as it is. None when it failed."""
    built = None
    with run.through(ReleaseStage.BUILT):
        if run.scratch and run.project:
            built = build_release(run.scratch, say)
            twine_check([one.path for one in built])
            if run.planned:
                require_built_version(run.planned, built)
    if built is None:
        run.reached.discard(ReleaseStage.BUILT)
    return built


def attempt_push(run: PreflightRun) -> None:
    """Have git do all of a push but the push, where there is a remote that was asked."""
    if run.preconditions and ReleaseStage.ASKED in run.reached and run.preconditions.remote.tip:
        with run.through(ReleaseStage.TRIED):
            try_push(run.preconditions.repository)


def _read(run: PreflightRun, preconditions: Preconditions, scratch: Scratch) -> None:
    run.reached.add(ReleaseStage.LOOKED)
    run.reached.update([ReleaseStage.ASKED] if preconditions.remote.addresses else [])
    with run.reasons.gather():
        left = unfinished_release(preconditions.repository)
        if left:
            raise ReleaseError(
                f"{left.tag} was pushed, and has to be caught up with first",
                code="NotCaughtUp",
                fix=task_command("release"),
            )
    with contextlib.suppress(SeatrialError):
        # It may be readable although something that it leads to is not.
        run.project = Project.from_directory(scratch.project)
        run.config = Config.from_project(run.project)
        run.reached.add(ReleaseStage.PARSED)
    with run.through(ReleaseStage.READ):
        run.take(snapshot=read_snapshot(scratch))
    known = release_blockers(preconditions, run.snapshot) if run.snapshot else preconditions.reasons
    run.reasons.extend(known)


def _choose_version(run: PreflightRun, prepared: PreparedRelease, request: ReleaseRequest) -> None:
    with run.reasons.gather():
        run.take(version=choose_version(prepared.snapshot, request))
    with contextlib.suppress(SeatrialError):
        # What can't be released yet can be looked at all the same.
        run.take(version=run.version or requested_version(prepared.snapshot, request))
    run.reached.update([ReleaseStage.CHOSEN] if run.version else [])


def _write_version(run: PreflightRun, prepared: PreparedRelease) -> None:
    version = run.version
    if version is None:
        return
    is_free = False
    with run.reasons.gather():
        require_free_tag(prepared.preconditions, prepared.snapshot.tag(version))
        is_free = True
    if version > prepared.snapshot.current:
        with run.through(ReleaseStage.WRITTEN):
            run.planned = write_release(prepared, version)
    if run.planned and is_free:
        with run.through(ReleaseStage.SEALED):
            commit_release(prepared, run.planned)


def build_again(scratch: Scratch, built: BuiltDistributions, say: Callable[[str], None]) -> RebuildResult:
    """Build once more what was built in the scratch clone: the sdist, and the wheel straight from the tree.

    If that wheel is another, it is built from the sdist once more, to tell a wheel that is never the same from an sdist
    that lacks something. Raises `BuildError` or `InstallFailed`.
    """
    say("building both once more, in another folder, the wheel straight from the tree")
    with tempfile.TemporaryDirectory(prefix="seatrial-again-") as folder:
        top = Path(folder, "tree")
        # With its git folder, from which some backends take versions and the list of files.
        shutil.copytree(scratch.root, top, symlinks=True)
        Git(top).run("clean", "--quiet", "-ffdx")
        project = Project.from_directory(top / scratch.repository.prefix)
        epoch = SourceTree.scan(project).epoch
        environment = BuildEnvironment(state_folder_of(scratch.repository) / "build", best_installer())
        into = Path(folder, "direct")
        sdist, wheel = build_from_tree(project.root, into, environment, epoch)
        changed = [*_differences(built.sdist, sdist)]
        if not built.wheel.file_name.is_for_any_machine:
            # A compiler writes down the folder that it ran in, and such a wheel is not published.
            return RebuildResult(tuple(changed))
        direct = next(iter(_differences(built.wheel, wheel)), None)
        if direct:
            _, like = build_distributions(project.root, Path(folder, "like"), environment, epoch)
            changed += _differences(built.wheel, like)
        return RebuildResult(tuple(changed), direct)


def _differences(first: Distribution, second: Path) -> list[Difference]:
    compared = compare(first, Distribution.read(second))
    return [] if compared.sameness is Sameness.IDENTICAL else [Difference(first.name, compared.differences)]
