"""Prepares and verifies a release in the scratch clone: everything before the push."""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from seatrial import process
from seatrial.checks.run import require_acceptable
from seatrial.ci.publisher import files_listening_to_tags
from seatrial.distributions.build import ensure_built
from seatrial.errors import Reasons, ReleaseError, SeatrialError, together
from seatrial.git.command import tracked_files
from seatrial.git.repository import files_of_commit, object_of_tag, read_tags, uncommitted_files
from seatrial.git.scratch import Scratch, remove_scratch
from seatrial.invocation import task_command
from seatrial.project.bump import assemble_changelog, raise_version, require_version
from seatrial.project.project import Project
from seatrial.project.snapshot import ProjectSnapshot, released_versions, usual_tag_form
from seatrial.release.plan import ReleasePlan, ReleaseRequest, choose_version
from seatrial.release.preconditions import require_branch, require_free_tag
from seatrial.release.push import ReleaseCommit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from packaging.version import Version

    from seatrial.distributions.cache import BuiltDistributions
    from seatrial.git.repository import Repository
    from seatrial.process import WaitingCommand
    from seatrial.release.preconditions import Preconditions


@dataclass(frozen=True)
class PreparedRelease:
    """A scratch clone at the commit to be released from, and how the project stands there.

    ``reasons``: why there can be no release, as far as that is known before a version is; ``ahead``: a towncrier that
    was begun before.
    """

    preconditions: Preconditions
    scratch: Scratch
    snapshot: ProjectSnapshot
    reasons: tuple[SeatrialError, ...] = ()
    ahead: WaitingCommand | None = None


@contextlib.contextmanager
def release_lock(repository: Repository) -> Iterator[None]:
    """Hold off every other release of this repository, from whichever of its work trees. Raises `AnotherRelease`."""
    # Loading it takes as long as git does for all of a survey.
    from filelock import FileLock, Timeout  # noqa: PLC0415

    lock = FileLock(repository.common_dir / "seatrial.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise ReleaseError(
            f"another release of {repository.root} is under way",
            code="AnotherRelease",
            fix=f"wait for it to end: {task_command('status')}",
        ) from None
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def scratch_clone(repository: Repository) -> Iterator[Scratch]:
    """Make the scratch clone, and remove it at the end."""
    place = hashlib.sha256(f"{repository.common_dir}\0{repository.prefix}".encode("utf-8", "surrogateescape"))
    # Loaded here because only a release needs it.
    from platformdirs import user_cache_path  # noqa: PLC0415

    root = user_cache_path("seatrial") / "scratch" / place.hexdigest()[:16] / repository.project.name
    try:
        scratch = Scratch.make(repository, root)
        yield scratch
    except SeatrialError as error:
        error.what = in_checkout(error.what, repository, root)
        raise
    finally:
        remove_scratch(root.parent)


def in_checkout(text: str, repository: Repository, root: Path) -> str:
    """Return a text that names files of the scratch clone at ``root`` with those of the user's repository.

    They are there too, and the scratch clone is gone when the text is read.
    """
    return text.replace(str(root), str(repository.root))


@contextlib.contextmanager
def open_release(preconditions: Preconditions, ahead: WaitingCommand | None = None) -> Iterator[PreparedRelease]:
    """Make the scratch clone and look at the project in it; the clone is removed at the end.

    Raises what is wrong with the project, when that makes looking further useless: `ProjectError` or `ReleaseError`.
    """
    with scratch_clone(preconditions.repository) as scratch:
        try:
            snapshot = read_snapshot(scratch)
        except SeatrialError as error:
            raise together((*preconditions.reasons, error)) from None
        yield PreparedRelease(preconditions, scratch, snapshot, release_blockers(preconditions, snapshot), ahead)


def read_snapshot(scratch: Scratch) -> ProjectSnapshot:
    """Look at the project in a scratch clone. Raises as `ProjectSnapshot.of` does."""
    return ProjectSnapshot.of(scratch.project, files_of_commit(scratch.repository), read_tags(scratch.repository))


def release_blockers(preconditions: Preconditions, snapshot: ProjectSnapshot) -> tuple[SeatrialError, ...]:
    """Return why there can be no release, as far as repository, remote and project say so before a version is known."""
    reasons = Reasons(preconditions.reasons)
    with reasons.gather():
        require_branch(preconditions, snapshot.config.branch)
    with reasons.gather():
        _require_tags(preconditions, snapshot)
    return tuple(reasons)


def _require_tags(preconditions: Preconditions, snapshot: ProjectSnapshot) -> None:
    """Refuse a clone without the tags of the remote: its last release would be guessed."""
    there = [tag for tag in preconditions.remote.tags if not tag.endswith("^{}")]
    known = released_versions(
        there, snapshot.config.tag or usual_tag_form(there, snapshot.project.name), snapshot.project.name
    )
    newest = known[max(known)] if known else ""
    if newest and max(known) > snapshot.current and not object_of_tag(preconditions.repository, newest):
        raise ReleaseError(
            f"{preconditions.remote.name} has the tag {newest}, and {preconditions.repository.root} does not",
            code="TagsMissing",
            fix="git fetch --tags",
        )


def prepare_release(found: PreparedRelease, request: ReleaseRequest) -> ReleasePlan:
    """Write the release into the scratch clone, and return what it changes there.

    Raises `ReleaseError`: before anything is written, with all that stands in the way.
    """
    reasons = Reasons(found.reasons)
    with reasons.gather():
        version = choose_version(found.snapshot, request)
        require_free_tag(found.preconditions, found.snapshot.tag(version))
    reasons.raise_together()
    return write_release(found, version)


def write_release(found: PreparedRelease, version: Version) -> ReleasePlan:
    """Write a version into the scratch clone, and return what a release of it changes. Raises `ReleaseError`."""
    snapshot, repository = found.snapshot, found.preconditions.repository
    raise_version(snapshot, version)
    if found.scratch.git.line("rev-parse", "HEAD") != repository.commit:
        raise ReleaseError(
            "a hook of bump-my-version commits, and the commit of a release is made here",
            code="HookRefused",
            fix="take git out of its setup_hooks and pre_commit_hooks",
        )
    entry = assemble_changelog(snapshot, version, f"{datetime.now().astimezone():%Y-%m-%d}", found.ahead)
    diff, removed = found.scratch.changes()
    return ReleasePlan(
        project=snapshot.project.name,
        current=snapshot.current,
        version=version,
        tag=snapshot.tag(version),
        message=snapshot.config.message.format(version=version, name=snapshot.project.name),
        remote=repository.remote,
        branch=repository.upstream[len("refs/heads/") :],
        entry=entry,
        diff=diff,
        removed=removed,
        unpushed=found.preconditions.branch_status.ahead,
        unfinished=uncommitted_files(repository),
        publishes=files_listening_to_tags(found.scratch.root, snapshot.tag(version)),
    )


def commit_release(found: PreparedRelease, planned: ReleasePlan) -> ReleaseCommit:
    """Commit and tag in the scratch clone. Raises `HookRefused`, `SigningFailed` or `VersionNotWritten`."""
    commit = found.scratch.commit(planned.message)
    # A hook may have changed what was shown.
    require_version(found.snapshot, planned.version)
    oid = found.scratch.tag(planned.tag, planned.tag_message, commit)
    repository = found.preconditions.repository
    return ReleaseCommit(commit, planned.tag, oid, repository.branch, repository.remote, repository.upstream)


def verify_release(
    found: PreparedRelease, planned: ReleasePlan, *, tests: bool, say: Callable[[str], None]
) -> BuiltDistributions:
    """Build and check what the sealed commit ships, and run the sessions tagged ``release`` on it.

    They run in the scratch clone, with the environments in ``.nox`` of the checkout. Without ``tests``, only the build
    and its check run. Raises `BuildError` or `ProofFailed`.
    """
    snapshot, repository = found.snapshot, found.preconditions.repository
    if tests and not (snapshot.project.root / "noxfile.py").is_file():
        raise ReleaseError(
            f"there is no noxfile.py beside {snapshot.project.path.name} in the commit, so nothing would be tested",
            code="ProofFailed",
            fix="commit one, see the README; or release without: --no-tests",
        )
    built, project, environments = build_release(found.scratch, say), snapshot.project, repository.project / ".nox"
    require_built_version(planned, built)
    require_acceptable(tuple(built), snapshot.config.ignore, say, tracked_files(project.root))
    if tests:
        args = (*process.module_command("nox"), "-t", "release", "--envdir", str(environments))
        # NOXSESSION and its like would make another proof of it.
        env = {name: value for name, value in process.child_environment().items() if not name.startswith("NOX")}
        kept = {name: os.environ[name] for name in ("NOX_PARALLEL", "NOX_DEFAULT_VENV_BACKEND") if name in os.environ}
        code = process.run_visibly(args, cwd=project.root, env={**env, **kept})
        if code:
            raise ReleaseError(
                f"nox -t release ended with exit code {code} on the commit that would have been tagged",
                code="ProofFailed",
                fix="mend what failed, commit, and release again; nothing has changed",
            )
    return built


def build_release(scratch: Scratch, say: Callable[[str], None]) -> BuiltDistributions:
    """Build what the scratch clone ships, with the build environment of the checkout. Raises `BuildError`."""
    # What is built from a branch can tell so, and CI builds from a tag (setuptools-scm writes it into the sdist).
    scratch.git.run("checkout", "--quiet", "--detach")
    # It is read again: the version in it has changed.
    project = Project.from_directory(scratch.project)
    return ensure_built(project, state_folder_of(scratch.repository), f"release {os.getpid()}", say)


def state_folder_of(repository: Repository) -> Path:
    """Return the folder in the checkout for what is remembered between runs."""
    return repository.project / ".nox/.cache/seatrial"


def require_built_version(planned: ReleasePlan, built: BuiltDistributions) -> None:
    """Raise `ProofFailed` when what was built is another version than the one that the tag names."""
    wrong = [one.path.name for one in built if one.version != planned.version]
    if wrong:
        raise ReleaseError(
            f"{planned.tag} would be the tag of {', '.join(wrong)}, which is another version",
            code="ProofFailed",
            fix="see where the build backend takes the version from, the variables of the environment among it",
        )
