"""What a rehearsal found out: each mishap is an error of its own, and nothing of it has left this machine."""

from __future__ import annotations

from seatrial.errors import SeatrialError


class RehearsalError(SeatrialError):
    """A rehearsal found out what would have gone wrong."""

    exit_code = 6


class LegFailed(RehearsalError):
    """One leg of a rehearsal failed: a command that takes part in a release.

    ``cause``: the error that ended it, whose paragraph is the one to read.
    """

    def __init__(self, what: str, *, fix: str = "", cause: SeatrialError | None = None) -> None:
        super().__init__(what, fix=fix)
        self.cause = cause

    @property
    def url(self) -> str:
        """The address of the paragraph about what ended the leg."""
        return self.cause.url if self.cause else super().url


class PipelineInvalid(RehearsalError):
    """GitLab would make no pipeline of what the file says."""
