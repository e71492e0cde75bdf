"""All files of a release together, beside the sources that they were built from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from seatrial.facts.archive import Archive


@dataclass(frozen=True)
class Shipment:
    """The distributions that are meant to be uploaded together.

    ``sources``: the files that git knows, below the project; empty where nobody asked.
    """

    archives: tuple[Archive, ...]
    sources: tuple[PurePosixPath, ...] = ()

    @property
    def sdists(self) -> tuple[Archive, ...]:
        """The sdists among them."""
        return tuple(one for one in self.archives if not one.is_wheel)

    @property
    def wheels(self) -> tuple[Archive, ...]:
        """The wheels among them."""
        return tuple(one for one in self.archives if one.is_wheel)
