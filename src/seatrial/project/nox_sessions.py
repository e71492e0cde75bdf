"""The sessions of a project's noxfile, as ``nox --list --json`` prints them, and calls of nox.

The words of a call are read as nox reads them (nox, "Command-line usage").
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from seatrial import process
from seatrial.errors import CommandFailed, last_lines
from seatrial.redaction import redact_values, secrets_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path
    from typing import NoReturn

    from seatrial.process import WaitingCommand
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


AHEAD = """\
import contextlib
import json
import os
import runpy
import sys
with contextlib.suppress(ImportError):
    import nox, seatrial.sessions
os.chdir(json.load(sys.stdin))
sys.argv[0] = "nox"
runpy.run_module("nox", run_name="__main__", alter_sys=True)
"""
"""nox, which reads where it is to list sessions when it has loaded itself and what most noxfiles import."""


@contextlib.contextmanager
def start_listing(folder: Path) -> Iterator[WaitingCommand | None]:
    """Start nox ahead of its work; None without a noxfile."""
    if not (folder / "noxfile.py").is_file():
        yield None
        return
    with _start_nox(folder) as nox:
        yield nox


def _start_nox(folder: Path) -> contextlib.AbstractContextManager[WaitingCommand]:
    args = process.script_command(AHEAD, "--list", "--json", *ALL_SESSIONS)
    return process.start_waiting(args, cwd=folder, env=_environment())


def _environment() -> dict[str, str]:
    # NOXSESSION and its like would make another listing of it.
    return {name: value for name, value in process.child_environment().items() if not name.startswith("NOX")}


def list_sessions(folder: Path, ahead: WaitingCommand | None = None) -> SessionList:
    """Return the sessions of the noxfile in a folder, which is run for that; nothing is raised when that fails.

    ``ahead``: a nox that was begun before.
    """
    if not (folder / "noxfile.py").is_file():
        return SessionList(is_there=False)
    try:
        with contextlib.nullcontext(ahead) if ahead else _start_nox(folder) as nox:
            done = nox.attempt(json.dumps(str(folder)), LIST_TIMEOUT)
    except CommandFailed as error:
        return SessionList(failure=f"nox --list: {error.output}")
    if done.returncode:
        return SessionList(failure=last_lines(redact_values(done.errors + done.output, secrets_of(_environment()))))
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


OWN_NOXFILE = frozenset(("noxfile.py", "./noxfile.py"))

SELECTING = {
    "pythons": ("-p", "--pythons", "--python"),
    "force_pythons": ("-P", "--force-pythons", "--force-python"),
    "extra_pythons": ("--extra-pythons", "--extra-python"),
    "tags": ("-t", "--tags"),
}
"""The options with any number of values that decide which of the named sessions run, and on which Pythons."""

VALUES = (
    *(("-db", "--default-venv-backend"), ("-fb", "--force-venv-backend"), ("--download-python",), ("--envdir",)),
    *(("-j", "--parallel"), ("--report",), ("--reuse-venv",), ("--script-mode",), ("--script-venv-backend",)),
    ("--usage",),
)
"""The options with a value that changes nothing of what the sessions do."""

SWITCHES = (
    *(("-r", "--reuse-existing-virtualenvs"), ("-N", "--no-reuse-existing-virtualenvs"), ("-R",), ("-v", "--verbose")),
    *(("-x", "--stop-on-first-error"), ("--no-stop-on-first-error",), ("--no-verbose",), ("--no-venv",)),
    *(("--error-on-external-run",), ("--no-error-on-external-run",), ("--error-on-missing-interpreters",)),
    *(("--no-error-on-missing-interpreters",), ("--allow-parallel",), ("--no-allow-parallel",), ("--no-install",)),
    *(("--no-dependencies",), ("--non-interactive",), ("-ts", "--add-timestamp"), ("--nocolor", "--no-color")),
    *(("--forcecolor", "--force-color"), ("--parallel-worker",)),
)
"""The options without a value that change nothing of what the sessions do."""

RUNNING_NOTHING = (
    ("-l", "--list-sessions", "--list"),
    ("-h", "--help"),
    ("--version",),
    ("--json",),
    ("--install-only",),
)
"""The options with which nox runs no session, or nothing of it but its installations."""


@dataclass(frozen=True)
class NoxCall:
    """The sessions that a call of nox names.

    ``options``: those that select among the sessions and Pythons; ``posargs``: what the sessions get after ``--``.
    """

    sessions: tuple[str, ...]
    options: tuple[str, ...] = ()
    posargs: tuple[str, ...] = ()

    @classmethod
    def of(cls, words: Iterable[str]) -> NoxCall | None:
        """Read the words after ``nox``; None where no session of the project's noxfile is named, or none is run."""
        words = list(words)
        end = words.index("--") if "--" in words else len(words)
        try:
            options = _parser().parse_args(words[:end])
        except ValueError:
            return None
        sessions = tuple(dict.fromkeys(options.sessions or ()))
        if not sessions or options.runs_nothing or (options.noxfile or "noxfile.py") not in OWN_NOXFILE:
            return None
        values = ((names[0], getattr(options, name)) for name, names in SELECTING.items())
        selecting = [word for name, selected in values if selected is not None for word in (name, *selected)]
        selecting += ["-k", options.keywords] if options.keywords is not None else []
        return cls(sessions, tuple(selecting), tuple(words[end + 1 :]))

    @property
    def args(self) -> tuple[str, ...]:
        """The words after ``nox``."""
        return ("-s", *self.sessions, *self.options, *(["--", *self.posargs] if self.posargs else []))

    @property
    def has_variables(self) -> bool:
        """Whether a variable or an expression is among the words after the sessions."""
        return any("$" in word for word in (*self.options, *self.posargs))


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Raise what can be caught; argparse would end the process."""
        raise ValueError(message)


@lru_cache(maxsize=1)
def _parser() -> argparse.ArgumentParser:
    """Return a parser that splits words as nox's own does, which is not public."""
    parser = _Parser(prog="nox", add_help=False, allow_abbrev=False)
    parser.add_argument("-s", "-e", "--sessions", "--session", dest="sessions", nargs="*")
    for name, names in SELECTING.items():
        parser.add_argument(*names, dest=name, nargs="*")
    for names in VALUES:
        parser.add_argument(*names)
    for names in SWITCHES:
        parser.add_argument(*names, action="store_true")
    for names in RUNNING_NOTHING:
        parser.add_argument(*names, dest="runs_nothing", action="store_true")
    parser.add_argument("-f", "--noxfile", dest="noxfile")
    parser.add_argument("-k", "--keywords", dest="keywords")
    return parser


def is_session(function: ast.FunctionDef) -> bool:
    """Whether a function of a noxfile is a session."""
    called = (decorator.func if isinstance(decorator, ast.Call) else decorator for decorator in function.decorator_list)
    return any(ast.unparse(decorator) in {"nox.session", "session"} for decorator in called)


def _keywords(function: ast.FunctionDef) -> Mapping[str, ast.expr]:
    calls = (decorator for decorator in function.decorator_list if isinstance(decorator, ast.Call))
    return {str(keyword.arg): keyword.value for call in calls for keyword in call.keywords}


def calls_in(function: ast.FunctionDef, helpers: Mapping[str, ast.FunctionDef]) -> Iterator[ast.Call]:
    """Yield the calls in a session, and those in the functions that it gives its session to."""
    uncalled = dict(helpers)
    for node in ast.walk(function):
        if not isinstance(node, ast.Call):
            continue
        yield node
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        takes_session = any(isinstance(argument, ast.Name) and argument.id == "session" for argument in node.args)
        if takes_session and name in uncalled:
            yield from calls_in(uncalled.pop(name), uncalled)


def session_name(function: ast.FunctionDef) -> str:
    """Return the name of a session."""
    value = _keywords(function).get("name")
    return str(value.value) if isinstance(value, ast.Constant) else function.name


def pythons_of_session(function: ast.FunctionDef) -> tuple[str, ...]:
    """Return the Pythons that a session names, as far as they are literals."""
    value = _keywords(function).get("python")
    items = value.elts if isinstance(value, (ast.List, ast.Tuple)) else [value] if value else []
    texts = [item.value for item in items if isinstance(item, ast.Constant) and isinstance(item.value, str)]
    return tuple(text for text in texts if re.fullmatch(r"3\.\d+t?", text))


def literal_words(args: Iterable[ast.expr]) -> Iterator[str]:
    """Yield the arguments of a call that are texts; what is computed is left out, and ends an option before it."""
    for argument in args:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            yield argument.value
        elif not isinstance(argument, ast.Starred):
            yield "$X"
        elif "dependency_groups" in ast.unparse(argument):
            call = argument.value
            names = call.args[1:] if isinstance(call, ast.Call) else []
            for node in names:
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    yield f"--group={node.value}"
