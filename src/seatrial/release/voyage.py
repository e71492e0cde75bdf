"""The acts before the push, in the scratch clone: prepare and prove."""

from __future__ import annotations

import contextlib
import hashlib
import os
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from seatrial import distributions, fitness, plan, rewriting, shell
from seatrial.command_line import typed
from seatrial.errors import SeatrialError
from seatrial.facts import publishing
from seatrial.facts.project import Project
from seatrial.outlook import Outlook, released, tag_form
from seatrial.plan import Plan
from seatrial.refusals import Reasons, ReleaseError, together
from seatrial.release.sending import Sealed
from seatrial.release.survey import insist_on_branch, insist_on_free_tag
from seatrial.tools import checkout, git
from seatrial.tools import scratch as scratches
from seatrial.tools.scratch import Scratch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from packaging.version import Version

    from seatrial.build_record import Built
    from seatrial.facts.repository import Repository
    from seatrial.release.survey import Survey
    from seatrial.shell import Begun


@dataclass(frozen=True)
class Prospect:
    """A scratch clone at the commit to be released from, and how the project stands there.

    ``reasons``: why there can be no release, as far as that is known before a version is; ``ahead``: a towncrier that
    was begun before.
    """

    survey: Survey
    scratch: Scratch
    outlook: Outlook
    reasons: tuple[SeatrialError, ...] = ()
    ahead: Begun | None = None


@contextlib.contextmanager
def alone(repository: Repository) -> Iterator[None]:
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
            fix=f"wait for it to end: {typed('status')}",
        ) from None
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def cloned(repository: Repository) -> Iterator[Scratch]:
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
        scratches.remove(root.parent)


def in_checkout(text: str, repository: Repository, root: Path) -> str:
    """Return a text that names files of the scratch clone at ``root`` with those of the user's repository.

    They are there too, and the scratch clone is gone when the text is read.
    """
    return text.replace(str(root), str(repository.root))


@contextlib.contextmanager
def prospect(survey: Survey, ahead: Begun | None = None) -> Iterator[Prospect]:
    """Make the scratch clone and look at the project in it; the clone is removed at the end.

    Raises what is wrong with the project, when that makes looking further useless: `ProjectError` or `ReleaseError`.
    """
    with cloned(survey.repository) as scratch:
        try:
            outlook = outlook_of(scratch)
        except SeatrialError as error:
            raise together((*survey.reasons, error)) from None
        yield Prospect(survey, scratch, outlook, reasons_of(survey, outlook), ahead)


def outlook_of(scratch: Scratch) -> Outlook:
    """Look at the project in a scratch clone. Raises as `Outlook.of` does."""
    return Outlook.of(scratch.project, checkout.files(scratch.repository), checkout.tags(scratch.repository))


def reasons_of(survey: Survey, outlook: Outlook) -> tuple[SeatrialError, ...]:
    """Return why there can be no release, as far as repository, remote and project say so before a version is known."""
    reasons = Reasons(survey.reasons)
    with reasons.gather():
        insist_on_branch(survey, outlook.config.branch)
    with reasons.gather():
        _insist_on_tags(survey, outlook)
    return tuple(reasons)


def _insist_on_tags(survey: Survey, outlook: Outlook) -> None:
    """Refuse a clone without the tags of the remote: its last release would be guessed."""
    there = [tag for tag in survey.remote.tags if not tag.endswith("^{}")]
    known = released(there, outlook.config.tag or tag_form(there, outlook.project.name), outlook.project.name)
    newest = known[max(known)] if known else ""
    if newest and max(known) > outlook.current and not checkout.object_of_tag(survey.repository, newest):
        raise ReleaseError(
            f"{survey.remote.name} has the tag {newest}, and {survey.repository.root} does not",
            code="TagsMissing",
            fix="git fetch --tags",
        )


def prepare(found: Prospect, wish: plan.Wish) -> Plan:
    """Write the release into the scratch clone, and return what it changes there.

    Raises `ReleaseError`: before anything is written, with all that stands in the way.
    """
    reasons = Reasons(found.reasons)
    with reasons.gather():
        version = plan.choose(found.outlook, wish)
        insist_on_free_tag(found.survey, found.outlook.tag(version))
    reasons.tell()
    return write(found, version)


def write(found: Prospect, version: Version) -> Plan:
    """Write a version into the scratch clone, and return what a release of it changes. Raises `ReleaseError`."""
    outlook, repository = found.outlook, found.survey.repository
    rewriting.raise_version(outlook, version)
    if found.scratch.git.line("rev-parse", "HEAD") != repository.commit:
        raise ReleaseError(
            "a hook of bump-my-version commits, and the commit of a release is made here",
            code="HookRefused",
            fix="take git out of its setup_hooks and pre_commit_hooks",
        )
    entry = rewriting.assemble(outlook, version, f"{datetime.now().astimezone():%Y-%m-%d}", found.ahead)
    diff, removed = found.scratch.changes()
    return Plan(
        project=outlook.project.name,
        current=outlook.current,
        version=version,
        tag=outlook.tag(version),
        message=outlook.config.message.format(version=version, name=outlook.project.name),
        remote=repository.remote,
        branch=repository.upstream[len("refs/heads/") :],
        entry=entry,
        diff=diff,
        removed=removed,
        unpushed=found.survey.standing.ahead,
        unfinished=checkout.unfinished_of_package(repository),
        publishes=publishing.listening(found.scratch.root, outlook.tag(version)),
    )


def seal(found: Prospect, planned: Plan) -> Sealed:
    """Commit and tag in the scratch clone. Raises `HookRefused`, `SigningFailed` or `VersionNotWritten`."""
    commit = found.scratch.commit(planned.message)
    # A hook may have changed what was shown.
    rewriting.insist_on_version(found.outlook, planned.version)
    oid = found.scratch.tag(planned.tag, planned.tag_message, commit)
    repository = found.survey.repository
    return Sealed(commit, planned.tag, oid, repository.branch, repository.remote, repository.upstream)


def prove(found: Prospect, planned: Plan, *, tests: bool, say: Callable[[str], None]) -> Built:
    """Build and check what the sealed commit ships, and run the sessions tagged ``release`` on it.

    They run in the scratch clone, with the environments in ``.nox`` of the checkout. Without ``tests``, only the build
    and its check run. Raises `BuildError` or `ProofFailed`.
    """
    outlook, repository = found.outlook, found.survey.repository
    if tests and not (outlook.project.root / "noxfile.py").is_file():
        raise ReleaseError(
            f"there is no noxfile.py beside {outlook.project.path.name} in the commit, so nothing would be tested",
            code="ProofFailed",
            fix="commit one, see the README; or release without: --no-tests",
        )
    built, project, environments = build(found.scratch, say), outlook.project, repository.project / ".nox"
    insist_on_built_version(planned, built)
    fitness.insist([one.path for one in built], outlook.config.ignore, say, git.tracked_files(project.root))
    if tests:
        args = (*shell.module("nox"), "-t", "release", "--envdir", str(environments))
        # NOXSESSION and its like would make another proof of it.
        env = {name: value for name, value in shell.environment().items() if not name.startswith("NOX")}
        kept = {name: os.environ[name] for name in ("NOX_PARALLEL", "NOX_DEFAULT_VENV_BACKEND") if name in os.environ}
        code = shell.show(args, cwd=project.root, env={**env, **kept})
        if code:
            raise ReleaseError(
                f"nox -t release ended with exit code {code} on the commit that would have been tagged",
                code="ProofFailed",
                fix="mend what failed, commit, and release again; nothing has changed",
            )
    return built


def build(scratch: Scratch, say: Callable[[str], None]) -> Built:
    """Build what the scratch clone ships, with the build environment of the checkout. Raises `BuildError`."""
    # What is built from a branch can tell so, and CI builds from a tag (setuptools-scm writes it into the sdist).
    scratch.git.run("checkout", "--quiet", "--detach")
    # It is read again: the version in it has changed.
    project = Project.from_directory(scratch.project)
    return distributions.ensure(project, state_of(scratch.repository), f"release {os.getpid()}", say)


def state_of(repository: Repository) -> Path:
    """Return the folder in the checkout for what is remembered between runs."""
    return repository.project / ".nox/.cache/seatrial"


def insist_on_built_version(planned: Plan, built: Built) -> None:
    """Raise `ProofFailed` when what was built is another version than the one that the tag names."""
    wrong = [one.path.name for one in built if one.version != planned.version]
    if wrong:
        raise ReleaseError(
            f"{planned.tag} would be the tag of {', '.join(wrong)}, which is another version",
            code="ProofFailed",
            fix="see where the build backend takes the version from, the variables of the environment among it",
        )
