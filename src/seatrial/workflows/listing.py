"""The sessions of a noxfile as nox lists them, and the matrix that CI makes of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial import shell
from seatrial.errors import NoxfileBroken, SessionMissing, last_lines
from seatrial.facts.ci_settings import IMAGES
from seatrial.tools.nox import ALL

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

FIRST = ("build", "check")
"""The sessions that the build job runs."""

TOGETHER = ("coverage",)
"""The sessions that need what others leave behind on the same machine."""


@dataclass(frozen=True)
class Session:
    """A session: ``called`` is what ``nox -s`` takes, ``name`` that without the Python, ``python`` "" for none."""

    called: str
    name: str
    python: str
    tags: tuple[str, ...]

    @classmethod
    def from_listing(cls, entry: dict[str, Any]) -> Session:
        """Read an entry of ``nox --list --json``."""
        tags = tuple(str(tag) for tag in entry.get("tags") or ())
        return cls(str(entry["session"]), str(entry["name"]), str(entry.get("python") or ""), tags)


def sessions(root: Path) -> tuple[Session, ...]:
    """Ask nox for the sessions of a project. Raises `NoxfileBroken`."""
    done = shell.attempt((*shell.module("nox"), "--list", "--json", *ALL), cwd=root, env=shell.environment())
    try:
        listed = json.loads(done.output) if not done.returncode else None
        if listed is not None:
            return tuple(Session.from_listing(entry) for entry in listed)
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    told = last_lines(done.errors + done.output, 5) or f"  nox --list ended with exit code {done.returncode}"
    raise NoxfileBroken(f"nox can't list the sessions of {root / 'noxfile.py'}:\n{told}", fix="nox --list")


def insist_on(listed: Iterable[Session], *tags: str) -> None:
    """Raise `SessionMissing` where there is not what the workflows call."""
    known = tuple(listed)
    missing = [name for name in FIRST if name not in {one.called for one in known}]
    if missing:
        raise SessionMissing(
            f"the noxfile has no session {' and none '.join(missing)}, which the workflows run",
            fix="\n".join(f"sessions.{name}()" for name in missing),
        )
    for tag in ("ci", *tags):
        tagged(known, tag)


def tagged(listed: Iterable[Session], tag: str) -> tuple[Session, ...]:
    """Return the sessions with a tag that prove what was built. Raises `SessionMissing` when there is none."""
    found = tuple(one for one in listed if tag in one.tags and one.name not in (*FIRST, *TOGETHER))
    if not found:
        raise SessionMissing(
            f"no session but {' and '.join(FIRST)} has the tag {tag}, so nothing would be tested",
            fix=f'sessions.tests()\nor, for a session of your own: @nox.session(tags=["{tag}"])',
        )
    return found


def matrix(chosen: Sequence[Session], systems: Sequence[str]) -> dict[str, list[dict[str, str]]]:
    """Return the matrix of GitHub: each session on each system; one without a Python of its own on the first alone."""
    return {
        "include": [
            {"session": one.called, "python": one.python, "system": IMAGES[system]}
            for number, system in enumerate(systems)
            for one in chosen
            if one.python or number == 0
        ]
    }
