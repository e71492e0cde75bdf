"""Registers sessions with nox: today's, and the older one that Python 3.9 gets."""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, NoReturn, TypeVar

import nox

from seatrial.errors import ProjectError, SeatrialError, ToolError
from seatrial.invocation import Invocation
from seatrial.project.project import Project
from seatrial.pythons import find_interpreters, path_with
from seatrial.sessions.summary import arrange_summary, explain_failure, require_a_run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


Call = TypeVar("Call", bound=Callable[..., None])
Body = Callable[[nox.Session], None]


@dataclass(frozen=True)
class Registration:
    """What nox is told about a session.

    ``description``: what ``nox -l`` says of it; ``pythons``: those to run on, none for the Python that runs nox;
    ``environment``: whether it gets a virtual environment of its own; ``requires``: sessions that come first;
    ``default``: whether it runs when nobody names a session.
    """

    name: str
    description: str
    tags: tuple[str, ...]
    pythons: tuple[str, ...] = ()
    environment: bool = True
    requires: tuple[str, ...] = ()
    default: bool = True


def user_facing(function: Call) -> Call:
    """Make of a mistake in the project one message and an exit, instead of a traceback."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> None:
        try:
            function(*args, **kwargs)
        except SeatrialError as error:
            raise SystemExit(render(f"seatrial: {error.explained_text}")) from None

    return call  # type: ignore[return-value]


def register_session(registration: Registration, body: Body) -> None:
    """Register a session; what ``body`` raises on purpose ends the session with its message."""

    def run(session: nox.Session) -> None:
        try:
            body(session)
        except SeatrialError as error:
            _end(session, error)
        except OSError as error:
            if error.filename is None:
                raise
            what = f"{error.filename}: {error.strerror}"
            _end(session, ToolError(what, code="FileUnusable", fix="let yourself read and write it"))

    run.__doc__ = registration.description
    arrange_summary()
    if registration.pythons:
        _show_to_nox(registration.pythons)
        require_a_run(registration.name, registration.pythons)
    wanted: dict[str, Any] = {
        "name": registration.name,
        "python": list(registration.pythons) or (None if registration.environment else False),
        "tags": list(registration.tags),
        "requires": list(registration.requires),
        "default": registration.default,
        "reuse_venv": True,
        "download_python": "never",
        "allow_parallel": True,
    }
    # The nox that Python 3.9 gets takes no allow_parallel.
    taken = inspect.signature(nox.session).parameters
    nox.session(**{key: value for key, value in wanted.items() if key in taken})(run)


def _end(session: nox.Session, error: SeatrialError) -> NoReturn:
    """End a session with an error, which the summary of the run has too."""
    text = render(error.explained_text)
    explain_failure(session.name, text)
    session.error(text)


def render(text: object) -> str:
    """Return a text with the commands of seatrial in it as the user can type them."""
    return Invocation(tuple(sys.argv), os.environ).render(text)


def log_of(session: nox.Session) -> Callable[[str], None]:
    """Return what logs a text with the commands of seatrial in it rendered."""
    return lambda text: session.log(render(text))


@functools.cache
def current_project() -> Project:
    """Return the project of the noxfile: nox goes to its folder before it loads it."""
    return Project.from_directory(Path.cwd())


def as_strings(value: Sequence[str], name: str) -> tuple[str, ...]:
    """Return a keyword argument as a tuple; a lone string, which is a sequence too, is a mistake to name."""
    if isinstance(value, str):
        raise ProjectError(
            f'{name}="{value}" in the noxfile is one string, and has to be a list of them',
            code="NoxfileInvalid",
            fix=f'{name}=["{value}"]',
        )
    told: object = value
    found = tuple(told) if isinstance(told, Iterable) else (None,)
    if not all(isinstance(one, str) for one in found):
        raise ProjectError(
            f"{name}={value!r} in the noxfile has to be a list of strings: 3.10 without quotes is the number 3.1",
            code="NoxfileInvalid",
            fix=f'{name}=["3.9", "3.10"]' if name == "pythons" else f'{name}=["NAME"]',
        )
    return found


def as_variables(value: Mapping[str, str] | None) -> dict[str, str]:
    """Return the variables of the noxfile for a command."""
    variables = dict(value or {})
    if not all(isinstance(text, str) for pair in variables.items() for text in pair):
        raise ProjectError(
            f"env={value!r} in the noxfile has to be a dictionary of strings",
            code="NoxfileInvalid",
            fix='env={"NAME": "VALUE"}',
        )
    return variables


def as_command(value: Sequence[str]) -> tuple[str, ...]:
    """Return a command of the noxfile: a program and its arguments."""
    told = as_strings(value, "command")
    if not told:
        raise ProjectError(
            "command=[] in the noxfile names no program", code="NoxfileInvalid", fix='command=["pytest"]'
        )
    return told


@dataclass(frozen=True)
class Groups:
    """The dependency groups of a session: those that the noxfile names, or the first of the usual ones.

    ``purpose`` says in an error what the groups are for, and ``brings`` what the first of them would hold.
    """

    named: tuple[str, ...]
    usual: tuple[str, ...]
    purpose: str
    brings: str = "pytest"

    def __post_init__(self) -> None:
        """Resolve them once, so that a mistake in them is told before an environment is made."""
        current_project().requirements(self.present())

    def chosen(self) -> tuple[str, ...]:
        """Return their names. Raises `GroupMissing` when there is none."""
        present = self.present()
        if not present:
            raise ProjectError(
                f"{current_project().path} has no dependency group for {self.purpose}: looked for "
                f"{', '.join(self.usual)}",
                code="GroupMissing",
                fix="name one with groups= in the noxfile, or add:\n"
                f'[dependency-groups]\n{self.usual[0]} = ["{self.brings}"]',
            )
        return present

    def present(self) -> tuple[str, ...]:
        """Return their names, none where the project has no such group."""
        first = current_project().group(*self.usual)
        return self.named or ((first,) if first else ())


def _show_to_nox(pythons: Sequence[str]) -> None:
    """Put the interpreters where nox looks for them: it has no other door than PATH of this process."""
    found = find_interpreters(pythons, os.environ)
    os.environ["PATH"] = path_with(found, os.environ)
    # The nox that Python 3.9 gets is told never to download one, and leaves it to uv all the same.
    os.environ.setdefault("UV_PYTHON_DOWNLOADS", "never")
