"""What was found, in a few lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seatrial.adoption.looking import Found
    from seatrial.adoption.proposal import Proposal

UNKNOWN = "none found"


def found(one: Found) -> str:
    """Return what was found in a project, a line for each thing."""
    rows = {
        "backend": one.project.backend.split(".")[0],
        "version": one.version_source,
        "layout": one.layout,
        "tests": f"{one.tests.runner}, with {one.tests.source}" if one.tests.runner else "no tests",
        "types": "mypy is configured"
        if one.asks_for_mypy
        else "typed, mypy is not configured"
        if one.is_typed
        else "none",
        "lint": one.lints or "none",
        "changelog": _changelog(one),
        "tags": f"{one.tag_form} ({'as they are' if one.has_tags else 'none yet'})",
        "branch": one.repository.branch or "none is checked out",
        "forge": one.forge or UNKNOWN,
    }
    return "\n".join([one.project.name, "", *(f"{name:10} {told}" for name, told in rows.items())])


def _changelog(one: Found) -> str:
    if one.news is not None:
        return f"{one.news.filename}, made by towncrier from {one.news.folders[0]}"
    return f"{one.log}, kept by hand" if one.log else UNKNOWN


def remarks(proposal: Proposal) -> str:
    """Return what is left to the user."""
    return "\n".join("- " + one.replace("\n", "\n  ") for one in proposal.remarks)
