"""A release through a request in the sandbox: its branch is merged in each way of a forge, with a commit in between."""

from __future__ import annotations

import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Callable

from seatrial import process
from seatrial.ci.publisher import file_that_tags
from seatrial.distributions.distribution import Distribution, distributions_in
from seatrial.errors import StepFailed
from seatrial.git.repository import read_repository
from seatrial.project.settings import Config
from seatrial.rehearsal.ci import BUILD_SCRIPT, release_by_command
from seatrial.release.manifest import Manifest
from seatrial.release.request import RequestNote

if TYPE_CHECKING:
    from collections.abc import Sequence

    from seatrial.events import Progress
    from seatrial.project.project import Project
    from seatrial.rehearsal.sandbox import Sandbox


REQUEST = "--pull-request"

OF_THE_TAG = ("--no-tests", "--anyway")
"""The options of a release that its second part takes, too."""


@dataclass(frozen=True)
class WayOfMerging:
    """A way in which a forge merges a branch; ``commands``: those of git, with the branch as ``{branch}``."""

    name: str
    commands: tuple[tuple[str, ...], ...]


WAYS = (
    WayOfMerging("merge commit", (("merge", "--quiet", "--no-ff", "-m", "Merge {branch}", "origin/{branch}"),)),
    WayOfMerging("rebase", (("cherry-pick", "HEAD..origin/{branch}"),)),
    WayOfMerging(
        "squash",
        (("merge", "--quiet", "--squash", "origin/{branch}"), ("commit", "--quiet", "-m", "Release {version} (#1)")),
    ),
)
"""The ways of merging; with the last, the rehearsal goes on."""


def goes_through_request(project: Project, options: Sequence[str]) -> bool:
    """Whether a release with these options goes through a request."""
    return REQUEST in options or Config.from_project(project).through == "pull-request"


def release_through_request(sandbox: Sandbox, options: Sequence[str], progress: Progress, called: str) -> Manifest:
    """Open a request in the sandbox, merge it in each way, and tag it; return the manifest of the last tag.

    Raises `StepFailed`.
    """
    release_by_command(sandbox, (*(word for word in options if word != REQUEST), REQUEST), progress, called)
    note = RequestNote.recall(read_repository(sandbox.project))
    if note is None:
        raise StepFailed("the release pushed no branch", fix="make room on the disk")
    followed = [word for word in options if word in OF_THE_TAG]
    # Where CI makes the tag, it is made here in its place.
    task = ("tag", "--merged") if file_that_tags(sandbox.clone) else ("release", "--yes")
    for number, way in enumerate(WAYS, 1):
        # The last way is gone in the sandbox itself, the others in copies of it.
        place = sandbox if number == len(WAYS) else _copy(sandbox, f"way-{number}")
        with progress.step(f"merge ({way.name})", f"{note.branch} into {note.into}, after a commit in between") as step:
            _merge(place, way, note)
            release_by_command(place, followed, step, called, task=task)
        if place is not sandbox:
            shutil.rmtree(place.folder, ignore_errors=True)
    return _manifest(sandbox, note, progress)


def _copy(sandbox: Sandbox, name: str) -> Sandbox:
    """Return a sandbox with copies of the remote and the clone."""
    copied = replace(sandbox, folder=sandbox.folder / name)
    for folder in (sandbox.remote, sandbox.clone):
        shutil.copytree(folder, copied.folder / folder.name, symlinks=True)
    copied.run("git", "remote", "set-url", "origin", str(copied.remote), cwd=copied.clone)
    return copied


def _merge(sandbox: Sandbox, way: WayOfMerging, note: RequestNote) -> None:
    """Merge the branch as a forge does, in a clone of its own, and delete it."""
    forge = sandbox.folder / "forge"
    run: Callable[..., object] = lambda *words: sandbox.run("git", *words, cwd=forge)  # noqa: E731
    sandbox.run("git", "clone", "--quiet", str(sandbox.remote), str(forge), cwd=sandbox.folder)
    run("checkout", "--quiet", "-B", note.into, f"origin/{note.into}")
    run("commit", "--quiet", "--allow-empty", "-m", "Another change, merged before the release")
    for command in way.commands:
        run(*(word.format(branch=note.branch, version=note.release) for word in command))
    run("push", "--quiet", "origin", note.into, f":{note.branch}")
    shutil.rmtree(forge, ignore_errors=True)


def _manifest(sandbox: Sandbox, note: RequestNote, progress: Progress) -> Manifest:
    """Return the manifest of the tag: its commit has another date than the one that was verified."""
    kept = Manifest.recall(read_repository(sandbox.project))
    commit = sandbox.run("git", "rev-parse", f"refs/tags/{note.tag}^{{commit}}", cwd=sandbox.clone).strip()
    if kept and kept.is_of(note.tag, commit):
        return kept
    project = sandbox.checkout(note.tag, "merged")
    with progress.step("build", f"the files of {note.tag}") as step:
        script = process.script_command(BUILD_SCRIPT, str(sandbox.folder / "state"))
        done = process.run_streaming(script, cwd=project, env=sandbox.environment, say=step.line)
    if done.returncode:
        raise StepFailed(f"{note.tag} can't be built:\n{done.output}", fix="fix that, commit, and rehearse again")
    files = tuple(map(Distribution.from_path, distributions_in(project / "dist")))
    return Manifest(note.tag, note.release, commit, files, is_rebuilt=True)
