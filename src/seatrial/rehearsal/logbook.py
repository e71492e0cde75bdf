"""The logbook of a rehearsal: each leg is announced, timed, and ticked off."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Callable

from seatrial.errors import SeatrialError
from seatrial.mishaps import LegFailed

if TYPE_CHECKING:
    from collections.abc import Iterator

LEGS = ("release", "CI", "upload", "install", "compare")
"""The legs in their order, by name."""


@dataclass(frozen=True)
class Logbook:
    """Which legs are done, and how many seconds each took; ``say`` is told a line at a time."""

    say: Callable[[str], None]
    seconds: dict[str, float] = field(default_factory=dict)

    @contextlib.contextmanager
    def leg(self, name: str, about: str) -> Iterator[None]:
        """Sail a leg. What is raised on purpose in it becomes `LegFailed`, which says in which leg."""
        number = f"leg {LEGS.index(name) + 1} of {len(LEGS)}, {name}"
        self.say(f"{number}: {about}")
        begun = time.monotonic()
        try:
            yield
        except SeatrialError as error:
            raise LegFailed(f"{number}: {error.what}", fix=error.fix, cause=error) from None
        except OSError as error:
            what = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror or error)
            raise LegFailed(f"{number}: {what}", fix="make room, or let yourself read and write it") from None
        self.seconds[name] = time.monotonic() - begun
        self.say(f"{number}: done in {self.seconds[name]:.1f} s")

    def line(self, text: str) -> None:
        """Hand on what a command prints, set off from what is said here."""
        self.say(f"    {text}".rstrip())
