"""Publishing by hand, for a project without CI, or when CI has stopped half-way."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from seatrial import fitness, report, shell
from seatrial.command_line import typed
from seatrial.delivery import evidence, pypirc
from seatrial.delivery.watching import Watch, compared
from seatrial.errors import BuildError, CredentialMissing, UploadFailed
from seatrial.facts.archive import Archive
from seatrial.facts.delivery import State
from seatrial.masking import mask, mask_values
from seatrial.shortfalls import DeliveryError
from seatrial.tools import index, pip_settings, twine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from seatrial.delivery.destination import Destination
    from seatrial.delivery.evidence import Tagged
    from seatrial.errors import SeatrialError
    from seatrial.facts.delivery import Delivery
    from seatrial.facts.distribution import Distribution
    from seatrial.facts.shelf import Shelf

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Consignment:
    """What is to be uploaded, and where to; ``found``: what the index has already."""

    tagged: Tagged
    destination: Destination
    found: Delivery
    files: tuple[Distribution, ...]

    @property
    def is_first(self) -> bool:
        """Whether the index does not know the project yet: the name is taken with this upload."""
        return not self.found.known

    def __str__(self) -> str:
        """Return what goes where."""
        lines = [f"{self.found.project} {self.found.version} to {self.destination.shown}, from {self.tagged.tag}"]
        going = {one.path.name for one in self.files}
        for name, sha256 in self.found.wanted.items():
            lines.append(f"  {name}  {'' if name in going else 'is there already, '}sha256 {sha256}")
        if self.is_first:
            lines.append(f"  {self.destination.shown} does not know {self.found.project} yet: the name becomes yours")
        return "\n".join(lines)

    @property
    def again(self) -> str:
        """The command that goes on where this stopped."""
        return typed(f"publish --version {self.found.version}{self.destination.option}")


def consign(tagged: Tagged, destination: Destination, into: Path, say: Callable[[str], None]) -> Consignment:
    """Build a release from its tag, check it, and look what of it the index has; nothing is sent.

    ``into``: a folder for the files. Raises `DistributionsRefused`, `IndexUnreachable` or `OtherBytes`.
    """
    evidence.insist_on_tag(tagged, say)
    proof = evidence.proof_of(tagged, into, say)
    shelf = index.shelf(destination.simple, tagged.name)
    found = compared(shelf, Watch(tagged.name, destination.simple, proof, 0))
    if found.state is State.OTHER_BYTES:
        raise DeliveryError(
            f"nothing was sent: {found.project} {found.version} is {found.state.value} on {found.index}:\n"
            + "\n".join(f"  {line}" for line in str(found).splitlines()),
            code="OtherBytes",
            fix=typed(f"undo {found.version}{destination.option}"),
        )
    files = tuple(one for one in proof.files if one.path.name in found.missing)
    if files:
        ignore = tagged.outlook.config.ignore
        fitness.insist([one.path for one in files], ignore, say)
        _insist_on_room(files, shelf, tagged)
    return Consignment(tagged, destination, found, files)


def _insist_on_room(files: tuple[Distribution, ...], shelf: Shelf, tagged: Tagged) -> None:
    """Raise `DistributionsRefused` when the index has no room: it would take the first file and refuse the second."""
    archives = [Archive.from_path(one.path) for one in files]
    judged = fitness.judge_arrivals(archives, shelf, excuses=tagged.outlook.config.ignore)
    if any(one.blocks for one in judged):
        raise BuildError(
            f"the index would not take the distributions:\n{report.findings(judged)}",
            code="DistributionsRefused",
            fix="mend each of them",
        )


def send(consignment: Consignment, say: Callable[[str], None], *, can_ask: bool) -> None:
    """Upload with twine, which finds the token where it always does; ``can_ask``: on the terminal, too.

    Raises `UploadFailed` or `CredentialMissing`.
    """
    if not consignment.files:
        say("all of it is there already")
        return
    destination, paths = consignment.destination, [one.path for one in consignment.files]
    environment = _environment(destination)
    secrets = (os.environ.get("TWINE_PASSWORD", ""), *pypirc.passwords(os.environ).values())
    try:
        said = twine.upload(paths, environment, repository=destination.name)
    except CredentialMissing as error:
        if not can_ask:
            raise _with_next(error, consignment, secrets) from None
        try:
            twine.converse(paths, environment, destination.name)
        except UploadFailed as failed:
            raise _with_next(failed, consignment, secrets) from None
    except UploadFailed as error:
        raise _with_next(error, consignment, secrets) from None
    else:
        for line in mask_values(said, secrets).rstrip().splitlines():
            say(line)


def _with_next(error: SeatrialError, consignment: Consignment, secrets: Sequence[str]) -> SeatrialError:
    """Return an error without secrets, and with the command that goes on."""
    return type(error)(mask_values(error.what, secrets), fix=f"{error.fix}\n{consignment.again}")


def install_line(consignment: Consignment) -> str:
    """Return the command that installs what was published; what it needs comes from the user's own index."""
    simple, usual = mask(consignment.destination.simple), mask(pip_settings.index_url(os.environ))
    places = "" if simple == usual else f"--index-url {simple} --extra-index-url {usual} "
    return f"pip install {places}{consignment.found.project}=={consignment.found.version}"


def _environment(destination: Destination) -> dict[str, str]:
    """Return the environment of twine, which goes where ``destination`` says and nowhere else."""
    kept = {name: value for name, value in shell.for_publishing().items() if not name.startswith("TWINE_REPOSITORY")}
    address = {} if destination.name else {"TWINE_REPOSITORY_URL": destination.upload}
    alone = {"NO_PROXY": LOOPBACK} if urlsplit(destination.upload).hostname == LOOPBACK else {}
    return {**kept, **address, **alone}
