"""What was found, in a few lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.command_line import typed_to_program

if TYPE_CHECKING:
    from seatrial.adoption.founding import Founded, Wanted
    from seatrial.adoption.looking import Found
    from seatrial.adoption.proposal import Proposal

UNKNOWN = "none found"
LICENCE = "Its licence is MIT, in LICENSE and pyproject.toml: put another there if you mean another."
MEMBER = "It lies in a repository that is there: commit it; for its files of CI: {write}"
PUSH = "git push -u origin HEAD"


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


def founded(one: Founded, wanted: Wanted) -> str:
    """Return what was begun, and what comes next."""
    where = f"one commit on {one.branch}" if one.branch else "not committed"
    head = f"{wanted.name.project}, import {wanted.name.module}: {len(one.files)} files, {where}"
    after = (
        "\n".join(("Then, in its folder:", *(f"  {line}" for line in _steps(wanted))))
        if one.branch
        else MEMBER.format(write=typed_to_program("workflows"))
    )
    return "\n".join([head, *(f"  {path}" for path in one.files), "", LICENCE, after])


def _steps(wanted: Wanted) -> tuple[str, ...]:
    return (
        "nox",
        typed_to_program("rehearse --part minor"),
        PUSH if wanted.remote else f"git remote add origin ADDRESS && {PUSH}",
        typed_to_program("preflight --part minor"),
    )


def remarks(proposal: Proposal) -> str:
    """Return what is left to the user."""
    return "\n".join("- " + one.replace("\n", "\n  ") for one in proposal.remarks)
