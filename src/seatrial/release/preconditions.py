"""What has to be true before a release: what git or the remote would refuse, and the checks that run before the push.

The first is checked before anything is written. The checks get facts from nox and the index.
"""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Union

from seatrial import report
from seatrial.checks.check import Check, UnknownFacts, report_unknown, run_checks
from seatrial.checks.project import ProjectSources
from seatrial.checks.registry import PENDING_RELEASE_CHECKS, PROJECT_CHECKS, TRIGGER_CHECKS, check_uploads
from seatrial.ci.before_upload import CheckoutNeeds, build_without_session
from seatrial.ci.expressions import Answer
from seatrial.ci.gitlab import PIPELINE_FILE, TAG_RULE, Pipeline
from seatrial.ci.publisher import DEFAULT_ENVIRONMENT, CiFacts, Publishing
from seatrial.commands import Command
from seatrial.errors import (
    IndexUnreachable,
    PipelineInvalid,
    Reasons,
    ReleaseError,
    SeatrialError,
    WorkflowUnknown,
    count_text,
    together,
)
from seatrial.findings import CheckResult, Finding
from seatrial.git.command import Git
from seatrial.git.repository import (
    BranchStatus,
    Remote,
    Repository,
    Upstream,
    find_branch,
    has_object,
    object_of_tag,
    page_of_repository,
    read_branch_status,
    read_remote,
    read_repository,
    require_identity,
    usual_branch,
)
from seatrial.index.client import PendingRelease, ProjectFiles, in_thread, maker_of_newest, read_project_or_look_alike
from seatrial.index.destination import pip_index_url
from seatrial.project.nox_sessions import SessionList, list_sessions
from seatrial.project.project import Project
from seatrial.project.settings import Config
from seatrial.project.versions import next_version
from seatrial.redaction import redact, redacted_address
from seatrial.workflows.generate import IN_USE, NOT_WRITTEN, Generator

if TYPE_CHECKING:
    from packaging.version import Version

    from seatrial.distributions.cache import BuiltDistributions
    from seatrial.events import Progress
    from seatrial.git.scratch import Scratch
    from seatrial.process import WaitingCommand
    from seatrial.project.snapshot import ProjectSnapshot
    from seatrial.release.plan import ReleasePlan
    from seatrial.release.prepare import PreparedRelease


UNFINISHED_OPERATIONS = {
    "rebase-apply/applying": "am",
    "rebase-merge": "rebase",
    "rebase-apply": "rebase",
    "MERGE_HEAD": "merge",
    "CHERRY_PICK_HEAD": "cherry-pick",
    "REVERT_HEAD": "revert",
}
"""Files in the git folder while a command of git waits to be continued, and the command; a rebase has others too."""

USUAL_BRANCHES = ("main", "master")
"""The names of branches that were renamed rather than deleted where a remote lacks them."""

OF_THE_CHECKOUT = ("BranchBehind", "BranchDiverged")
"""The reasons that prevent a release from the checkout, and none from the branch of the remote."""

HOOK_VARIABLES = ("GIT_INDEX_FILE", "GIT_DIR")
"""The variables that git sets for its hooks (githooks(5))."""


@dataclass(frozen=True)
class PushTarget:
    """The branch that a release is made from, and the branch of the remote that it is pushed to."""

    branch: str
    upstream: Upstream


@dataclass(frozen=True)
class Preconditions:
    """The state of a repository and its remote before a release.

    ``commit``: the id of HEAD; ``target``: where the release is pushed to, None when the branch follows no branch of a
    remote; ``remote``: None when it was not asked or did not answer; ``reasons``: all that prevents a release;
    ``is_on_remote_branch``: whether ``commit`` is that of the remote's branch instead.
    """

    repository: Repository
    commit: str
    target: PushTarget | None
    remote: Remote | None
    branch_status: BranchStatus
    reasons: tuple[SeatrialError, ...] = ()
    is_on_remote_branch: bool = False

    def require_remote(self) -> tuple[PushTarget, Remote]:
        """Return where the release is pushed to, and the remote as it is now. Raises `reasons` when that is unknown."""
        if self.target is None or self.remote is None:
            raise together(self.reasons)
        return self.target, self.remote

    def on_remote_branch(self) -> Preconditions:
        """Return the preconditions of a release that is made on top of the remote's branch, not of the checkout."""
        remote = self.remote
        if remote is None or remote.tip is None or not has_object(self.repository, remote.tip):
            return self
        reasons = tuple(reason for reason in self.reasons if reason.code not in OF_THE_CHECKOUT)
        return replace(self, commit=remote.tip, reasons=reasons, is_on_remote_branch=True)


def open_repository(folder: Path, environ: Mapping[str, str]) -> Repository:
    """Return the repository around ``folder``. Raises `NoRepository` or `InsideGitHook`."""
    variables = [name for name in HOOK_VARIABLES if name in environ]
    if variables:
        raise ReleaseError(
            f"{', '.join(variables)} is set, as git does for its hooks: a release works on the repository itself",
            code="InsideGitHook",
            fix=f"release by hand or from CI; if no hook runs this: unset {' '.join(variables)}",
        )
    return read_repository(folder)


def check_preconditions(repository: Repository) -> Preconditions:
    """Read the remote, and gather every problem of the repository and the remote in `Preconditions.reasons`.

    Raises `NoCommit`, because without a commit there is nothing else to check.
    """
    commit = require_commit(repository)
    reasons = Reasons(local_reasons(repository))
    with reasons.gather():
        require_identity(repository)
    target, remote, branch_status = _target(repository), None, BranchStatus(0, 0)
    if target:
        with reasons.gather():
            remote = read_remote(repository, target.upstream)
            # Commits can't be counted where history is missing.
            if not repository.is_cut_off:
                branch_status = read_branch_status(repository, target.upstream, remote)
    if target and remote:
        reasons.extend(remote_reasons(repository, target, remote, branch_status))
    return Preconditions(repository, commit, target, remote, branch_status, tuple(reasons))


def require_commit(repository: Repository) -> str:
    """Return the id of HEAD. Raises `NoCommit`."""
    if repository.commit is None:
        raise ReleaseError(f"{repository.root} has no commit yet", code="NoCommit", fix="git add -A && git commit")
    return repository.commit


def shallow_clone_error(repository: Repository) -> ReleaseError:
    """Return the error about a repository that lacks history."""
    return ReleaseError(
        f"{repository.root} does not have the whole history, which versions and tags are read from",
        code="ShallowClone",
        fix="git fetch --unshallow --tags"
        if repository.is_shallow
        else f"git config --unset-all remote.{repository.filtered_remote}.partialclonefilter && git fetch --refetch && "
        f"git config --unset-all remote.{repository.filtered_remote}.promisor",
    )


def require_free_tag(preconditions: Preconditions, snapshot: ProjectSnapshot, version: Version) -> None:
    """Raise `TagTaken` when the repository or the remote has the tag of a version."""
    remote, repository, tag = preconditions.remote, preconditions.repository, snapshot.tag(version)
    if remote and tag in remote.tags:
        following = version
        while following == version or snapshot.tag(following) in remote.tags:
            following = next_version(following, following.pre[0] if following.pre else "patch")
        fetch = "" if object_of_tag(repository, tag) == remote.tags[tag] else "git fetch --tags && "
        raise ReleaseError(
            f"the tag {tag} is on {remote.name} already",
            code="TagTaken",
            fix=f"{fetch}{Command('release', '--version', following)}",
        )
    if object_of_tag(repository, tag):
        elsewhere = f", but not on {remote.name}" if remote else ""
        raise ReleaseError(
            f"the tag {tag} is in this repository already{elsewhere}",
            code="TagTaken",
            fix=f"if it was never pushed: git tag -d {tag}; else release another version",
        )


def require_branch(preconditions: Preconditions, configured: str | None) -> None:
    """Raise `WrongBranch` unless the ``configured`` branch, or else the remote's default branch, is checked out."""
    branch = preconditions.repository.branch
    if branch is None:
        return
    if configured:
        right, actual = configured, branch
    elif preconditions.target and preconditions.remote and preconditions.remote.default:
        right, actual = preconditions.remote.default, preconditions.target.upstream.branch
    else:
        return
    target = preconditions.target
    if actual != right and branch == right and target:
        raise ReleaseError(
            f"releases are made from {right}, and {branch} follows {target.upstream}",
            code="WrongBranch",
            fix=f"git branch --set-upstream-to={shlex.quote(f'{target.upstream.remote}/{right}')}",
        )
    if actual != right:
        raise ReleaseError(
            f"releases are made from {right}, and {branch} is checked out",
            code="WrongBranch",
            fix=f'git switch {right}; to release from {branch}:\n[tool.seatrial]\nbranch = "{branch}"',
        )


def local_reasons(repository: Repository) -> Iterator[SeatrialError]:
    """Yield every problem that can be seen without asking the remote."""
    if repository.is_cut_off:
        yield shallow_clone_error(repository)
    unfinished = [name for file, name in UNFINISHED_OPERATIONS.items() if (repository.git_dir / file).exists()]
    if unfinished:
        following = f"git {unfinished[0]} --continue, or --abort"
        conflicts = Git(repository.root).line("ls-files", "--unmerged")
        yield ReleaseError(
            f"a git {unfinished[0]} is not finished in {repository.root}{', and has conflicts' * bool(conflicts)}",
            code="MergeUnderWay",
            fix=f"git status, which lists them; then {following}" if conflicts else following,
        )
    lock = repository.git_dir / "index.lock"
    if lock.exists():
        yield ReleaseError(
            f"{lock} exists: another git works in the repository, or was killed",
            code="MergeUnderWay",
            fix=f"wait for it to end; if none runs: rm {shlex.quote(str(lock))}",
        )
    if not repository.remotes:
        yield ReleaseError(
            f"{repository.root} has no remote to push to", code="NoRemote", fix="git remote add -f origin ADDRESS"
        )
    if repository.branch is None:
        yield ReleaseError(
            f"no branch is checked out, HEAD is at {(repository.commit or 'no commit')[:12]}",
            code="DetachedHead",
            fix=f"git switch {shlex.quote(usual_branch(repository))}, or your release branch",
        )
    elif repository.remotes and _target(repository) is None:
        names = (f"{remote}/{repository.branch}" for remote in repository.remotes)
        followed = next((name for name in names if find_branch(repository, f"refs/remotes/{name}")), None)
        yield ReleaseError(
            f"branch {repository.branch} follows no branch of a remote",
            code="NoUpstream",
            fix=f"git branch --set-upstream-to={shlex.quote(followed)}"
            if followed
            else f"git push --set-upstream {repository.remotes[0]} {shlex.quote(repository.branch)}",
        )


def _target(repository: Repository) -> PushTarget | None:
    if repository.branch is None or repository.upstream is None:
        return None
    return PushTarget(repository.branch, repository.upstream)


def remote_reasons(
    repository: Repository, target: PushTarget, remote: Remote, branch_status: BranchStatus
) -> Iterator[SeatrialError]:
    """Yield every problem of the remote and the branch there."""
    if len(remote.addresses) > 1:
        yield ReleaseError(
            f"a push to {remote.name} goes to {len(remote.addresses)} addresses, and can succeed at one and fail at "
            f"another: {', '.join(redact(address) for address in remote.addresses)}",
            code="SeveralPushAddresses",
            fix=f"leave one: git remote set-url --push --delete {remote.name} {_quoted_address(remote.addresses[-1])}; "
            "and give the other a name of its own: git remote add NAME ADDRESS",
        )
    if remote.tip is None:
        yield ReleaseError(
            f"{remote.name} has no branch {target.upstream.branch}, which {target.branch} follows",
            code="NoUpstream",
            fix=_fix_without_branch(target, remote),
        )
    # git pulls into no file that has uncommitted changes, and rebases nothing as long as there are any.
    pull = "git pull --rebase --autostash" if repository.unfinished else None
    source = _pull_source(target, remote)
    if branch_status.behind and branch_status.ahead:
        yield ReleaseError(
            f"{target.branch} and {target.upstream} have diverged: {count_text(branch_status.ahead, 'commit')} here, "
            f"{branch_status.behind} there",
            code="BranchDiverged",
            fix=f"{pull or 'git pull --rebase'}{source}, then release again",
        )
    elif branch_status.behind:
        yield ReleaseError(
            f"{target.branch} lacks {count_text(branch_status.behind, 'commit')} of {target.upstream}",
            code="BranchBehind",
            fix=f"{pull or 'git pull --ff-only'}{source}, then release again",
        )


def _fix_without_branch(target: PushTarget, remote: Remote) -> str:
    """Return the fix for a branch that a remote does not have: it was renamed there, or deleted after a merge."""
    push = f"git push {remote.name} {shlex.quote(f'{target.branch}:{target.upstream.branch}')}"
    if remote.default in (None, target.upstream.branch):
        return push
    other = shlex.quote(f"{remote.name}/{remote.default}")
    if target.upstream.branch in USUAL_BRANCHES:
        return f"git fetch {remote.name} && git branch --set-upstream-to={other}\nor, if it was deleted: {push}"
    return f"git switch {shlex.quote(str(remote.default))}\nor, to release from {target.branch}: {push}"


def _pull_source(target: PushTarget, remote: Remote) -> str:
    """Return the arguments that ``git pull`` needs where a push goes to another address than git fetches from."""
    if remote.source == remote.name:
        return ""
    return f" {_quoted_address(remote.source)} {shlex.quote(target.upstream.branch)}"


def _quoted_address(address: str) -> str:
    """Return an address as a word of a command, ``ADDRESS`` for one with a secret."""
    return shlex.quote(address) if redact(address) == address else "ADDRESS"


@contextlib.contextmanager
def checked_facts(
    prepared: PreparedRelease,
    plan: ReleasePlan,
    question: IndexQuestion,
    progress: Progress,
    nox: WaitingCommand | None = None,
) -> Iterator[GatheredFacts]:
    """Check a release that is planned, and yield what the index and nox have answered.

    ``nox``: one that was started ahead. Warnings, and what could not be checked, are reported. Raises `ChecksFailed`
    for errors of the project, of the CI files that the tag starts, or of the index.
    """
    with gather_facts(prepared.snapshot.project, question, nox) as facts:
        _require_checks(prepared, plan, facts, progress)
        yield facts


def _require_checks(prepared: PreparedRelease, plan: ReleasePlan, facts: GatheredFacts, progress: Progress) -> None:
    snapshot, scratch = prepared.snapshot, prepared.scratch
    publishing = read_publishing(snapshot.project, snapshot.config, scratch, plan.tag)
    ci_facts = read_ci_facts(snapshot.project, scratch, CiFacts(plan.tag, publishing), snapshot.tag_form)
    ignore_reasons = snapshot.config.ignore
    # nox answers last.
    listing = facts.listing.result()
    ci_facts = replace(ci_facts, listing=listing)
    sources = read_sources(snapshot.project, snapshot.files, listing, publishing, scratch.repository)
    results = (
        *run_checks_on(PROJECT_CHECKS, sources, ignore_reasons),
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
class IndexQuestion:
    """What an index is asked about the project ``name``; ``index``: its address."""

    index: str
    name: str
    project_files: Future[MaybeProjectFiles]


def ask_index(
    project: Project, config: Config, environ: Mapping[str, str], ahead: IndexQuestion | None = None
) -> IndexQuestion:
    """Ask the index for the files of a project, in a thread; ``environ``: for the index that pip is configured with.

    ``ahead``: a question that was asked before, which is not asked again. The program does not wait for an index that
    does not answer.
    """
    index = config.index or pip_index_url(environ)
    if ahead and (ahead.index, ahead.name) == (index, project.name):
        return ahead
    return IndexQuestion(index, project.name, in_thread(_gather_project_files, index, project.name))


def ask_index_ahead(folder: Path, environ: Mapping[str, str]) -> IndexQuestion | None:
    """Ask the index about the project as it is in the checkout; None where that can't be read.

    The index takes longest to answer. The commit that is released can be of another name, and is asked about then.
    """
    with contextlib.suppress(SeatrialError):
        project = Project.from_directory(folder)
        return ask_index(project, Config.from_project(project), environ)
    return None


@dataclass(frozen=True)
class GatheredFacts:
    """Facts from an index (``index``: its address) and from nox."""

    index: str
    project_files: Future[MaybeProjectFiles]
    listing: Future[SessionList]


@contextlib.contextmanager
def gather_facts(
    project: Project, question: IndexQuestion, nox: WaitingCommand | None = None
) -> Iterator[GatheredFacts]:
    """Ask nox in a thread, while the index answers; ``nox``: one that was started ahead.

    The end waits for nox, because it reads the folder.
    """
    with ThreadPoolExecutor(max_workers=1) as pool:
        yield GatheredFacts(question.index, question.project_files, pool.submit(list_sessions, project.root, nox))


def _gather_project_files(index: str, name: str) -> MaybeProjectFiles:
    try:
        return read_project_or_look_alike(index, name)
    except IndexUnreachable as error:
        return UnknownFacts(error.what, error.fix or None)


def read_publishing(project: Project, config: Config, scratch: Scratch, tag: str | None) -> Publishing:
    """Return the workflows that publish the project when this tag is pushed, None for one that is not known."""
    return Publishing.of(scratch.repository, project, scratch.root, config.publisher, tag)


def read_ci_facts(project: Project, scratch: Scratch, facts: CiFacts, tag_form: str | None = None) -> CiFacts:
    """Return what is known of CI, with the pipeline of GitLab and the generated files that have drifted.

    ``tag_form``: that of the names of tags, None where it is not known.
    """
    checkout = CheckoutNeeds.in_tree(scratch.root, scratch.repository.root)
    facts = replace(facts, by_pipeline=_pipeline_start(facts, scratch), checkout=checkout)
    try:
        generator = Generator.at(scratch.repository, project, tag_form=tag_form, has_lfs=checkout.lfs)
        if generator.kind == "gitlab":
            facts = replace(facts, place=f"job of {PIPELINE_FILE}")
        drifts = generator.drift_in(scratch.root)
    except SeatrialError as error:
        return replace(facts, obstacles=_how_to_generate(error, scratch.repository))
    edited = [drift for drift in drifts if drift.reason in IN_USE]
    return replace(
        facts,
        drifted=tuple(f"{drift.path} {drift.reason.text}" for drift in edited),
        fixes=tuple(dict.fromkeys(drift.fix for drift in edited)),
        obstacles=tuple(dict.fromkeys(drift.fix for drift in drifts if drift.reason in NOT_WRITTEN)),
    )


def _how_to_generate(error: SeatrialError, repository: Repository) -> tuple[str, ...]:
    """Return what is to be done where an error prevents that the files of CI are generated."""
    if error.code == "SessionMissing":
        # It is seen in the listing.
        return ()
    if isinstance(error, WorkflowUnknown) and repository.forge_addresses:
        return ("upload in a job of the forge: twine upload dist/*",)
    return (error.fix or error.what, f"{Command('workflows')}, and commit")


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


def _pipeline_start(facts: CiFacts, scratch: Scratch) -> Finding | None:
    """Return whether the tag starts the job of GitLab that publishes; None without such a pipeline."""
    publishing = facts.publishing
    try:
        pipeline = _pipeline(publishing, scratch)
    except PipelineInvalid as error:
        return Finding.failed(error.what, error.fix)
    if pipeline is None:
        return None
    job = pipeline.publishing_job(_environment(publishing))
    answer, reason = pipeline.heard(job)
    if answer is Answer.UNKNOWN:
        return Finding.unknown(reason, HOW_TO_VALIDATE)
    return Finding.passed() if answer is Answer.YES else Finding.failed(reason, TAG_RULE)


def read_sources(
    project: Project,
    files: tuple[PurePosixPath, ...],
    listing: SessionList,
    publishing: Publishing,
    repository: Repository,
) -> ProjectSources:
    """Return the project as it is in the commit, which has ``files`` of it."""
    page = next(filter(None, map(page_of_repository, repository.forge_addresses)), None)
    return ProjectSources(project, files, listing, publishing.workflows.workflows, publishing.home, page)


def read_pending_release(
    snapshot: ProjectSnapshot, version: Version | None, facts: GatheredFacts
) -> PendingRelease | UnknownFacts:
    """Return the files of the project on the index, for a release of ``version``."""
    project_files = facts.project_files.result()
    if isinstance(project_files, UnknownFacts):
        return project_files
    versions = tuple(snapshot.released)
    pending = PendingRelease(redacted_address(facts.index), snapshot.project.name, version, project_files, versions)
    return replace(pending, holder=maker_of_newest(project_files)) if pending.is_strange else pending
