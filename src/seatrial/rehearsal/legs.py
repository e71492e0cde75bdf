"""The legs of a rehearsal: what each of those does who take part in a release, on this machine."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial import shell
from seatrial.command_line import CALLED, called
from seatrial.errors import last_lines
from seatrial.facts.before_upload import ALWAYS
from seatrial.facts.comparison import Sameness, compare
from seatrial.facts.distribution import Distribution, paths_in
from seatrial.facts.listing import Listing
from seatrial.mishaps import LegFailed, RehearsalError
from seatrial.release.proof import Proof
from seatrial.tools import checkout, nox

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from seatrial.facts.before_upload import BeforeUpload
    from seatrial.facts.delivery import Delivery
    from seatrial.rehearsal.world import World
    from seatrial.shell import Completed

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

BUILD_PLAINLY = """\
import sys
sys.path[:] = [place for place in sys.path if place]
from pathlib import Path
from seatrial.tools import installer, pypabuild
state, into = map(Path, sys.argv[1:])
state.mkdir(parents=True, exist_ok=True)
environment = pypabuild.BuildEnvironment(state / "build", installer.best())
pypabuild.build_distributions(Path.cwd(), into, environment, None)
"""
"""What ``python -m build`` does in CI, in a build environment that is kept."""


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
    """The files that CI would upload; ``remarks``: what CI does differently."""

    files: tuple[Distribution, ...]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tasks:
    """What CI does on the tag of a release up to the upload, as far as a rehearsal does it: sessions, and a build.

    ``before``: what the file of CI says, None where no file is known that publishes; ``tests``: whether other sessions
    run than those that build and check.
    """

    world: World
    before: BeforeUpload | None
    tests: bool

    @property
    def sessions(self) -> tuple[str, ...]:
        """The sessions that are run."""
        named = ALWAYS if self.before is None else self.before.sessions
        return tuple(name for name in named if self.tests or name in ALWAYS)

    @property
    def builds_plainly(self) -> bool:
        """Whether CI builds by other means than a session."""
        return self.before is not None and not self.before.sessions_build

    def about(self, tag: str) -> str:
        """Say what it does."""
        parts = ["build the sdist and the wheel (PEP 517)"] if self.builds_plainly else []
        parts += [f"nox -s {' '.join(self.sessions)}"] if self.sessions else []
        return f"{', then '.join(parts)}, in a fresh checkout of {tag}"

    def run(self, proof: Proof, say: Callable[[str], None]) -> Ready:
        """Check the tag out, run the sessions, and return what CI would upload. Raises `LegFailed`."""
        project = self.world.checkout(proof.tag, "ci")
        state, dist = str(self.world.folder / "state"), project / "dist"
        if self.builds_plainly:
            # Before any session: nothing that one leaves in the checkout is a part of what CI builds.
            dist = self.world.folder / "built"
            _follow((sys.executable, "-c", BUILD_PLAINLY, state, str(dist)), self.world, project, say)
        listing = _listing(self.world, project)
        wanted = [name for name in self.sessions if listing.failure or listing.has(name)]
        if wanted:
            _follow((*shell.module("nox"), "-s", *wanted), self.world, project, say)
        missing = [name for name in self.sessions if name not in wanted]
        if not self.builds_plainly and set(missing).intersection(ALWAYS):
            _follow((sys.executable, "-c", BUILD, state), self.world, project, say)
            missing = [name for name in missing if name not in ALWAYS]
        remarks = [f"not run: nox -s {' '.join(missing)}, which the noxfile does not have"] if missing else []
        files = list(map(Distribution.from_path, paths_in(dist)))
        if self.builds_plainly:
            remarks.append("CI builds without nox -s build: sdist and wheel were built as python -m build does")
            compiled = [one for one in files if one.is_wheel and not one.is_for_any_machine]
            remarks += [f"{one.path.name} was not uploaded: it was compiled for this machine" for one in compiled]
            files = [one for one in files if one not in compiled]
        if not files:
            raise LegFailed("the sessions ended well, but dist/ is empty", fix="have the session build fill dist/")
        return Ready(tuple(files), tuple(remarks))


def _listing(world: World, project: Path) -> Listing:
    """Return the sessions of the noxfile; where it cannot be read, nox says why when it runs a session."""
    if not (project / "noxfile.py").is_file():
        return Listing(is_there=False)
    done = world.attempt(*shell.module("nox"), "--list", "--json", *nox.ALL, cwd=project)
    return Listing.from_json(done.output) if not done.returncode else Listing(failure=done.errors)


def insist_on_content(proof: Proof, found: Delivery, published: Sequence[Distribution]) -> tuple[str, ...]:
    """Return how the files that the index serves are packaged differently from those that were proved.

    ``found``: what the index says about them; ``published``: the files as CI built them. Raises `BytesDiffer` where one
    is missing, or its content is different.
    """
    known, proved = ({one.path.name: one for one in files} for files in (published, proof.files))
    wrong = [f"{name} is missing" for name in found.missing]
    remarks = []
    for one in found.different:
        if one.name not in known or known[one.name].sha256 != one.sha256:
            wrong.append(f"{one.name} is not the file that was uploaded")
            continue
        compared = compare(proved[one.name].path, known[one.name].path)
        if compared.sameness is Sameness.SAME_CONTENT:
            how = ", ".join(compared.packaging)
            remarks.append(f"{one.name} of CI has the content that was proved, packaged differently: {how}")
        else:
            wrong.append(f"{one.name} has other content: {', '.join(compared.differences)}")
    wrong += [f"{name} is published, and was not proved" for name in found.unproved]
    if wrong:
        raise RehearsalError(
            "the index serves something else than what the release proved:\n"
            + "\n".join(f"  {line}" for line in wrong),
            code="BytesDiffer",
            fix="find out what the build takes from outside the commit: the clock, the folder, the machine",
        )
    return tuple(remarks)


def insist_on_success(what: str, done: Completed) -> None:
    """Raise `LegFailed` where a command of CI, ``what``, did not end well."""
    if done.returncode:
        raise LegFailed(
            f"{what} ended with exit code {done.returncode}:\n{last_lines(done.output)}",
            fix="mend that, commit, and rehearse again",
        )


def _follow(args: tuple[str, ...], world: World, cwd: Path, say: Callable[[str], None], **variables: str) -> None:
    done = shell.follow(args, cwd=cwd, env={**world.environment, **variables}, say=say)
    # Its own message has said what mends it.
    insist_on_success(shell.shown(args).partition(" -m ")[2] or "the build", done)
