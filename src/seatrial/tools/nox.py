"""nox, asked for its sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial import shell
from seatrial.errors import CommandFailed, last_lines
from seatrial.facts.listing import Listing
from seatrial.masking import mask_values, secrets_of

if TYPE_CHECKING:
    from pathlib import Path


PATIENCE = 60
"""Seconds that a noxfile may take to be loaded."""

ALL = ("-k", "not no_session_is_named_so")
"""What has nox list every session: without a choice, it lists those that run by default."""


def listed(folder: Path) -> Listing:
    """Return the sessions of the noxfile in a folder, which is run for that; nothing is raised when that fails."""
    if not (folder / "noxfile.py").is_file():
        return Listing(is_there=False)
    # NOXSESSION and its like would make another listing of it.
    env = {name: value for name, value in shell.environment().items() if not name.startswith("NOX")}
    try:
        done = shell.apart((*shell.module("nox"), "--list", "--json", *ALL), cwd=folder, env=env, seconds=PATIENCE)
    except CommandFailed as error:
        return Listing(failure=f"nox --list: {error.output}")
    if done.returncode:
        return Listing(failure=last_lines(mask_values(done.errors + done.output, secrets_of(env))))
    return Listing.from_json(done.output)
