"""The legs of a rehearsal: what each of those does who take part in a release, on this machine."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from seatrial import shell
from seatrial.command_line import CALLED, called
from seatrial.facts.delivery import State
from seatrial.facts.distribution import Distribution, paths_in
from seatrial.facts.listing import Listing
from seatrial.facts.members import differing
from seatrial.facts.session_names import sessions_of
from seatrial.mishaps import BytesDiffer, LegFailed
from seatrial.rehearsal.machine import Machine, bash, insist_on_success
from seatrial.release.proof import Proof
from seatrial.tools import checkout, nox, twine

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from seatrial.facts.delivery import Delivery
    from seatrial.facts.steps import Step
    from seatrial.rehearsal.course import Course
    from seatrial.rehearsal.world import World

ALWAYS = ("build", "check")
"""The sessions that CI runs on a tag, whatever else its workflow names."""

BUILD = """\
import sys
sys.path[:] = [place for place in sys.path if place]
from pathlib import Path
from seatrial import distributions, fitness
from seatrial.facts.project import Project
project = Project.from_directory(Path.cwd())
built = distributions.ensure(project, Path(sys.argv[1]), "rehearsal", print)
fitness.insist([one.path for one in built], {}, print)
"""
"""What stands for the sessions ``build`` and ``check`` where the noxfile has none: the same, without nox."""


def release(world: World, options: Sequence[str], say: Callable[[str], None]) -> Proof:
    """Release as the user would, and return what was proved. Raises `LegFailed`."""
    command = (*shell.module("seatrial"), "release", "--yes", *options)
    _follow(command, world, world.project, say, **{CALLED: called()})
    proof = Proof.recall(checkout.look(world.project))
    if proof is None:
        raise LegFailed("the release ended well, but kept no proof of what it built", fix="make room on the disk")
    return proof


@dataclass(frozen=True)
class Ready:
    """What CI is ready to publish: ``files``.

    ``environment`` and ``folder``: those in which it uploads; ``commands``: those that upload, none where twine is to
    do it with options of its own; ``tokens``: the variables in which it finds identity tokens, where it finds them in
    variables; ``remarks``: what was otherwise than in CI.
    """

    files: tuple[Distribution, ...]
    environment: Mapping[str, str]
    folder: Path
    commands: tuple[str, ...] = ()
    tokens: tuple[tuple[str, tuple[str, ...]], ...] = ()
    remarks: tuple[str, ...] = ()

    def upload(self, environment: Mapping[str, str], patience: float) -> str:
        """Upload the files and return what twine says; ``patience``: the seconds that it may take.

        Raises `CredentialMissing` or `UploadFailed`.
        """
        if not self.commands:
            return twine.upload([one.path for one in self.files], environment, patience)
        script = "\n".join(("set -eo pipefail", *self.commands))
        told = {**environment, "NO_COLOR": "1", "TERM": "dumb"}
        return twine.upload_by((*bash(told), "-c", script), self.folder, told, patience)


class Ci(Protocol):
    """What a forge does on the tag of a release, up to the upload."""

    def about(self, tag: str) -> str:
        """Say what it does."""

    def run(self, proof: Proof, say: Callable[[str], None]) -> Ready:
        """Do it, and return what is ready to be uploaded. Raises `LegFailed`."""


@dataclass(frozen=True)
class Tasks:
    """What CI does on a tag: the ``steps`` of its workflow, then those of ``sessions`` that none of them has run.

    ``branch``: the one that its commit is to be found on.
    """

    world: World
    steps: tuple[Step, ...]
    sessions: tuple[str, ...]
    branch: str

    @classmethod
    def of(cls, world: World, course: Course, branch: str, *, tests: bool) -> Tasks:
        """Return what a course asks for: without ``tests``, no session but those that always run."""
        named = course.sessions if tests else ()
        steps = [step for step in course.steps if tests or set(ALWAYS).issuperset(sessions_of(step.commands))]
        return cls(world, tuple(steps), tuple(dict.fromkeys((*named, *ALWAYS))), branch)

    def about(self, tag: str) -> str:
        """Say what it does."""
        return f"nox -s {' '.join(self.sessions)}, in a fresh checkout of {tag}"

    def run(self, proof: Proof, say: Callable[[str], None]) -> Ready:
        """Check the tag out and run what CI runs on it; return what it publishes. Raises `LegFailed`."""
        project = self.world.checkout(proof.tag, "ci")
        machine = Machine.of(self.world, proof, project)
        machine.know_branch(self.branch)
        for step in self.steps:
            machine.run(step, say)
        known = _sessions_there(self.world, project)
        done = {name for step in self.steps for name in sessions_of(step.commands)}
        wanted = [name for name in self.sessions if name not in done and (name not in ALWAYS or name in known)]
        if wanted:
            _follow((*shell.module("nox"), "-s", *wanted), self.world, project, say)
        if not known.issuperset(ALWAYS) and not done.issuperset(ALWAYS):
            _follow((sys.executable, "-c", BUILD, str(self.world.folder / "state")), self.world, project, say)
        files = tuple(map(Distribution.from_path, paths_in(project / "dist")))
        if not files:
            what = "all of that ended well, but nothing lies in dist/"
            raise LegFailed(what, fix="have the session build, or a step of the workflow, fill it")
        return Ready(files, self.world.environment, project)


def _sessions_there(world: World, project: Path) -> set[str]:
    """Return the names of the sessions of a noxfile; none where there is no noxfile, or it can't be read."""
    done = world.attempt(*shell.module("nox"), "--list", "--json", *nox.ALL, cwd=project)
    return {one.name for one in Listing.from_json(done.output).sessions} if not done.returncode else set()


def insist_on_bytes(proof: Proof, found: Delivery, published: Sequence[Distribution]) -> None:
    """Raise `BytesDiffer` unless the index serves the files that were proved.

    ``found``: what the index tells of them; ``published``: the files as CI built them.
    """
    if found.state is State.PUBLISHED and not found.unproved:
        return
    known = {one.path.name: one for one in published}
    proved = {one.path.name: one for one in proof.files}
    told = [f"{name} is not there" for name in found.missing]
    for one in found.different:
        members = differing(proved[one.name].path, known[one.name].path) if one.name in known else ()
        told.append(f"{one.name} has other bytes: {', '.join(members) or 'the same members, packed in another way'}")
    told += [f"{name} is there, and was not proved" for name in found.unproved]
    raise BytesDiffer(
        "the index serves something else than what the release proved:\n" + "\n".join(f"  {line}" for line in told),
        fix="find out what the build takes from outside the commit: the clock, the folder, the machine",
    )


def _follow(args: tuple[str, ...], world: World, cwd: Path, say: Callable[[str], None], **variables: str) -> None:
    done = shell.follow(args, cwd=cwd, env={**world.environment, **variables}, say=say)
    # Its own message has said what mends it.
    insist_on_success(shell.shown(args).partition(" -m ")[2] or "the build", done)
