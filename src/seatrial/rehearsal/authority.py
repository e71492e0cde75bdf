"""A certificate authority that lives as long as a rehearsal, and vouches for the upload hosts on this machine alone."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@dataclass(frozen=True)
class Authority:
    """``bundle``: the file with its certificate, for clients that are to trust it; ``context``: for the server."""

    bundle: Path
    context: ssl.SSLContext

    @classmethod
    def make(cls, folder: Path, hosts: Sequence[str]) -> Authority:
        """Make an authority and a certificate for ``hosts``. The keys never leave this process and ``folder``."""
        # Only a rehearsal needs it.
        import trustme  # noqa: PLC0415

        authority = trustme.CA(organization_name="seatrial rehearsal")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert(*hosts).configure_cert(context)
        bundle = folder / "authority.pem"
        authority.cert_pem.write_to_path(str(bundle))
        return cls(bundle, context)
