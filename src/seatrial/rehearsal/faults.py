"""What can go wrong with an index: another world, for those who want to see what a release makes of it."""

from __future__ import annotations

from dataclasses import dataclass

from seatrial.tools.twine import PATIENCE


@dataclass(frozen=True)
class Faults:
    """What is to go wrong.

    ``errors``: how many uploads are answered with 500; ``cut_after``: how many files are taken before the line is
    cut; ``hangs``: whether uploads are never answered; ``token_lifetime``: that of an upload token in seconds;
    ``shown``: how many files of a project are shown at its first reads, and all of them afterwards; ``patience``: the
    seconds that an upload may take.
    """

    errors: int = 0
    cut_after: int | None = None
    hangs: bool = False
    token_lifetime: int = 900
    shown: tuple[int, ...] = ()
    patience: float = PATIENCE
