"""The tag of a release, and what it starts on the forge."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seatrial.facts.listing import Listing

if TYPE_CHECKING:
    from seatrial.facts.publishing import Publishing


@dataclass(frozen=True)
class Trigger:
    """``tag``: its name; ``publishing``: who publishes then; ``listing``: the sessions that workflows can name.

    ``drifted``: the generated files that are not what they should be, and why; ``mends``: what mends them.
    """

    tag: str
    publishing: Publishing
    listing: Listing = field(default_factory=Listing)
    drifted: tuple[str, ...] = ()
    mends: tuple[str, ...] = ()
