"""Prepares and verifies a release in the scratch clone: everything before the push."""

from __future__ import annotations

import contextlib
import os
import re
import shlex
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial import process
from seatrial.checks.registry import require_acceptable
from seatrial.ci.publisher import files_that_publish
from seatrial.commands import RELEASE, Command
from seatrial.distributions.build import ensure_built
from seatrial.distributions.comparison import Sameness, compare
from seatrial.distributions.distribution import Distribution
from seatrial.errors import (
    Reasons,
    ReleaseError,
    SeatrialError,
    WorkflowUnknown,
    last_lines,
    printable,
    together,
)
from seatrial.events import Progress, SessionReader
from seatrial.git.command import Git, tracked_files
from seatrial.git.repository import (
    Remote,
    Repository,
    contained_tags,
    fetch_objects,
    files_of_commit,
    uncommitted_files,
)
from seatrial.project.changelog import Changelog, ChangelogSettings
from seatrial.project.find_versions import stale_numbers
from seatrial.project.project import Project
from seatrial.project.snapshot import ProjectSnapshot
from seatrial.project.tag_form import released_versions, resolve_tag_form
from seatrial.project.versions import PARTS, next_version, parse_version, part_between
from seatrial.project.write_entry import assemble_changelog
from seatrial.project.write_version import configured_hooks, raise_version, require_version
from seatrial.release.plan import ReleasePlan, first_of, tag_message
from seatrial.release.preconditions import Preconditions, require_branch, require_free_tag
from seatrial.release.push import ReleaseCommit
from seatrial.release.scratch_clone import scratch_clone
from seatrial.workflows.generate import forge_of_remote, require_usable_settings

if TYPE_CHECKING:
    from packaging.version import Version

    from seatrial.distributions.cache import BuiltDistributions
    from seatrial.git.scratch import Scratch
    from seatrial.process import WaitingCommand


@dataclass(frozen=True)
class ReleaseRequest:
    """The version that the user asks for.

    ``part``: that of ``--part``; ``version``: that of ``--version``; ``anyway``: a smaller part than the fragments ask
    for is allowed; ``allow_empty``: so is a release without fragments; ``command``: the one that was typed, for fixes.
    """

    part: str | None = None
    version: str | None = None
    anyway: bool = False
    allow_empty: bool = False
    command: Command = RELEASE


@dataclass(frozen=True)
class PreparedRelease:
    """A scratch clone at the commit to be released from, and the project in it.

    ``reasons``: all that prevents a release, as far as it is known before the version is; ``towncrier``: one that was
    started ahead.
    """

    preconditions: Preconditions
    scratch: Scratch
    snapshot: ProjectSnapshot
    reasons: tuple[SeatrialError, ...] = ()
    towncrier: WaitingCommand | None = None


@contextlib.contextmanager
def open_release(preconditions: Preconditions, towncrier: WaitingCommand | None = None) -> Iterator[PreparedRelease]:
    """Make the scratch clone and read the project in it; the clone is removed at the end.

    Raises `ProjectError` or `ReleaseError`, together with the preconditions that fail, when the project can't be read.
    """
    with scratch_clone(preconditions.repository, preconditions.commit) as scratch:
        try:
            snapshot = read_snapshot(scratch, preconditions.remote if preconditions.is_on_remote_branch else None)
        except SeatrialError as error:
            raise together((*preconditions.reasons, error)) from None
        reasons = release_blockers(preconditions, scratch, snapshot)
        yield PreparedRelease(preconditions, scratch, snapshot, reasons, towncrier)


def read_snapshot(scratch: Scratch, remote: Remote | None = None) -> ProjectSnapshot:
    """Read the project in a scratch clone. Raises as `ProjectSnapshot.of` does.

    ``remote``: one whose newer releases count although the user's repository lacks their tags: the clone gets them.
    """
    files = files_of_commit(scratch.repository, scratch.base)
    snapshot = ProjectSnapshot.of(scratch.project, files, contained_tags(scratch.git, scratch.base))
    missing = _missing_releases(scratch.tag_id, snapshot, remote, snapshot.last_version) if remote else {}
    if remote and missing:
        fetch_objects(scratch.repository, remote.source, *(f"refs/tags/{tag}" for tag in missing.values()))
        scratch.add_tags({tag: remote.tags[tag] for tag in missing.values()})
        return ProjectSnapshot.of(scratch.project, files, contained_tags(scratch.git, scratch.base))
    return snapshot


def release_blockers(
    preconditions: Preconditions, scratch: Scratch, snapshot: ProjectSnapshot
) -> tuple[SeatrialError, ...]:
    """Return all that prevents a release, as far as it is known before the version is."""
    reasons = Reasons(preconditions.reasons)
    with reasons.gather():
        require_branch(preconditions, snapshot.config.branch)
    with reasons.gather():
        require_tags(preconditions, scratch.tag_id, snapshot)
    with reasons.gather():
        kind = None
        with contextlib.suppress(WorkflowUnknown):
            kind, _ = forge_of_remote(preconditions.repository)
        require_usable_settings(snapshot.project, snapshot.config.workflows, kind)
    return tuple(reasons)


def require_tags(
    preconditions: Preconditions,
    tag_id: Callable[[str], str | None],
    snapshot: ProjectSnapshot,
    *,
    of_earlier_releases: bool = False,
) -> None:
    """Raise `TagsMissing` for a clone without the remote's newest release, from which the next version follows.

    ``tag_id``: returns the id of a tag in the clone, None for one that it lacks; ``of_earlier_releases``: whether the
    release of the version in the files counts, too, whose tag a release fetches itself.
    """
    remote = preconditions.remote
    since = snapshot.last_version if of_earlier_releases else snapshot.current
    missing = _missing_releases(tag_id, snapshot, remote, since) if remote else {}
    if remote and missing:
        raise ReleaseError(
            f"{remote.name} has the tag {missing[max(missing)]}, and {preconditions.repository.root} does not",
            code="TagsMissing",
            fix="git fetch --tags",
        )


def _missing_releases(
    tag_id: Callable[[str], str | None], snapshot: ProjectSnapshot, remote: Remote, last: Version | None
) -> dict[Version, str]:
    """Return the tags of the remote's releases after ``last`` that the clone lacks, where it lacks the newest."""
    tags = [tag for tag in remote.tags if not tag.endswith("^{}")]
    name = snapshot.project.name
    form = snapshot.tag_form
    if not snapshot.tags:
        # Without tags, the form is that of a first release, and the remote's can be another.
        with contextlib.suppress(SeatrialError):
            form = resolve_tag_form(snapshot.project, snapshot.config, tags, snapshot.places.version)
    releases = released_versions(tags, form, name, snapshot.places.version)
    is_other = form != snapshot.tag_form
    newer = {version: tag for version, tag in releases.items() if is_other or last is None or version > last}
    if not newer or tag_id(newer[max(newer)]) is not None:
        return {}
    return {version: tag for version, tag in newer.items() if tag_id(tag) is None}


def prepare_release(prepared: PreparedRelease, request: ReleaseRequest) -> ReleasePlan:
    """Write the release into the scratch clone, and return its plan.

    Raises `ReleaseError` with everything that prevents the release, before anything is written.
    """
    reasons = Reasons(prepared.reasons)
    with reasons.gather():
        version = choose_version(prepared.snapshot, request, prepared.preconditions)
        require_free_tag(prepared.preconditions, prepared.snapshot, version)
    reasons.raise_together()
    return write_release(prepared, version)


def choose_version(
    snapshot: ProjectSnapshot, request: ReleaseRequest, preconditions: Preconditions | None = None
) -> Version:
    """Return the version of a release; ``preconditions``: None where the repository does not matter.

    Raises `PartMissing` when the request names neither part nor version, `PartUnknown`, `VersionInvalid`,
    `VersionNotNewer`, `PartTooSmall` or `NoFragments`, and `SeveralReasons` for more than one of them.
    """
    if request.part and request.version:
        raise ReleaseError(
            "--part and --version exclude each other",
            code="PartUnknown",
            fix=request.command.with_words("--version", request.version),
        )
    if not request.part and not request.version:
        offers = ", ".join(f"{part} ({version})" for part, version in snapshot.choices())
        raise ReleaseError(
            f"which part of {snapshot.current} is to be raised? {offers}",
            code="PartMissing",
            fix=request.command.with_words("--part", "auto"),
        )
    version = requested_version(snapshot, request)
    reasons = Reasons()
    with reasons.gather():
        _require_progress(snapshot, version, request.command, preconditions.remote if preconditions else None)
        _require_size(snapshot, request, version)
    with reasons.gather():
        _require_fragments(snapshot, request, version, preconditions.repository.project if preconditions else None)
    reasons.raise_together()
    return version


def requested_version(snapshot: ProjectSnapshot, request: ReleaseRequest) -> Version:
    """Return the version that a request names, fit for a release or not. Raises `PartUnknown` or `VersionInvalid`."""
    if request.version:
        return parse_version(request.version)
    return snapshot.version_for(request.part or "", request.command)


def _require_progress(snapshot: ProjectSnapshot, version: Version, again: Command, remote: Remote | None) -> None:
    if snapshot.last_version and version <= snapshot.last_version:
        tag = snapshot.last_tag
        what = f"{version} is not newer than {snapshot.last_version}, of which {tag} is the tag"
        command = again.with_words("--version", next_version(snapshot.last_version, snapshot.requested.part))
        if remote is None or tag in remote.tags:
            raise ReleaseError(what, code="VersionNotNewer", fix=command)
        raise ReleaseError(
            f"{what}; {remote.name} does not have it",
            code="VersionNotNewer",
            fix=f"if it was never pushed: git tag -d {shlex.quote(str(tag))}; else {command}",
        )
    if version <= snapshot.current and not (version == snapshot.current and snapshot.is_untagged):
        raise ReleaseError(
            f"{version} is not newer than {snapshot.current}, the version of {snapshot.project.name}",
            code="VersionNotNewer",
            fix=again.with_words("--part", snapshot.requested.part),
        )
    if version.local:
        raise ReleaseError(
            f"{version} has a local part, which no index takes",
            code="VersionInvalid",
            fix=again.with_words("--version", version.public),
        )


def _require_size(snapshot: ProjectSnapshot, request: ReleaseRequest, version: Version) -> None:
    # A pre-release of the version that the changelog announces leads to that.
    is_announced = snapshot.announced is not None and version.base_version == snapshot.announced.base_version
    if not snapshot.requested.kinds or request.anyway or version == snapshot.current or is_announced:
        return
    # The branch is behind the last release when an older one was merged after it.
    base = max(snapshot.current, snapshot.last_version or snapshot.current)
    raised = part_between(base, version)
    if PARTS.index(raised) > PARTS.index(snapshot.requested.part):
        path = next((fragment.path for fragment in snapshot.fragments if fragment.kind in snapshot.requested.kinds), "")
        raise ReleaseError(
            f"{version} raises the {raised} part of {base}, and {path} asks for {snapshot.requested.part}",
            code="PartTooSmall",
            fix=f"{request.command.with_words('--part', snapshot.requested.part)}; or all the same: --anyway",
        )


def _require_fragments(
    snapshot: ProjectSnapshot, request: ReleaseRequest, version: Version, checkout: Path | None
) -> None:
    is_final = snapshot.current.is_prerelease and version.release == snapshot.current.release
    if snapshot.news is None or snapshot.fragments or request.allow_empty or is_final or snapshot.has_entry(version):
        return
    waiting = _untracked_fragments(checkout, snapshot.news) if checkout else ()
    if waiting:
        # git may ignore them.
        raise ReleaseError(
            f"no fragment was committed, so the notes of {version} would be empty: {first_of(waiting)}",
            code="NoFragments",
            fix=f"git add --force {shlex.join(waiting)}, and commit; or release all the same: --allow-empty",
        )
    command = Command("news", snapshot.news.kinds[0], "What is new.")
    raise ReleaseError(
        f"{snapshot.news.missing_notes()}, so the notes of {version} would be empty",
        code="NoFragments",
        fix=f"{command}, and commit; or release all the same: --allow-empty",
    )


def _untracked_fragments(checkout: Path, news: Changelog) -> tuple[str, ...]:
    fragments = news.fragments_in(checkout) if isinstance(news, ChangelogSettings) else ()
    tracked = set(tracked_files(checkout)) if fragments else set()
    return tuple(str(path) for path in fragments if path not in tracked)


def write_release(prepared: PreparedRelease, version: Version) -> ReleasePlan:
    """Write a version and its changelog entry into the scratch clone, and return the plan. Raises `ReleaseError`."""
    scratch, snapshot, preconditions = prepared.scratch, prepared.snapshot, prepared.preconditions
    raise_version(snapshot, version)
    entry = assemble_changelog(snapshot, version, f"{datetime.now().astimezone():%Y-%m-%d}", prepared.towncrier)
    diff, removed = scratch.changes()
    plan = ReleasePlan(
        project=snapshot.project.name,
        current=snapshot.current,
        version=version,
        tag=snapshot.tag(version),
        message=_message_form(prepared).format(version=version, name=snapshot.project.name),
        entry=entry,
        diff=diff,
        removed=removed,
        unpushed=_unpushed_commits(preconditions),
        unfinished=uncommitted_files(preconditions.repository),
        publishes=files_that_publish(scratch.root, snapshot.tag(version)),
        hooks=() if snapshot.comes_from_tag else configured_hooks(snapshot.project),
        announced=snapshot.announced if snapshot.announced != version else None,
        stale=stale_numbers(snapshot.project, snapshot.files, snapshot.places, version),
    )
    # A release that changes no file is a tag of the commit that is there.
    message = plan.message if diff else scratch.git.run("log", "-1", "--format=%B", scratch.base)
    if plan.publishes:
        require_ci(message, push_options(preconditions.repository), OF_RELEASE if diff else OF_HEAD)
    return plan


def _message_form(prepared: PreparedRelease) -> str:
    """Return the form of the message of a release commit, which names the package in a repository of several."""
    prefix = prepared.scratch.repository.prefix
    return prepared.snapshot.config.message or ("Release {name} {version}" if prefix else "Release {version}")


def _unpushed_commits(preconditions: Preconditions) -> tuple[str, ...]:
    """Return the commits of the checkout that the remote lacks, each as a short hash and a subject."""
    repository, remote = preconditions.repository, preconditions.remote
    if remote is None or not preconditions.branch_status.ahead:
        return ()
    log = Git(repository.root).run("log", "--no-show-signature", "--format=%h %s", f"{remote.tip}..{repository.commit}")
    return tuple(map(printable, log.splitlines()))


SKIP_MARKER = re.compile(
    r"\[(?:skip[ _-]ci|ci[ _-]skip|no[ _-]ci|skip[ _-]actions|actions[ _-]skip)\]|^skip-checks:[ \t]*true[ \t]*$",
    re.IGNORECASE | re.MULTILINE,
)
"""What in the message of a commit keeps CI from running for it, and for a tag of it.

GitHub, "Skipping workflow runs"; GitLab, "Skip a pipeline".
"""


@dataclass(frozen=True)
class TaggedCommit:
    """How the commit that a tag is of is called, and what to do about a marker in its message."""

    name: str
    fix: Command | str


OF_RELEASE = TaggedCommit("the commit of the release", "take it out of message in [tool.seatrial]")
OF_HEAD = TaggedCommit("HEAD, which the tag would be of,", "commit something after it: git commit --allow-empty")
HOOK_FIX = "have the hook that adds it, prepare-commit-msg or commit-msg, leave it out of the commit of a release"
OF_HOOK = TaggedCommit(OF_RELEASE.name, HOOK_FIX)


def push_options(repository: Repository) -> tuple[str, ...]:
    """Return the options of each push by the configuration of git, where an empty one takes back those before it."""
    options: tuple[str, ...] = ()
    for name, value in repository.settings:
        if name == "push.pushoption":
            options = (*options, value) if value else ()
    return options


def is_skipped_by_ci(message: str) -> bool:
    """Whether the message of a commit keeps CI from running for it, and for a tag of it."""
    return SKIP_MARKER.search(message) is not None


def require_ci(message: str, push_options: Collection[str], commit: TaggedCommit) -> None:
    """Raise `CiSkipped` when CI would not run for a commit with this message, or for a push with these options."""
    marker = SKIP_MARKER.search(message)
    if marker:
        raise ReleaseError(
            f"{commit.name} has {marker[0]} in its message, so CI would not run for the tag, and nothing would be "
            "published",
            code="CiSkipped",
            fix=commit.fix,
        )
    if "ci.skip" in push_options:
        raise ReleaseError(
            "push.pushOption is ci.skip in the configuration of git, so CI would not run for the tag",
            code="CiSkipped",
            fix="git config --unset-all push.pushOption",
        )


def commit_release(prepared: PreparedRelease, plan: ReleasePlan) -> ReleaseCommit:
    """Commit and tag in the scratch clone.

    Raises `HookRefused`, `SigningFailed`, `VersionNotWritten` or `CiSkipped`.
    """
    scratch = prepared.scratch
    commit = scratch.commit(plan.message) if plan.diff or plan.removed else scratch.base
    # A hook may have changed the files, and the message.
    require_version(prepared.snapshot, plan.version)
    if plan.publishes and commit != scratch.base:
        message = scratch.git.run("log", "-1", "--no-show-signature", "--format=%B", commit)
        require_ci(message, (), OF_HOOK)
    oid = scratch.tag(plan.tag, tag_message(plan.project, plan.version, plan.entry), commit)
    return ReleaseCommit(commit, plan.tag, oid)


def verify_release(
    prepared: PreparedRelease, plan: ReleasePlan, *, tests: bool, progress: Progress, keep_going: bool
) -> BuiltDistributions:
    """Build and check the distributions of the release commit, and run the sessions tagged ``release`` on it.

    They run in the scratch clone, with the environments in ``.nox`` of the checkout, up to the first that fails, or all
    with ``keep_going``. Without ``tests``, only the build and its check run.
    Raises `BuildError` or `VerificationFailed`.
    """
    snapshot = prepared.snapshot
    if tests and not (snapshot.project.root / "noxfile.py").is_file():
        raise ReleaseError(
            f"the commit has no noxfile.py next to {snapshot.project.path.name}, so nothing would be tested",
            code="VerificationFailed",
            fix="commit one, see the README; or release without: --no-tests",
        )
    with progress.step("build", "sdist, and wheel from the sdist") as step:
        built = build_release(prepared.scratch, step.line)
        require_built_version(plan, built)
    with progress.step("check files", "as the index would") as step:
        require_acceptable(tuple(built), snapshot.config.ignore, step, tracked_files(snapshot.project.root))
    if tests:
        tag_id = prepared.scratch.tag_id(plan.tag)
        with progress.step("tests", "nox -t release") as step:
            _run_release_sessions(prepared, step, keep_going=keep_going)
        changed = [*changed_distributions(built)]
        if prepared.scratch.tag_id(plan.tag) != tag_id:
            changed.append(f"the tag {plan.tag}")
        if changed:
            raise ReleaseError(
                f"the tests changed what they verify: {', '.join(changed)}",
                code="VerificationFailed",
                fix="have them work in a folder of their own, such as tmp_path of pytest, and commit",
            )
    return built


def changed_distributions(built: Iterable[Distribution]) -> Iterator[str]:
    """Yield the distributions whose content is another one now: a session may build them again, or remove them."""
    for file in built:
        if file.path.is_file():
            now = Distribution.read(file.path)
            if now.sha256 != file.sha256 and compare(file, now).sameness is Sameness.DIFFERENT:
                yield f"dist/{file.name}"


KEPT_OF_NOX = ("NOX_DEFAULT_VENV_BACKEND", "NOX_PARALLEL")
"""The variables of nox that select no sessions."""


def _run_release_sessions(prepared: PreparedRelease, progress: Progress, *, keep_going: bool) -> None:
    """Run the sessions tagged ``release`` in the scratch clone. Raises `VerificationFailed`."""
    environments = prepared.preconditions.repository.project / ".nox"
    args = (*process.module_command("nox"), "-t", "release", "--envdir", str(environments))
    args += ("--no-stop-on-first-error",) if keep_going else ("--stop-on-first-error",)
    # NOXSESSION and similar variables would select other sessions; the date is that of the commit.
    pass_env = prepared.snapshot.config.pass_env
    environ, withheld = process.child_environment(pass_env), process.withheld_variables(pass_env)
    dropped = ("NOX", "SOURCE_DATE_EPOCH")
    env = {name: value for name, value in environ.items() if not name.startswith(dropped) or name in KEPT_OF_NOX}
    with contextlib.closing(SessionReader(progress)) as sessions:
        nox = process.run_streaming(args, cwd=prepared.snapshot.project.root, env=env, say=sessions)
    if nox.returncode:
        raise ReleaseError(
            f"nox -t release ended with exit code {nox.returncode} on the commit that would have been tagged:\n"
            + last_lines("\n".join(sessions.failure) or nox.output),
            code="VerificationFailed",
            fix="fix what failed, commit, and release again; nothing has changed"
            + (f"\nif a test needs {' or '.join(withheld)}: [tool.seatrial] pass-env" if withheld else ""),
        )


def build_release(scratch: Scratch, say: Callable[[str], None]) -> BuiltDistributions:
    """Build the distributions of the commit in the scratch clone, with the build environment of the checkout.

    The build depends on the commit alone: its files are checked out anew, and dated by it.
    Raises `TreeDiffers` or `BuildError`.
    """
    scratch.check_out_for_build()
    # Read again, because the version in it has changed.
    project = Project.from_directory(scratch.project)
    run = f"release {os.getpid()}"
    built = ensure_built(project, state_folder_for(scratch), run, say, epoch=scratch.commit_date())
    changed = scratch.differences()
    if changed:
        say(f"the build changed {', '.join(changed)}, which the commit has: ignore it, or do not commit what is built")
    return built


def state_folder_for(scratch: Scratch) -> Path:
    """Return the folder that keeps state between runs: in the checkout, or next to the clone if that is read-only."""
    folder = scratch.repository.project / ".nox/.cache/seatrial"
    nearest = next(parent for parent in (folder, *folder.parents) if parent.exists())
    return folder if os.access(nearest, os.W_OK) else scratch.root.parent / "state"


def require_built_version(plan: ReleasePlan, built: BuiltDistributions) -> None:
    """Raise `VerificationFailed` when a distribution has another version than the tag names."""
    wrong = [file.name for file in built if file.version != plan.version]
    if wrong:
        raise ReleaseError(
            f"{plan.tag} would be the tag of {', '.join(wrong)}, which is another version",
            code="VerificationFailed",
            fix="see where the build backend takes the version from, the variables of the environment among it",
        )
