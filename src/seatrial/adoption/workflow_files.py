"""The seam for what runs in CI: the files that a forge is told to run."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seatrial.adoption.looking import Found
    from seatrial.adoption.proposal import ProposedFile


def workflow_files(found: Found) -> tuple[ProposedFile, ...]:  # noqa: ARG001 - what the generator needs is in it
    """Return the workflows that a project lacks: none until seatrial makes workflows."""
    return ()
