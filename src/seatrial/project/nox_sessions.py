"""The sessions of a project's noxfile, as ``nox --list --json`` prints them, and calls of nox.

The words of a call are read as nox reads them (nox, "Command-line usage").
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NoReturn, Union

from seatrial import process
from seatrial.errors import CommandFailed, last_lines
from seatrial.redaction import redact_values, secrets_of

if TYPE_CHECKING:
    from seatrial.process import WaitingCommand


BLOCK = re.compile(r"(?m)^# /// script[ \t]*\n(?P<content>(?:#(?:| .*)\n)+?)# ///[ \t]*(?:\n|\Z)")
"""A block of script metadata (PyPA, "Inline script metadata")."""

DEPENDENCIES = re.compile(r"(?ms)^(?P<start># dependencies[ \t]*=[ \t]*\[)(?P<inner>.*?)(?P<end>\][ \t]*)$")


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

    def on_python(self, name: str, version: str) -> str | None:
        """Return how the first session of a name is called that runs on a Python, or on any; None for none."""
        fitting = (each for each in self.sessions if each.name == name and each.python in {version, None})
        return next((each.session for each in fitting), None)

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
    for node in run_without_arguments(function.body):
        if not isinstance(node, ast.Call):
            continue
        yield node
        name = node.func.id if isinstance(node.func, ast.Name) else ""
        takes_session = any(isinstance(argument, ast.Name) and argument.id == "session" for argument in node.args)
        if takes_session and name in uncalled:
            yield from calls_in(uncalled.pop(name), uncalled)


def run_without_arguments(nodes: Iterable[ast.AST]) -> Iterator[ast.AST]:
    """Yield nodes and those below them, without the branches that run only where arguments follow ``--``."""
    for node in nodes:
        if isinstance(node, ast.If) and _asks_for_arguments(node.test):
            yield from run_without_arguments(_branch_without_arguments(node))
        else:
            yield node
            yield from run_without_arguments(ast.iter_child_nodes(node))


def _asks_for_arguments(test: ast.expr) -> bool:
    return any(getattr(node, "attr", getattr(node, "id", "")) == "posargs" for node in ast.walk(test))


def _branch_without_arguments(node: ast.If) -> list[ast.stmt]:
    """Return the branch for none: of ``not session.posargs``, of ``len(session.posargs) == 0`` and the like."""
    is_for_none = isinstance(node.test, ast.UnaryOp)
    if isinstance(node.test, ast.Compare):
        operator, right = node.test.ops[0], ast.unparse(node.test.comparators[0])
        is_for_none = isinstance(operator, (ast.NotIn, ast.Lt)) or (
            isinstance(operator, (ast.Eq, ast.LtE)) and right in {"0", "[]", "()"}
        )
    return node.body if is_for_none else node.orelse


def assigned_once(nodes: Iterable[ast.AST]) -> dict[str, ast.expr]:
    """Return the expressions of the names that these statements assign, without those assigned several times."""
    values: dict[str, list[ast.expr]] = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and len(node.targets) == 1 and isinstance(node.targets[0], ast.Name):
            values.setdefault(node.targets[0].id, []).append(node.value)
    return {name: each[0] for name, each in values.items() if len(each) == 1}


FOLDER_OF_NOXFILE = frozenset(("Path(__file__).parent", "Path.cwd()", "Path()", "os.path.dirname(__file__)"))
"""How a noxfile names its folder, which nox runs in, when nothing resolves it."""
RESOLVING = re.compile(r"\.(?:resolve|absolute)\(\)|\bpathlib\.")

SAME_TEXT = frozenset(("str", "os.fspath", "fspath", "Path", "pathlib.Path", "list", "tuple"))
"""Functions whose result is the text, or the texts, that they are given."""


LiteralValue = Union[str, list[str], dict[str, str], None]


def literal_value(node: ast.expr, names: Mapping[str, ast.expr]) -> LiteralValue:
    """Return a text, texts or a table, as a noxfile has them when nox runs without arguments; None for others.

    ``names``: the expressions of names. A path is relative to the folder of the noxfile.
    """
    if RESOLVING.sub("", ast.unparse(node)) in FOLDER_OF_NOXFILE:
        return "."
    value: LiteralValue = _LiteralReader(names).visit(node)
    return value


class _LiteralReader(ast.NodeVisitor):
    """Reads the value of an expression: each method has that of a kind, and all others have none."""

    def __init__(self, names: Mapping[str, ast.expr]) -> None:
        self.names = names

    def generic_visit(self, node: ast.AST) -> None:
        """Read nothing of what is below an expression that is computed."""

    def visit_Constant(self, node: ast.Constant) -> LiteralValue:
        return node.value if isinstance(node.value, str) else None

    def visit_Name(self, node: ast.Name) -> LiteralValue:
        others = {name: value for name, value in self.names.items() if name != node.id}
        return literal_value(self.names[node.id], others) if node.id in self.names else None

    def visit_Attribute(self, node: ast.Attribute) -> LiteralValue:
        return [] if node.attr == "posargs" else None

    def visit_BoolOp(self, node: ast.BoolOp) -> LiteralValue:
        is_default = isinstance(node.op, ast.Or) and _asks_for_arguments(node.values[0])
        return literal_value(node.values[-1], self.names) if is_default else None

    def visit_List(self, node: ast.List | ast.Tuple) -> LiteralValue:
        return list(literal_words(node.elts, self.names))

    visit_Tuple = visit_List  # noqa: N815

    def visit_Call(self, node: ast.Call) -> LiteralValue:
        called = ast.unparse(node.func)
        if called == "dict" and not node.args:
            return _texts((keyword.arg, literal_value(keyword.value, self.names)) for keyword in node.keywords)
        return literal_value(node.args[0], self.names) if called in SAME_TEXT and len(node.args) == 1 else None

    def visit_Dict(self, node: ast.Dict) -> LiteralValue:
        keys = (literal_value(key, self.names) if key else None for key in node.keys)
        return _texts(zip(keys, (literal_value(value, self.names) for value in node.values)))

    def visit_JoinedStr(self, node: ast.JoinedStr) -> LiteralValue:
        parts = (part.value if isinstance(part, ast.FormattedValue) else part for part in node.values)
        values = [literal_value(part, self.names) for part in parts]
        texts = [value for value in values if isinstance(value, str)]
        return "".join(texts) if len(texts) == len(values) else None

    def visit_BinOp(self, node: ast.BinOp) -> LiteralValue:
        start, end = literal_value(node.left, self.names), literal_value(node.right, self.names)
        if not (isinstance(start, str) and isinstance(end, str)):
            return None
        if isinstance(node.op, ast.Div):
            return str(PurePosixPath(start, end))
        return start + end if isinstance(node.op, ast.Add) else None


def _texts(items: Iterable[tuple[object, object]]) -> dict[str, str]:
    return {key: value for key, value in items if isinstance(key, str) and isinstance(value, str)}


def variables_in(call: ast.Call, names: Mapping[str, ast.expr]) -> Mapping[str, str]:
    """Return the environment variables that a call of ``session.run`` sets, as far as they are texts."""
    value = next((literal_value(keyword.value, names) for keyword in call.keywords if keyword.arg == "env"), None)
    return value if isinstance(value, dict) else {}


def session_name(function: ast.FunctionDef) -> str:
    """Return the name of a session."""
    value = _keywords(function).get("name")
    return str(value.value) if isinstance(value, ast.Constant) else function.name


def pythons_of_session(function: ast.FunctionDef, names: Mapping[str, ast.expr]) -> tuple[str, ...]:
    """Return the Pythons that a session names, as far as they are texts; ``names``: the expressions of names."""
    node = _keywords(function).get("python")
    value = literal_value(node, names) if node else None
    texts = [value] if isinstance(value, str) else value or ()
    return tuple(text for text in texts if re.fullmatch(r"3\.\d+t?", text))


def literal_words(args: Iterable[ast.expr], names: Mapping[str, ast.expr]) -> Iterator[str]:
    """Yield the arguments of a call that are texts; what is computed is left out, and ends an option before it."""
    for argument in args:
        if isinstance(argument, ast.Starred):
            value = literal_value(argument.value, names)
            if isinstance(value, list):
                yield from value
            elif isinstance(argument.value, ast.Call) and "dependency_groups" in ast.unparse(argument.value):
                groups = literal_words(argument.value.args[1:], names)
                yield from (f"--group={group}" for group in groups if "$" not in group)
        else:
            value = literal_value(argument, names)
            yield value if isinstance(value, str) else "$X"
