"""Why a release is not published, or not as it was proved: each is an error, and names the command that finishes it."""

from __future__ import annotations

from seatrial.errors import SeatrialError


class DeliveryError(SeatrialError):
    """A release was pushed, and an index does not serve what was proved."""

    exit_code = 7


class NotUsable(DeliveryError):
    """What was published can be installed, but not imported or started, or is of another version."""
