"""The CI matrix, from the sessions of a noxfile."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.errors import ProjectError
from seatrial.project.nox_sessions import COVERAGE_SESSION, list_sessions
from seatrial.project.settings import IMAGES

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from seatrial.project.nox_sessions import NoxSession


BUILD_SESSIONS = ("build", "check")
"""The sessions that the build job runs."""


def read_sessions(root: Path) -> tuple[NoxSession, ...]:
    """Ask nox for the sessions of a project. Raises `NoxfileBroken`."""
    listing = list_sessions(root)
    problem = listing.failure or (None if listing.is_there else "  there is no such file")
    if problem:
        raise ProjectError(
            f"nox can't list the sessions of {root / 'noxfile.py'}:\n{problem}", code="NoxfileBroken", fix="nox --list"
        )
    return listing.sessions


def require_build_sessions(listed: Iterable[NoxSession], *tags: str) -> None:
    """Raise `SessionMissing` where there is not what the workflows call."""
    sessions = tuple(listed)
    missing = [name for name in BUILD_SESSIONS if name not in {session.session for session in sessions}]
    if missing:
        raise ProjectError(
            f"the noxfile has no session {' and none '.join(missing)}, which the workflows run",
            code="SessionMissing",
            fix="\n".join(f"sessions.{name}()" for name in missing),
        )
    for tag in ("ci", *tags):
        tagged_sessions(sessions, tag)


def require_coverage_session(listed: Iterable[NoxSession]) -> None:
    """Raise `SessionMissing` where nothing brings together what the tests measure."""
    if COVERAGE_SESSION not in {session.session for session in listed}:
        raise ProjectError(
            f"the project measures coverage, and the noxfile has no session {COVERAGE_SESSION}",
            code="SessionMissing",
            fix="sessions.tests()\nor, in [tool.seatrial.workflows]: coverage = false",
        )


def tagged_sessions(listed: Iterable[NoxSession], tag: str, *, measures: bool = False) -> tuple[NoxSession, ...]:
    """Return the sessions with a tag. Raises `SessionMissing` when there is none.

    ``measures``: whether the project does; then the session that brings together what others measured is none of them.
    """
    others = (*BUILD_SESSIONS, *((COVERAGE_SESSION,) if measures else ()))
    tagged = tuple(session for session in listed if tag in session.tags and session.name not in others)
    if not tagged:
        raise ProjectError(
            f"no session but {' and '.join(BUILD_SESSIONS)} has the tag {tag}, so nothing would be tested",
            code="SessionMissing",
            fix=f'sessions.tests()\nor, for a session of your own: @nox.session(tags=["{tag}"])',
        )
    return tagged


def github_matrix(chosen: Sequence[NoxSession], systems: Sequence[str]) -> dict[str, list[dict[str, str]]]:
    """Return the matrix of GitHub: each session on each system; one without a Python of its own on the first alone."""
    return {
        "include": [
            {"session": session.session, "python": session.python or "", "system": IMAGES[system]}
            for number, system in enumerate(systems)
            for session in chosen
            if session.python or number == 0
        ]
    }
