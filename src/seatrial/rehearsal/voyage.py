"""The voyage: five legs through a world of its own, from a commit to an installed release."""

from __future__ import annotations

import contextlib
import os
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seatrial import interpreters
from seatrial.delivery import installation
from seatrial.delivery.installation import Installed, Wanted
from seatrial.delivery.watching import Watch
from seatrial.errors import UploadFailed
from seatrial.facts.project import Project
from seatrial.mishaps import LegFailed
from seatrial.rehearsal import legs, network
from seatrial.rehearsal.card import Card
from seatrial.rehearsal.course import Course, chart
from seatrial.rehearsal.issuer import Sender
from seatrial.rehearsal.legs import Tasks
from seatrial.rehearsal.logbook import Logbook
from seatrial.rehearsal.minting import NO_PUBLISHER
from seatrial.rehearsal.world import NOBODY, World, world
from seatrial.release import survey
from seatrial.shortfalls import NotUsable
from seatrial.tools import checkout, twine

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from seatrial.facts.distribution import Distribution
    from seatrial.facts.repository import Repository
    from seatrial.interpreters import Interpreter
    from seatrial.rehearsal.faults import Faults
    from seatrial.rehearsal.network import Network
    from seatrial.release.proof import Proof

PATIENCE = 30
"""Seconds that the index may take to show what it has taken."""

LOOK = 1.0
"""Seconds between two looks for Ctrl-C."""


@dataclass(frozen=True)
class Sailed:
    """A voyage that is over, while its world still stands; ``ended`` is its card, or what ended it."""

    ended: Card | LegFailed
    world: World
    network: Network

    def card(self) -> Card:
        """Return the card. Raises `LegFailed` when a leg failed."""
        if isinstance(self.ended, LegFailed):
            raise self.ended
        return self.ended

    @property
    def how_to_look_around(self) -> str:
        """Return the commands that show the world."""
        lines = [
            "The world stands until Ctrl-C:",
            f"  git clone {self.world.remote}",
            f"  {self.network.home_url}  in a browser",
            f"  {self.world.folder}  has all of it",
        ]
        if isinstance(self.ended, Card):
            wanted = f"{self.ended.project}=={self.ended.proof.version}"
            lines.insert(2, f"  pip install --no-deps --index-url {self.network.simple_url} {wanted}")
        return "\n".join(lines)

    def stay(self) -> None:
        """Wait until somebody ends it."""
        with contextlib.suppress(KeyboardInterrupt):
            # Without an end to each wait, Ctrl-C does not come through on Windows.
            while not threading.Event().wait(LOOK):
                pass


@contextlib.contextmanager
def sail(
    folder: Path, options: Sequence[str], say: Callable[[str], None], faults: Faults | None = None
) -> Iterator[Sailed]:
    """Rehearse the release of the project in ``folder``: yield how it went, and remove its world at the end.

    ``options``: those of ``release``; ``faults``: what goes wrong with the index.
    Raises what keeps a world from being made, or `TokenForbidden`.
    """
    repository = checkout.look(folder)
    with world(repository) as made:
        project = Project.from_directory(made.project)
        course = chart(repository, project, made.clone)
        remarks = (*_remarks(repository, project, made), *course.remarks)
        with network.network(made.folder / "index", course.registered, project.name, faults=faults) as net:
            voyage = Voyage(made, net, project, course, Logbook(say))
            ended: Card | LegFailed
            try:
                proof, installed, more = voyage.sail(options)
                seconds = voyage.log.seconds
                not_run = course.before.not_run if course.before else ()
                ended = Card(project.name, proof, installed, seconds, course.registered, (*remarks, *more), not_run)
            except LegFailed as failure:
                # What it names is in the user's repository too, and the clone is gone when this is read.
                failure.what = failure.what.replace(str(made.clone), str(repository.root))
                ended = failure
            yield Sailed(ended, made, net)


@dataclass(frozen=True)
class Voyage:
    """A project on its way through a world."""

    world: World
    network: Network
    project: Project
    course: Course
    log: Logbook

    def sail(self, options: Sequence[str]) -> tuple[Proof, tuple[Installed, ...], tuple[str, ...]]:
        """Sail all legs; return what was proved and installed, and what CI does differently. Raises `LegFailed`."""
        with self.log.leg("release", f"seatrial release {' '.join(options)}"):
            proof = legs.release(self.world, options, self.log.line)
        ci = Tasks(self.world, self.course.before, tests="--no-tests" not in options)
        with self.log.leg("CI", ci.about(proof.tag)):
            ready = ci.run(proof, self.log.line)
        published = ready.files
        with self.log.leg("upload", f"twine upload, as {self.course.sender}"):
            self._upload(proof, published)
        ends = _ends(self.project)
        pythons = " and ".join(one.version for one in ends) or "none"
        with self.log.leg("install", f"pip install {self.project.name}=={proof.version}, on Python {pythons}"):
            if not ends:
                raise NotUsable(
                    f"none of the Pythons {', '.join(self.project.pythons)} is installed, so nobody could try it",
                    fix=interpreters.how_to_get(self.project.pythons[-1], os.environ),
                )
            wanted = Wanted.of(self.project.name, proof.version, published, self.network.simple_url)
            installed = tuple(installation.install(self.world, one, wanted) for one in ends)
        with self.log.leg("compare", "does the index serve what was proved?"):
            watch = Watch(self.project.name, self.network.simple_url, proof, PATIENCE)
            packaged = legs.insist_on_content(proof, watch.keep(self.log.line, lambda: False), published)
        return proof, installed, (*ready.remarks, *packaged)

    def _upload(self, proof: Proof, files: Sequence[Distribution]) -> None:
        """Upload what CI has built, with a token of the job that publishes. Raises `UploadFailed`."""
        sender = Sender(self.course.sender, proof.tag, proof.commit)
        sender = replace(sender, tokens=self.course.tokens) if self.course.tokens else sender
        environment = self.network.environment(self.world.environment, sender)
        self.network.insist_on_loopback(environment, self.world.folder)
        try:
            said = twine.upload([one.path for one in files], environment, self.network.index.faults.patience)
            # It ends with an address on PyPI, where nothing has gone.
            for line in said.partition("\nView at:")[0].rstrip().splitlines():
                self.log.line(line)
        except UploadFailed as error:
            if NO_PUBLISHER in error.what:
                error.fix = f"register on PyPI: {sender.publisher}\nexpected there: {self.course.registered}"
            raise


def _ends(project: Project) -> tuple[Interpreter, ...]:
    """Return the oldest and the newest Python of a project that are installed."""
    found = interpreters.find(project.pythons, os.environ)
    return tuple(dict.fromkeys((*found[:1], *found[-1:])))


def _remarks(repository: Repository, project: Project, made: World) -> tuple[str, ...]:
    """Return what a real release would do otherwise."""
    told = [f"a real release refuses: {reason.what}" for reason in survey.local_reasons(repository)]
    here = {one.version for one in _ends(project)}
    missing = [one for one in dict.fromkeys((project.pythons[0], project.pythons[-1])) if one not in here]
    told += [f"Python {one} is not installed, so nothing was installed on it" for one in missing]
    left_out = checkout.unfinished_of_package(repository)
    if left_out:
        told.append(f"{len(left_out)} files are not as they are in the commit, and were left out")
    if made.identity == NOBODY:
        told.append("git does not know who you are: a real release asks for user.name and user.email")
    attributes = made.clone / ".gitattributes"
    if attributes.is_file() and "filter=" in attributes.read_text(encoding="utf-8", errors="replace"):
        told.append(
            "the filters that .gitattributes names, such as lfs, were not applied: they are in your configuration"
        )
    signs = {repository.setting(f"{what}.gpgsign").lower() for what in ("commit", "tag")}
    if signs & {"true", "yes", "on", "1"}:
        told.append("nothing was signed: your key stays with you")
    return tuple(told)
