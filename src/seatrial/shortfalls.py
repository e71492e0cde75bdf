"""Why a release is not published, or not as it was proved: each is an error, and names the command that finishes it."""

from __future__ import annotations

from seatrial.errors import SeatrialError


class DeliveryError(SeatrialError):
    """A release was pushed, and an index does not serve what was proved."""

    exit_code = 7


class NotThere(DeliveryError):
    """The index has no file of the release."""


class PartlyThere(DeliveryError):
    """The index has some of the files of the release."""


class OtherBytes(DeliveryError):
    """The index serves other files than those that were proved."""


class Yanked(DeliveryError):
    """The release was yanked: nobody gets it who does not ask for that very version."""


class Unattested(DeliveryError):
    """The index lists no attestation of a file, or does not tell."""


class NotUsable(DeliveryError):
    """What was published can be installed, but not imported or started, or is of another version."""


class RunFailed(DeliveryError):
    """The run of CI that the tag has started failed."""


class DestinationUnknown(DeliveryError):
    """What was given is no index to upload to."""


class NotYanked(DeliveryError):
    """A release that is to be undone can still be had."""


class TagMoved(DeliveryError):
    """A tag is another one here than on the remote."""


class LimitInvalid(DeliveryError):
    """What was given is no number of seconds."""
