"""What became of the last release: how CI, the index and the tag stand to each other, and what comes next."""

from __future__ import annotations

import os
from concurrent import futures
from dataclasses import replace
from typing import TYPE_CHECKING

from seatrial.command_line import typed
from seatrial.delivery import ci, destination, finishing
from seatrial.delivery.evidence import Tagged
from seatrial.errors import IndexUnreachable
from seatrial.facts.delivery import Delivery, State
from seatrial.masking import shown_address
from seatrial.release.proof import Proof
from seatrial.tools import index, web

if TYPE_CHECKING:
    from seatrial.delivery.ci import Ci
    from seatrial.delivery.destination import Destination
    from seatrial.facts.repository import Repository
    from seatrial.facts.shelf import Shelf
    from seatrial.outlook import Outlook
    from seatrial.release.standing import Standing


PATIENCE = 5
"""Seconds that an index may take in all: a look at where things stand waits for nobody."""


def told(repository: Repository, outlook: Outlook, found: Standing, patience: float = PATIENCE) -> Standing:
    """Return where a project stands, with what became of its last release; ``patience``: seconds for the index.

    Nothing is built for it: where no proof is kept, the bytes are not compared. An index that does not answer is told,
    and no error. Raises `DestinationUnknown`.
    """
    if not outlook.last_tag or found.release:
        return found
    tagged = Tagged.of(repository, outlook, outlook.last_version)
    where = destination.find("", outlook.config, os.environ)
    known = ci.of(tagged)
    try:
        delivery, remark = _delivery(tagged, where, patience)
    except IndexUnreachable as error:
        return replace(found, release=_with(known, f"{tagged.tag}, unknown to the index: {error.what}"))
    said = f"{tagged.tag} is {remark or delivery.state.value}: {_count(delivery)}{delivery.index}"
    return replace(found, release=_with(known, said), finish=_finish(delivery, known, where, found))


def _delivery(tagged: Tagged, where: Destination, patience: float) -> tuple[Delivery, str]:
    """Compare what the index has with the proof, where one is kept; return a remark where there is none."""
    served = _served(where.simple, tagged.name, patience)
    files = served.of_release(tagged.version)
    proof = Proof.recall(tagged.repository)
    has_proof = proof is not None and (proof.tag, proof.commit) == (tagged.tag, tagged.commit)
    wanted = {one.path.name: one.sha256 for one in proof.files} if proof and has_proof else {}
    # Without a proof, nothing is known of what is missing, but a release without any file.
    wanted = wanted or {one.name: one.sha256 for one in files} or {"the files of the release": ""}
    again = proof is not None and has_proof and proof.is_rebuilt
    found = Delivery(
        tagged.name, str(tagged.version), shown_address(where.simple), wanted, files, bool(served.files), again
    )
    is_guess = not has_proof and found.state is State.PUBLISHED
    compare = typed(f"verify --version {tagged.version}")
    return found, f"there, not compared ({compare})" if is_guess else ""


def _served(simple: str, name: str, patience: float) -> Shelf:
    """Return what an index has. Raises `IndexUnreachable`, also when it takes long, in whichever way it does that."""
    try:
        return web.aside(index.shelf, simple, name, patience).result(timeout=patience)
    except futures.TimeoutError:
        said = f"{shown_address(simple)} does not answer within {patience:g} seconds"
        raise IndexUnreachable(said, fix="try again later") from None


def _count(delivery: Delivery) -> str:
    return f"{delivery.counted}, " if delivery.state is State.PARTLY else ""


def _with(known: Ci, said: str) -> str:
    return f"{said}\nCI         {known}" if str(known) else said


def _finish(delivery: Delivery, known: Ci, where: Destination, found: Standing) -> str:
    """Return the command that finishes the release, "" where nothing says that it is to be published at all."""
    if delivery.state is State.YANKED and found.fragments:
        return ""
    is_wanted = delivery.known or known.publishing.workflow is not None
    return finishing.command(delivery, known, where) if is_wanted else ""
