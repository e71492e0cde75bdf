"""How far the walk of a release gets, and what stands in its way."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from seatrial.errors import SeatrialError


class Stage(Enum):
    """What a release does, one after the other, before it pushes; the value says in words what has to have happened."""

    LOOKED = "the repository could not be looked at"
    ASKED = "the remote was not asked"
    TRIED = "no push was tried"
    PARSED = "pyproject.toml could not be read"
    READ = "version and fragments could not be read"
    CHOSEN = "no version was found to release"
    WRITTEN = "the version and the changelog were not written"
    SEALED = "no commit and no tag were made"
    BUILT = "nothing was built"


@dataclass(frozen=True)
class Walk:
    """A walk through the stages that went on where a release stops.

    ``reasons``: why there can be no release, each with what mends it; ``reached``: the stages that were walked through;
    ``unfinished``: paths in the checkout that are not as in the commit; ``unpushed``: how many commits go out with it.
    """

    reasons: tuple[SeatrialError, ...] = ()
    reached: frozenset[Stage] = frozenset()
    unfinished: tuple[str, ...] = ()
    unpushed: int = 0

    def refused_by(self, codes: Collection[str]) -> tuple[SeatrialError, ...]:
        """Return the reasons with these codes, or of the families with these names."""
        return tuple(reason for reason in self.reasons if {reason.code, *_families(reason)} & set(codes))


@dataclass(frozen=True)
class Unlearned:
    """Facts that could not be learned, why, and what mends that."""

    reason: str
    fix: str = ""


def _families(reason: SeatrialError) -> tuple[str, ...]:
    return tuple(kind.__name__ for kind in type(reason).__mro__)
