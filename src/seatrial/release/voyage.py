"""The other acts: prepare, prove, push, catch up.

Killed before the push, a release has changed nothing; killed after it, it is released, and the note that was left in
the git folder tells the next one to catch up.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from seatrial import distributions, plan, rewriting, shell
from seatrial.facts.project import Project
from seatrial.outlook import Outlook
from seatrial.plan import Plan
from seatrial.refusals import AnotherRelease, NotCaughtUp, ProofFailed
from seatrial.release.survey import insist_on_branch, insist_on_free_tag
from seatrial.tools import checkout, remote, twine
from seatrial.tools import scratch as scratches
from seatrial.tools.scratch import Scratch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from seatrial.build_record import Built
    from seatrial.facts.repository import Repository
    from seatrial.release.survey import Survey

NOTE = "seatrial-release.json"
"""The file in the git folder that says which push is under way."""

CI_FILES = (".github/workflows/*.y*ml", ".gitlab-ci.yml")
TAG_SIGNS = ("tags:", "CI_COMMIT_TAG")


@dataclass(frozen=True)
class Prospect:
    """A scratch clone at the commit to be released from, and how the project stands there."""

    survey: Survey
    scratch: Scratch
    outlook: Outlook


@dataclass(frozen=True)
class Sealed:
    """The commit that goes out, and its tag: object ids."""

    commit: str
    tag: str
    oid: str


@contextlib.contextmanager
def alone(repository: Repository) -> Iterator[None]:
    """Hold off every other release of this repository, from whichever of its work trees. Raises `AnotherRelease`."""
    # Loading it takes as long as git does for all of a survey.
    from filelock import FileLock, Timeout  # noqa: PLC0415

    lock = FileLock(repository.common_dir / "seatrial.lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise AnotherRelease(
            f"another release of {repository.root} is under way", fix="wait for it to end: invoke status"
        ) from None
    try:
        yield
    finally:
        lock.release()


@contextlib.contextmanager
def prospect(survey: Survey) -> Iterator[Prospect]:
    """Make the scratch clone, and remove it at the end.

    Raises what is wrong with the project: `ProjectError` or `ReleaseError`.
    """
    repository = survey.repository
    place = hashlib.sha256(f"{repository.common_dir}\0{repository.prefix}".encode("utf-8", "surrogateescape"))
    # Loaded here because only a release needs it.
    from platformdirs import user_cache_path  # noqa: PLC0415

    root = user_cache_path("seatrial") / "scratch" / place.hexdigest()[:16] / repository.project.name
    try:
        scratch = Scratch.make(repository, root)
        outlook = Outlook.of(scratch.project, checkout.files(repository), checkout.tags(repository))
        insist_on_branch(survey, outlook.config.branch)
        yield Prospect(survey, scratch, outlook)
    finally:
        scratches.remove(root.parent)


def prepare(found: Prospect, wish: plan.Wish) -> Plan:
    """Write the release into the scratch clone, and return what it changes there.

    Raises `ReleaseError`.
    """
    outlook, repository = found.outlook, found.survey.repository
    version = plan.choose(outlook, wish)
    tag = outlook.tag(version)
    insist_on_free_tag(found.survey, tag)
    rewriting.raise_version(outlook, version)
    entry = rewriting.assemble(outlook, version, f"{datetime.now().astimezone():%Y-%m-%d}")
    diff, removed = found.scratch.changes()
    return Plan(
        project=outlook.project.name,
        current=outlook.current,
        version=version,
        tag=tag,
        message=outlook.config.message.format(version=version, name=outlook.project.name),
        remote=repository.remote,
        branch=repository.upstream[len("refs/heads/") :],
        entry=entry,
        diff=diff,
        removed=removed,
        unpushed=found.survey.standing.ahead,
        unfinished=repository.unfinished,
        publishes=_publishing(found.scratch.root),
    )


def seal(found: Prospect, planned: Plan) -> Sealed:
    """Commit and tag in the scratch clone. Raises `HookRefused` or `SigningFailed`."""
    commit = found.scratch.commit(planned.message)
    return Sealed(commit, planned.tag, found.scratch.tag(planned.tag, planned.tag_message, commit))


def prove(found: Prospect, *, tests: bool, say: Callable[[str], None]) -> Built:
    """Build and check what the sealed commit ships, and run the sessions tagged ``release`` on it.

    They run in the scratch clone, with the environments in ``.nox`` of the checkout. Without ``tests``, only the build
    and its check run. Raises `BuildError` or `ProofFailed`.
    """
    outlook, repository = found.outlook, found.survey.repository
    environments = repository.project / ".nox"
    state = environments / ".cache/seatrial"
    project = Project.from_directory(outlook.project.root)
    built = distributions.ensure(project, state, f"release {os.getpid()}", say)
    say(twine.check([one.path for one in built]))
    if tests:
        args = (sys.executable, "-m", "nox", "-t", "release", "--envdir", str(environments))
        code = shell.show(args, cwd=project.root, env=shell.environment())
        if code:
            raise ProofFailed(
                f"nox -t release ended with exit code {code} on the commit that would have been tagged",
                fix="mend what failed, commit, and release again; nothing has changed",
            )
    return built


def send(found: Prospect, sealed: Sealed) -> None:
    """Push the commit and the tag together. Raises `PushRefused` or `PushUnknown`."""
    repository = found.survey.repository
    checkout.bring_in(repository, found.scratch.root, f"refs/tags/{sealed.tag}")
    _note(repository).write_text(json.dumps(sealed.__dict__), encoding="utf-8")
    remote.push(repository, sealed.commit, sealed.tag, sealed.oid)


def catch_up(repository: Repository, sealed: Sealed) -> None:
    """Take the tag and fast-forward the branch. Raises `NotCaughtUp` when unfinished work is in the way."""
    why = checkout.catch_up(repository, sealed.commit, [(sealed.tag, sealed.oid)])
    if why:
        raise NotCaughtUp(
            f"{sealed.tag} is released, and what is in the checkout is in the way of its commit:\n{why}",
            fix="git pull --rebase"
            if "fast-forward" in why
            else f"commit or stash that, then: git merge --ff-only {sealed.tag}",
        )
    _note(repository).unlink(missing_ok=True)


def left_over(repository: Repository) -> Sealed | None:
    """Return the release whose push was under way when it was killed, if the remote has it; else forget it.

    Raises `RemoteUnreachable`.
    """
    try:
        known = Sealed(**json.loads(_note(repository).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    told = checkout.ask(repository)
    if told.tags.get(known.tag) == known.oid:
        return known
    _note(repository).unlink(missing_ok=True)
    return None


def _note(repository: Repository) -> Path:
    return repository.common_dir / NOTE


def _publishing(root: Path) -> tuple[str, ...]:
    """Return the CI files that listen to tags."""
    found = (path for pattern in CI_FILES for path in sorted(root.glob(pattern)))
    texts = ((path, path.read_text(encoding="utf-8", errors="replace")) for path in found)
    return tuple(str(path.relative_to(root)) for path, text in texts if any(sign in text for sign in TAG_SIGNS))
