"""Registers sessions with nox: today's, and the older one that Python 3.9 gets."""

from __future__ import annotations

import functools
import inspect
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, NoReturn, TypeVar

import nox

from seatrial.errors import ProjectError, SeatrialError, ToolError
from seatrial.installer import find_uv
from seatrial.invocation import Invocation
from seatrial.project.project import Project
from seatrial.pythons import find_interpreters, path_with, virtualenv_supports
from seatrial.sessions.summary import arrange_summary, explain_failure, require_a_run

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


Call = TypeVar("Call", bound=Callable[..., None])
Body = Callable[[nox.Session], None]


@dataclass(frozen=True)
class Registration:
    """The arguments of a session for nox.

    ``description``: the text of ``nox -l``; ``pythons``: those to run on, none for the Python that runs nox;
    ``environment``: whether it gets a virtual environment of its own; ``requires``: sessions that run before it;
    ``default``: whether ``nox`` without a session runs it.
    """

    name: str
    description: str
    tags: tuple[str, ...]
    pythons: tuple[str, ...] = ()
    environment: bool = True
    requires: tuple[str, ...] = ()
    default: bool = True


def user_facing(function: Call) -> Call:
    """Turn an error of seatrial in a call of the noxfile into a message and an exit, instead of a traceback."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> None:
        try:
            function(*args, **kwargs)
        except SeatrialError as error:
            raise SystemExit(render(f"seatrial: {error.explained_text}")) from None

    return call  # type: ignore[return-value]


def register_session(registration: Registration, body: Body) -> None:
    """Register a session; an error of seatrial in ``body`` ends the session with its message."""

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
    supported = tuple(filter(virtualenv_supports, registration.pythons))
    if 0 < len(supported) < len(registration.pythons) and not _uses_uv():
        for python in registration.pythons:
            if python not in supported:
                _register_skipped(registration, python)
        registration = replace(registration, pythons=supported)
    if registration.pythons:
        _show_to_nox(registration.pythons)
        require_a_run(registration.name, registration.pythons)
    arguments: dict[str, Any] = {
        "name": registration.name,
        "python": list(registration.pythons) or (None if registration.environment else False),
        "tags": list(registration.tags),
        "requires": list(registration.requires),
        "default": registration.default,
        "reuse_venv": True,
        "download_python": "never",
        "allow_parallel": True,
    }
    _register(run, arguments)


def _register(function: Body, arguments: Mapping[str, Any]) -> None:
    """Register a function with nox, with those of the arguments that this nox takes."""
    # The newest nox for Python 3.9 has no allow_parallel.
    parameters = inspect.signature(nox.session).parameters
    nox.session(**{key: value for key, value in arguments.items() if key in parameters})(function)


def _uses_uv() -> bool:
    """Whether nox makes environments with uv: the noxfile prefers it, and it is installed."""
    backend = os.environ.get("NOX_DEFAULT_VENV_BACKEND") or nox.options.default_venv_backend or ""
    return backend.startswith("uv") and find_uv() is not None


def _register_skipped(registration: Registration, python: str) -> None:
    """Register the session of a Python for which virtualenv can't make an environment."""

    def skip(session: nox.Session) -> None:
        session.skip(f"virtualenv does not support Python {python}: install uv, and prefer it in the noxfile")

    skip.__doc__ = registration.description
    arguments = {"python": False, "tags": list(registration.tags), "default": registration.default}
    _register(skip, {"name": f"{registration.name}-{python}", **arguments})


def _end(session: nox.Session, error: SeatrialError) -> NoReturn:
    """End a session with an error, which the summary of the run repeats."""
    text = render(error.explained_text)
    explain_failure(session.name, text)
    session.error(text)


def render(text: object) -> str:
    """Return a text with the commands of seatrial in it as the user can type them."""
    return Invocation(tuple(sys.argv), os.environ).render(text)


def log_of(session: nox.Session) -> Callable[[str], None]:
    """Return a function that logs a text, with the commands of seatrial in it rendered."""
    return lambda text: session.log(render(text))


@functools.cache
def current_project() -> Project:
    """Return the project of the noxfile, whose folder nox makes the current one before it loads the file."""
    return Project.from_directory(Path.cwd())


def as_strings(value: Sequence[str], name: str) -> tuple[str, ...]:
    """Return a keyword argument as a tuple. Raises `NoxfileInvalid`, also for a string, which is a sequence too."""
    if isinstance(value, str):
        raise ProjectError(
            f'{name}="{value}" in the noxfile is a string, but has to be a list of strings',
            code="NoxfileInvalid",
            fix=f'{name}=["{value}"]',
        )
    items: object = value
    texts = tuple(items) if isinstance(items, Iterable) else (None,)
    if not all(isinstance(text, str) for text in texts):
        raise ProjectError(
            f"{name}={value!r} in the noxfile has to be a list of strings: 3.10 without quotes is the number 3.1",
            code="NoxfileInvalid",
            fix=f'{name}=["3.9", "3.10"]' if name == "pythons" else f'{name}=["NAME"]',
        )
    return texts


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
    """Return a command of the noxfile: a program and its arguments. Raises `NoxfileInvalid`."""
    words = as_strings(value, "command")
    if not words:
        raise ProjectError(
            "command=[] in the noxfile names no program", code="NoxfileInvalid", fix='command=["pytest"]'
        )
    return words


@dataclass(frozen=True)
class Groups:
    """The dependency groups of a session: those that the noxfile names, or the first of the usual ones.

    For the error about a missing group, ``purpose``: what the group is for; ``brings``: the requirement that it needs.
    """

    named: tuple[str, ...]
    usual: tuple[str, ...]
    purpose: str
    brings: str = "pytest"

    def __post_init__(self) -> None:
        """Resolve the groups, so that a mistake in them is reported before an environment is created."""
        current_project().requirements(self.present())

    def chosen(self) -> tuple[str, ...]:
        """Return the names of the groups. Raises `GroupMissing` if there are none."""
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
        """Return the names of the groups, none if the project has no such group."""
        first = current_project().group(*self.usual)
        return self.named or ((first,) if first else ())


def _show_to_nox(pythons: Sequence[str]) -> None:
    """Put the interpreters on PATH of this process, the only place where nox looks for them."""
    os.environ["PATH"] = path_with(find_interpreters(pythons, os.environ), os.environ)
    # The newest nox for Python 3.9 ignores download_python="never", and lets uv download one.
    os.environ.setdefault("UV_PYTHON_DOWNLOADS", "never")
