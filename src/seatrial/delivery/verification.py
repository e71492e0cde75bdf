"""Whether an index serves the very bytes that were proved, and whether anybody can install them."""

from __future__ import annotations

import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial import interpreters, shell
from seatrial.delivery import attesting, ci, evidence, finishing, installation
from seatrial.delivery.installation import Wanted
from seatrial.delivery.place import Place
from seatrial.delivery.watching import Watch
from seatrial.interpreters import Interpreter

if TYPE_CHECKING:
    from collections.abc import Callable

    from seatrial.delivery.attesting import Asked
    from seatrial.delivery.ci import Ci
    from seatrial.delivery.destination import Destination
    from seatrial.delivery.evidence import Tagged
    from seatrial.delivery.installation import Installed
    from seatrial.facts.delivery import Delivery
    from seatrial.facts.project import Project
    from seatrial.release.proof import Proof


@dataclass(frozen=True)
class Order:
    """What is asked for: ``limit``: seconds to wait; ``attestations``: who has asked for some."""

    destination: Destination
    limit: float
    attestations: Asked = "by CI"
    installs: bool = True


@dataclass(frozen=True)
class Verified:
    """A release that is published, byte for byte.

    ``attested``: what there is to say of its attestations; ``installed`` is None where nobody asked for it.
    """

    delivery: Delivery
    attested: str
    installed: Installed | None

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON has it."""
        return {
            "project": self.delivery.project,
            "version": self.delivery.version,
            "index": self.delivery.index,
            "state": self.delivery.state.value,
            "files": dict(self.delivery.wanted),
            "unproved": list(self.delivery.unproved),
            "attestations": attesting.known(self.delivery),
            "installed": self.installed.__dict__ if self.installed else None,
        }

    def __str__(self) -> str:
        """Return it as text."""
        one = self.delivery
        lines = [f"{one.project} {one.version} is {one.state.value}: {one.index}"]
        lines += [f"  {line}" for line in str(one).splitlines()]
        lines += [f"  {self.attested}"] if self.attested else []
        if self.installed:
            brought = ", ".join([*(f"import {name}" for name in self.installed.modules), *self.installed.scripts])
            lines.append(f"  installed on Python {self.installed.python}: {brought or 'nothing to import'}")
        return "\n".join(lines)


def verify(tagged: Tagged, order: Order, say: Callable[[str], None]) -> Verified:
    """Wait until a release is on the index, compare it with its proof, and install it.

    Raises `DeliveryError` with the command that finishes it, `IndexUnreachable` or `InstallFailed`.
    """
    with tempfile.TemporaryDirectory(prefix="seatrial-verify-") as folder:
        proof = evidence.proof_of(tagged, Path(folder), say)
        found, known = _watched(tagged, order, proof, say)
        attested = attesting.insist(found, known, order.destination, order.attestations)
        if not order.installs:
            return Verified(found, attested, None)
        place = Place(Path(folder), shell.environment())
        wanted = Wanted.of(tagged.name, proof.version, proof.files, order.destination.simple)
        say(f"installing {wanted.name}=={wanted.version} in an empty environment")
        return Verified(found, attested, installation.install(place, _python(tagged.outlook.project), wanted))


def _watched(tagged: Tagged, order: Order, proof: Proof, say: Callable[[str], None]) -> tuple[Delivery, Ci]:
    """Watch the index, and CI where that can be asked. Raises `DeliveryError`."""
    known = [ci.of(tagged)]

    def is_over() -> bool:
        # A forge takes some seconds until it lists the run that a push has started.
        if known[0].is_under_way or known[0].has_not_started:
            known[0] = ci.of(tagged)
        return known[0].failed is not None

    if str(known[0]):
        say(f"CI: {known[0]}")
    found = Watch(tagged.name, order.destination.simple, proof, order.limit).keep(say, is_over)
    finishing.insist_on_published(found, known[0], order.destination)
    return found, known[0]


def _python(project: Project) -> Interpreter:
    """Return the newest Python of a project that is installed, or else the one that runs this."""
    found = interpreters.find(project.pythons, os.environ)
    return found[-1] if found else Interpreter("{}.{}".format(*sys.version_info), Path(sys.executable))
