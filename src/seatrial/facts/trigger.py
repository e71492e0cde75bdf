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

    ``unheard``: why the pipeline of GitLab that publishes does not hear the tag and what mends that, both "" where it
    does, and None where no such pipeline was read; ``drifted``: the generated files that are not what they should be,
    and why; ``mends``: what mends them.
    """

    tag: str
    publishing: Publishing
    listing: Listing = field(default_factory=Listing)
    unheard: tuple[str, str] | None = None
    drifted: tuple[str, ...] = ()
    mends: tuple[str, ...] = ()
