"""nox, asked for its sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial import shell
from seatrial.errors import last_lines
from seatrial.facts.listing import Listing
from seatrial.masking import mask

if TYPE_CHECKING:
    from pathlib import Path


ALL = ("-k", "not no_session_is_named_so")
"""What has nox list every session: without a choice, it lists those that run by default."""


def listed(folder: Path) -> Listing:
    """Return the sessions of the noxfile in a folder, which is run for that; nothing is raised when that fails."""
    if not (folder / "noxfile.py").is_file():
        return Listing(is_there=False)
    # NOXSESSION and its like would make another listing of it.
    env = {name: value for name, value in shell.environment().items() if not name.startswith("NOX")}
    done = shell.attempt((*shell.module("nox"), "--list", "--json", *ALL), cwd=folder, env=env)
    if done.returncode:
        return Listing(failure=last_lines(mask(done.errors + done.output)))
    return Listing.from_json(done.output)
