"""noxfile.py and tasks.py: the lines that a project needs, and whether it has them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seatrial.adoption.looking import Found

TASKS = 'from seatrial.tasks import ns\n\n__all__ = ["ns"]\n'
HEAD = """\
import nox
from seatrial import sessions

nox.options.default_venv_backend = "uv|virtualenv"

"""


def calls(found: Found) -> tuple[str, ...]:
    """Return the sessions that a project gets, a line each."""
    lint = "sessions.lint()" if found.lints else ""
    lines = ("sessions.build()", "sessions.check()", _tests(found), _mypy(found), lint)
    return tuple(line for line in lines if line)


def noxfile(found: Found) -> str:
    """Return the noxfile of a project that has none."""
    return HEAD + "\n".join(calls(found)) + "\n"


def _tests(found: Found) -> str:
    tests = found.tests
    if not tests.runner:
        return "# sessions.tests(): there are no tests yet, so nothing is tested before a release"
    told = {
        "groups": tests.groups,
        "extras": tests.extras,
        "requirements": tests.files,
        "command": tests.command,
    }
    return f"sessions.tests({', '.join(f'{key}={_listed(value)}' for key, value in told.items() if value)})"


def _mypy(found: Found) -> str:
    """Return the call for mypy: it proves a release only where the project says on which files mypy has to pass."""
    if found.asks_for_mypy or found.is_typed:
        return "sessions.mypy()" if found.names_files_for_mypy else 'sessions.mypy(tags=["ci"])'
    return ""


def _listed(words: tuple[str, ...]) -> str:
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"
