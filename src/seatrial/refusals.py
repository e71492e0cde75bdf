"""Why there is no release: each reason is an error of its own, and names the command that mends it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from seatrial.errors import SeatrialError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


class ReleaseError(SeatrialError):
    """There is no release; unless the text says otherwise, nothing has changed anywhere."""

    exit_code = 5


class SeveralReasons(ReleaseError):
    """More than one thing stands in the way of a release; all of them are told."""

    def __init__(self, reasons: Sequence[SeatrialError]) -> None:
        self.reasons = tuple(reasons)
        told = "\n".join(f"- {str(reason).replace(chr(10), chr(10) + '  ')}" for reason in reasons)
        super().__init__(f"there are {len(reasons)} reasons why this can't be released:\n{told}")


class Reasons:
    """What stands in the way of a release, gathered so that all of it is told together."""

    def __init__(self, known: Iterable[SeatrialError] = ()) -> None:
        self._found = list(known)

    def __iter__(self) -> Iterator[SeatrialError]:
        return iter(self._found)

    @contextlib.contextmanager
    def gather(self) -> Iterator[None]:
        """Keep what is raised instead of letting it out."""
        try:
            yield
        except SeveralReasons as error:
            self._found += error.reasons
        except SeatrialError as error:
            self._found.append(error)

    def extend(self, known: Iterable[SeatrialError]) -> None:
        """Keep what is known from elsewhere, too."""
        self._found += known

    def tell(self) -> None:
        """Raise what was gathered, if anything was."""
        if self._found:
            raise together(self._found)


def together(reasons: Sequence[SeatrialError]) -> SeatrialError:
    """Return the one error that there is, or one that has them all."""
    return reasons[0] if len(reasons) == 1 else SeveralReasons(reasons)


class RemoteUnreachable(ReleaseError):
    """The remote does not answer, or does not know who asks."""


class VersionNotFound(ReleaseError):
    """The project does not say its version in a place that is known."""


class FileNotUtf8(ReleaseError):
    """A file that the release has to change is not UTF-8."""


class PushRefused(ReleaseError):
    """The remote did not take the push."""
