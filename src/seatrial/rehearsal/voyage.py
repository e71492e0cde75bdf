"""The voyage: five legs through a world of its own, from a commit to an installed release."""

from __future__ import annotations

import contextlib
import os
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.version import Version

from seatrial import interpreters
from seatrial.errors import UploadFailed
from seatrial.facts.project import Project
from seatrial.rehearsal import installation, legs, network
from seatrial.rehearsal.card import Card
from seatrial.rehearsal.course import Course, chart
from seatrial.rehearsal.installation import Installed, Wanted
from seatrial.rehearsal.issuer import Sender
from seatrial.rehearsal.logbook import Logbook
from seatrial.rehearsal.minting import NO_PUBLISHER
from seatrial.rehearsal.world import NOBODY, World, world
from seatrial.tools import checkout, index, twine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from seatrial.facts.distribution import Distribution
    from seatrial.facts.repository import Repository
    from seatrial.rehearsal.faults import Faults
    from seatrial.rehearsal.network import Network
    from seatrial.release.proof import Proof


@dataclass(frozen=True)
class Sailed:
    """A voyage that ended well, while its world still stands."""

    card: Card
    world: World
    network: Network

    @property
    def how_to_look_around(self) -> str:
        """Return the commands that show the world."""
        return "\n".join(
            [
                "The world stands until Ctrl-C:",
                f"  git clone {self.world.remote}",
                f"  pip install --index-url {self.network.simple_url} {self.card.project}=={self.card.proof.version}",
                f"  {self.network.home_url}  in a browser",
            ]
        )

    def stay(self) -> None:
        """Wait until somebody ends it."""
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


@contextlib.contextmanager
def sail(
    folder: Path, options: Sequence[str], say: Callable[[str], None], faults: Faults | None = None
) -> Iterator[Sailed]:
    """Rehearse the release of the project in ``folder``: yield how it went, and remove its world at the end.

    ``options``: those of ``release``; ``faults``: what goes wrong with the index.
    Raises `LegFailed`, or what keeps a world from being made.
    """
    repository = checkout.look(folder)
    with world(repository) as made:
        project = Project.from_directory(made.project)
        course = chart(repository, project, made.clone)
        with network.network(made.folder / "index", course.registered, project.name, faults=faults) as net:
            voyage = Voyage(made, net, project, course, Logbook(say))
            proof, installed = voyage.sail(options)
            remarks = (*_remarks(repository, made), *course.remarks)
            card = Card(project.name, proof, installed, voyage.log.seconds, course.registered, remarks)
            yield Sailed(card, made, net)


@dataclass(frozen=True)
class Voyage:
    """A project on its way through a world."""

    world: World
    network: Network
    project: Project
    course: Course
    log: Logbook

    def sail(self, options: Sequence[str]) -> tuple[Proof, tuple[Installed, ...]]:
        """Sail all legs. Raises `LegFailed`."""
        with self.log.leg("release", f"seatrial release {' '.join(options)}"):
            proof = legs.release(self.world, options, self.log.line)
        sessions = legs.sessions_of_ci(() if "--no-tests" in options else self.course.sessions)
        with self.log.leg("CI", f"nox -s {' '.join(sessions)}, in a fresh checkout of {proof.tag}"):
            published = legs.continuous_integration(self.world, proof, sessions, self.log.line)
        with self.log.leg("upload", f"twine upload, as {self.course.sender}"):
            self._upload(proof, published)
        found = interpreters.find(self.project.pythons, os.environ)
        ends = tuple(dict.fromkeys((*found[:1], *found[-1:])))
        pythons = " and ".join(one.version for one in ends)
        with self.log.leg("install", f"pip install {self.project.name}=={proof.version}, on Python {pythons}"):
            modules = next(one for one in proof.files if one.is_wheel).modules()
            wanted = Wanted(self.project.name, proof.version, modules, self.network.simple_url)
            installed = tuple(installation.install(self.world, one, wanted) for one in ends)
        with self.log.leg("compare", "does the index serve the very bytes that were proved?"):
            served = index.hashes(self.network.simple_url, self.project.name, Version(proof.version))
            legs.insist_on_bytes(proof, served, published)
        return proof, installed

    def _upload(self, proof: Proof, published: Sequence[Distribution]) -> None:
        """Upload what CI has built, with a token of the job that publishes. Raises `UploadFailed`."""
        sender = Sender(self.course.sender, proof.tag, proof.commit)
        environment = self.network.environment(self.world.environment, sender)
        self.network.insist_on_loopback(environment, self.world.folder)
        try:
            said = twine.upload([one.path for one in published], environment, self.network.index.faults.patience)
            # It ends with an address on PyPI, where nothing has gone.
            for line in said.partition("\nView at:")[0].rstrip().splitlines():
                self.log.line(line)
        except UploadFailed as error:
            if NO_PUBLISHER in error.what:
                error.fix = f"register on PyPI: {sender.publisher}\nexpected there: {self.course.registered}"
            raise


def _remarks(repository: Repository, made: World) -> tuple[str, ...]:
    """Return what a real release would do otherwise."""
    told = []
    if repository.unfinished:
        told.append(f"{len(repository.unfinished)} files are not as they are in the commit, and were left out")
    if made.identity == NOBODY:
        told.append("git does not know who you are: a real release asks for user.name and user.email")
    if not repository.remotes:
        told.append("there is no remote: a real release needs one to push to")
    if "true" in (repository.setting("commit.gpgsign"), repository.setting("tag.gpgsign")):
        told.append("nothing was signed: your key stays with you")
    return tuple(told)
