"""The tag of a release, and what it starts on the forge."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from seatrial.facts.listing import Listing

if TYPE_CHECKING:
    from seatrial.facts.answer import Answer
    from seatrial.facts.publishing import Publishing


@dataclass(frozen=True)
class Heard:
    """Whether a tag starts what publishes; ``reason``: why it does not, or why nobody can know; ``fix``: for that."""

    answer: Answer
    reason: str = ""
    fix: str = ""


@dataclass(frozen=True)
class Trigger:
    """``tag``: its name; ``publishing``: who publishes then; ``listing``: the sessions that workflows can name.

    ``by_pipeline``: whether the tag starts the job of GitLab that publishes, why unless it does, and what fixes that;
    None where no such pipeline was read; ``drifted``: the generated files that are not what they should be, and why;
    ``mends``: what mends them.
    """

    tag: str
    publishing: Publishing
    listing: Listing = field(default_factory=Listing)
    by_pipeline: Heard | None = None
    drifted: tuple[str, ...] = ()
    mends: tuple[str, ...] = ()
