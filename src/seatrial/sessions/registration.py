"""Registers sessions with nox, today's and the older one that Python 3.9 gets, and the summary at the end of a run.

A run that tested nothing fails.

nox writes its results to the file of its ``--report`` option, which a noxfile may set, and then exits. So that file
is read when the process ends.
"""

from __future__ import annotations

import argparse
import atexit
import contextlib
import functools
import inspect
import json
import logging
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, NoReturn, TypeVar

import nox

from seatrial.commands import Invocation
from seatrial.errors import ProjectError, SeatrialError, file_error
from seatrial.installer import find_uv
from seatrial.project.project import Project
from seatrial.pythons import find_interpreters, how_to_install, path_with, virtualenv_supports

if TYPE_CHECKING:
    from seatrial.report import Outcome


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
            unusable = file_error(error)
            if unusable is None:
                raise
            _end(session, unusable)

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
        for summary in _summary:
            summary.matrices[registration.name] = registration.pythons
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
    for summary in _summary:
        summary.reasons[session.name] = text
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


CHILD = "--parallel-worker"
"""The option that ``nox -j`` gives to its children, whose outcomes the parent reports."""


NO_INTERPRETER = re.compile(r"interpreter .*not found", re.IGNORECASE)
"""The reason that nox gives for a missing Python (``nox.virtualenv.InterpreterNotFound``)."""

RUN_VARIABLE = "SEATRIAL_RUN"
"""The environment variable that gives the children of ``nox -j`` the name of the run that they belong to."""


@dataclass(frozen=True)
class RunSummary:
    """The data of a run for its summary.

    ``begun``: its start, in seconds since 1970; ``own_report``: the report file, unless the noxfile or the user names
    another; ``matrices``: the sessions that have to run on at least one of their Pythons if they are selected;
    ``reasons``: why sessions failed, which the newest nox for Python 3.9 does not report.
    """

    begun: float = field(default_factory=time.time)
    own_report: Path = field(
        default_factory=lambda: Path(tempfile.gettempdir(), f"seatrial-{os.urandom(16).hex()}.json")
    )
    matrices: dict[str, tuple[str, ...]] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def close(self) -> None:
        """Show the summary; end the process with exit code 1 if nothing was tested."""
        path = _report_named(sys.argv[1:]) or Path(nox.options.report or self.own_report)
        written = self._read(path)
        self.own_report.unlink(missing_ok=True)
        if written is None:
            return
        # Imported at the end of a run, because `nox -l` and each session start faster without them.
        from seatrial.report import Outcome, untested_sessions  # noqa: PLC0415

        reported = [Outcome.from_report(entry) for entry in written["sessions"]]
        outcomes = [
            replace(outcome, reason=outcome.reason or self.reasons.get(outcome.name, "")) for outcome in reported
        ]
        idle = untested_sessions(outcomes, tuple(self.matrices))
        try:
            self._show(outcomes)
        finally:
            if idle and written["result"]:
                _fail(f"nox > nothing was tested: {', '.join(idle)} ran on no Python at all")

    def _read(self, path: Path) -> dict[str, Any] | None:
        """Return the report of nox; None if nox ran no session, as for a listing or after Ctrl-C."""
        try:
            if path.stat().st_mtime < int(self.begun):
                return None
            written: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        return written

    def _show(self, outcomes: Sequence[Outcome]) -> None:
        from seatrial.report import add_to_job_summary, run_summary, run_summary_markdown  # noqa: PLC0415 - as in close()

        seconds = time.time() - self.begun
        missing = self._missing(outcomes)
        encoding = sys.stdout.encoding or "utf-8"
        summary = run_summary(outcomes, seconds, missing, encoding)
        print("\n" + summary.encode(encoding, "backslashreplace").decode(encoding), flush=True)
        try:
            add_to_job_summary(lambda: run_summary_markdown(outcomes, seconds, missing), os.environ)
        except OSError as error:
            print(f"nox > the summary can't be written to GITHUB_STEP_SUMMARY: {error}", file=sys.stderr)

    def _missing(self, outcomes: Sequence[Outcome]) -> Mapping[str, str]:
        """Return how to install each missing Python for which a session was skipped or failed."""
        from seatrial.report import Status  # noqa: PLC0415

        pythons = {
            outcome.python
            for outcome in outcomes
            if outcome.session in self.matrices and outcome.python and outcome.status is not Status.SUCCESS
            if NO_INTERPRETER.search(outcome.reason) or not (outcome.reason or outcome.gives_reasons)
        }
        installed = {interpreter.version for interpreter in find_interpreters(pythons, os.environ)}
        return {python: how_to_install(python, os.environ) for python in sorted(pythons - installed)}


_summary: list[RunSummary] = []
"""The summary of this run, none in a child of ``nox -j``."""


def arrange_summary() -> None:
    """Have nox write its report, which is read at the end of this process; not in a child of ``nox -j``."""
    if not _summary and CHILD not in sys.argv:
        _summary.append(summary := RunSummary())
        nox.options.report = nox.options.report or str(summary.own_report)
        atexit.register(summary.close)
        os.environ[RUN_VARIABLE] = f"{os.getpid()} {summary.begun}"


def is_of_this_run(path: Path) -> bool:
    """Whether a file was written since this run began, by any of its processes."""
    begun = float(os.environ[RUN_VARIABLE].partition(" ")[2])
    return path.stat().st_mtime >= int(begun)


def _report_named(arguments: Sequence[str]) -> Path | None:
    """Return the file of ``--report`` on nox's command line, which overrides the noxfile."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--report", type=Path)
    before_posargs = arguments[: arguments.index("--")] if "--" in arguments else arguments
    path: Path | None = parser.parse_known_args(before_posargs)[0].report
    return path


def _fail(reason: str) -> None:
    """End this process with exit code 1, although nox exits with 0.

    nox does not count a session that was skipped for a missing interpreter as a failure, and a noxfile cannot change
    the exit code. An exit handler has only `os._exit`, which does not flush, so everything is flushed before it.
    """
    print(reason, file=sys.stderr)
    with contextlib.suppress(OSError):
        logging.shutdown()
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(1)
