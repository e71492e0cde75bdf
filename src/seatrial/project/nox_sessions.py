"""The sessions of a project's noxfile, as ``nox --list --json`` prints them, and whether they measure coverage."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial import process
from seatrial.errors import CommandFailed, last_lines
from seatrial.redaction import redact_values, secrets_of

if TYPE_CHECKING:
    from pathlib import Path

    from seatrial.project.project import Project


@dataclass(frozen=True)
class NoxSession:
    """A session: ``session`` as it is called; ``name`` and ``python``: its parts, None for no Python."""

    session: str
    name: str
    python: str | None = None
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class SessionList:
    """The sessions that there are. ``failure``: why they could not be listed, None when they were."""

    sessions: tuple[NoxSession, ...] = ()
    failure: str | None = None
    is_there: bool = True

    @classmethod
    def from_json(cls, text: str) -> SessionList:
        """Read what nox printed, in one line; the noxfile may print more, older nox have no names for some of it."""
        for line in reversed([line for line in text.splitlines() if line.startswith("[")]):
            with contextlib.suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):
                return cls(tuple(_session(entry) for entry in json.loads(line)))
        return cls(failure="nox --list --json did not print what it should")

    def has(self, name: str) -> bool:
        """Whether ``nox -s NAME`` would find a session."""
        return any(name in (session.session, session.name) for session in self.sessions)

    @property
    def pythons(self) -> frozenset[str]:
        """The Pythons that some session runs on."""
        return frozenset(session.python for session in self.sessions if session.python)


def _session(entry: dict[str, object]) -> NoxSession:
    python, tags = entry.get("python"), entry.get("tags")
    return NoxSession(
        session=str(entry["session"]),
        name=str(entry.get("name") or entry["session"]),
        python=python if isinstance(python, str) and python else None,
        tags=tuple(map(str, tags)) if isinstance(tags, list) else (),
    )


LIST_TIMEOUT = 60
"""Seconds that a noxfile may take to be loaded."""

ALL_SESSIONS = ("-k", "not no_session_is_named_so")
"""What has nox list every session: without a choice, it lists those that run by default."""


def list_sessions(folder: Path) -> SessionList:
    """Return the sessions of the noxfile in a folder, which is run for that; nothing is raised when that fails."""
    if not (folder / "noxfile.py").is_file():
        return SessionList(is_there=False)
    # NOXSESSION and its like would make another listing of it.
    env = {name: value for name, value in process.child_environment().items() if not name.startswith("NOX")}
    try:
        done = process.run_detached(
            (*process.module_command("nox"), "--list", "--json", *ALL_SESSIONS),
            cwd=folder,
            env=env,
            seconds=LIST_TIMEOUT,
        )
    except CommandFailed as error:
        return SessionList(failure=f"nox --list: {error.output}")
    if done.returncode:
        return SessionList(failure=last_lines(redact_values(done.errors + done.output, secrets_of(env))))
    return SessionList.from_json(done.output)


COVERAGE_SESSION = "coverage"
"""The session that brings together what the tests on all Pythons have measured."""

COVERAGE_FOLDER = ".nox/.cache/seatrial/coverage"
"""Where each of them leaves it, in the project's folder, unless the noxfile has its environments elsewhere."""

MEASURED_VARIABLE = "SEATRIAL_MEASURED"
"""The environment variable that names a folder with what other jobs have measured: then no test is run again."""


def measures_coverage(project: Project) -> bool:
    """Whether coverage is configured."""
    return project.configures("coverage", ".coveragerc") or project.configures_in_ini(
        "coverage:run", "setup.cfg", "tox.ini"
    )
