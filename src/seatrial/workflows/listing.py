"""The sessions of a noxfile as nox lists them, and the matrix that CI makes of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.errors import ProjectError
from seatrial.facts import measurement
from seatrial.facts.ci_settings import IMAGES
from seatrial.tools import nox

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from seatrial.facts.listing import Listed

FIRST = ("build", "check")
"""The sessions that the build job runs."""


def sessions(root: Path) -> tuple[Listed, ...]:
    """Ask nox for the sessions of a project. Raises `NoxfileBroken`."""
    found = nox.listed(root)
    told = found.failure or ("" if found.is_there else "  there is no such file")
    if told:
        raise ProjectError(
            f"nox can't list the sessions of {root / 'noxfile.py'}:\n{told}", code="NoxfileBroken", fix="nox --list"
        )
    return found.sessions


def insist_on(listed: Iterable[Listed], *tags: str) -> None:
    """Raise `SessionMissing` where there is not what the workflows call."""
    known = tuple(listed)
    missing = [name for name in FIRST if name not in {one.session for one in known}]
    if missing:
        raise ProjectError(
            f"the noxfile has no session {' and none '.join(missing)}, which the workflows run",
            code="SessionMissing",
            fix="\n".join(f"sessions.{name}()" for name in missing),
        )
    for tag in ("ci", *tags):
        tagged(known, tag)


def insist_on_measuring(listed: Iterable[Listed]) -> None:
    """Raise `SessionMissing` where nothing brings together what the tests measure."""
    if measurement.SESSION not in {one.session for one in listed}:
        raise ProjectError(
            f"the project measures coverage, and the noxfile has no session {measurement.SESSION}",
            code="SessionMissing",
            fix="sessions.tests()\nor, in [tool.seatrial.workflows]: coverage = false",
        )


def tagged(listed: Iterable[Listed], tag: str, *, measures: bool = False) -> tuple[Listed, ...]:
    """Return the sessions with a tag that prove what was built. Raises `SessionMissing` when there is none.

    ``measures``: whether the project does; then the session that brings together what others measured is none of them.
    """
    others = (*FIRST, *((measurement.SESSION,) if measures else ()))
    found = tuple(one for one in listed if tag in one.tags and one.name not in others)
    if not found:
        raise ProjectError(
            f"no session but {' and '.join(FIRST)} has the tag {tag}, so nothing would be tested",
            code="SessionMissing",
            fix=f'sessions.tests()\nor, for a session of your own: @nox.session(tags=["{tag}"])',
        )
    return found


def matrix(chosen: Sequence[Listed], systems: Sequence[str]) -> dict[str, list[dict[str, str]]]:
    """Return the matrix of GitHub: each session on each system; one without a Python of its own on the first alone."""
    return {
        "include": [
            {"session": one.session, "python": one.python, "system": IMAGES[system]}
            for number, system in enumerate(systems)
            for one in chosen
            if one.python or number == 0
        ]
    }
