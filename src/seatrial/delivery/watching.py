"""Watching an index until a release is there, or it is known that it will not come."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable

from packaging.version import Version

from seatrial.errors import IndexUnreachable
from seatrial.facts.delivery import Delivery, State
from seatrial.masking import shown_address
from seatrial.tools import index

if TYPE_CHECKING:
    from seatrial.facts.shelf import Shelf
    from seatrial.release.proof import Proof

PAUSES = (1, 2, 4, 8, 15)
"""Seconds between two looks at an index, the last of them for all that follow."""


@dataclass(frozen=True)
class Goal:
    """What is waited for: whether it is so, and how far it has come in words."""

    is_reached: Callable[[Delivery], bool]
    told: Callable[[Delivery], str]


ARRIVED = Goal(lambda found: found.state not in {State.NOT_THERE, State.PARTLY}, lambda found: found.counted)
"""All is there, or nothing more will come."""

YANKED = Goal(
    lambda found: len(found.yanked) == len(found.served),
    lambda found: f"{len(found.yanked)} of {len(found.served)} files yanked",
)
"""Nobody gets it any more who does not ask for that very version."""


@dataclass(frozen=True)
class Watch:
    """Who looks for a release: ``simple``: the address of the index; ``limit``: how many seconds it may take."""

    project: str
    simple: str
    proof: Proof
    limit: float

    def look(self) -> Delivery:
        """Look once. Raises `IndexUnreachable`."""
        return compared(index.shelf(self.simple, self.project), self)

    def keep(self, say: Callable[[str], None], is_over: Callable[[], bool], goal: Goal = ARRIVED) -> Delivery:
        """Look until the goal is reached, or until the time is over.

        ``is_over``: asked before each pause whether it is of use to wait. Raises `IndexUnreachable` when the index
        does not answer at first; afterwards it may be silent for a while.
        """
        end = time.monotonic() + self.limit
        found, said = self.look(), ""
        for pause in itertools.chain(PAUSES, itertools.repeat(PAUSES[-1])):
            left = end - time.monotonic()
            if goal.is_reached(found) or left <= 0 or is_over():
                break
            if said != goal.told(found):
                said = goal.told(found)
                say(f"{said} on {found.index}; waiting, {left:.0f} s at most")
            time.sleep(min(pause, left))
            found = self._look_again(found, say)
        return found

    def _look_again(self, before: Delivery, say: Callable[[str], None]) -> Delivery:
        try:
            return self.look()
        except IndexUnreachable as error:
            say(f"{error.what}; looking again")
            return before


def compared(shelf: Shelf, watch: Watch) -> Delivery:
    """Return what an index holds beside what was proved."""
    version = Version(watch.proof.version)
    wanted = {one.path.name: one.sha256 for one in watch.proof.files}
    served = shelf.of_release(version)
    return Delivery(
        watch.project,
        str(version),
        shown_address(watch.simple),
        wanted,
        served,
        bool(shelf.files),
        watch.proof.is_rebuilt,
    )
