"""Whether an index lists attestations (PEP 740) where they were asked for: by CI, which makes them, or here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from seatrial.delivery.destination import PYPI, TESTPYPI
from seatrial.shortfalls import DeliveryError

if TYPE_CHECKING:
    from seatrial.delivery.ci import Ci
    from seatrial.delivery.destination import Destination
    from seatrial.facts.delivery import Delivery

Asked = Literal["here", "by CI", "by nobody"]
"""Who has asked for attestations."""

NEXT = "have CI publish with trusted publishing: they are made there, for the next version"


def insist(found: Delivery, ci: Ci, destination: Destination, asked: Asked) -> str:
    """Return what there is to say of attestations, "" for nothing.

    Raises `Unattested` where they were asked for, and the index lists none or does not tell; by CI only where it is
    known to have published: what was published by hand has none.
    """
    maker = _maker(ci, destination) if asked != "by nobody" else ""
    why = _why(found)
    if asked == "here" and why:
        raise DeliveryError(
            why, code="Unattested", fix=NEXT if found.unattested else "ask an index that tells it: PyPI does"
        )
    if maker and found.unattested and ci.has_succeeded:
        raise DeliveryError(f"{why}, and {maker} makes them", code="Unattested", fix=f"look into its run; {NEXT}")
    if found.served and not why:
        return "the index lists attestations of each file"
    return f"{why}, and {maker} makes them" if maker else ""


def known(found: Delivery) -> dict[str, bool | None]:
    """Return for each file whether it has attestations, None where that is unknown."""
    return {one.name: None if one.provenance is None else bool(one.provenance) for one in found.served}


def _why(found: Delivery) -> str:
    """Return what is not as it is asked for, "" where all is."""
    if found.unattested:
        return f"{found.index} lists no attestations of {', '.join(found.unattested)}"
    lacks = "it has an older simple API than 1.3"
    return f"{found.index} does not tell whether there are attestations: {lacks}" if found.untold else ""


def _maker(ci: Ci, destination: Destination) -> str:
    """Return the workflow that makes attestations, "" for none: nobody makes them for any other index."""
    workflow, job = ci.publishing.workflow, ci.publishing.job
    is_for_them = destination.name in {PYPI, TESTPYPI}
    return workflow.name if workflow and job and job.attests and is_for_them else ""
