"""A call of nox, read from its words as nox reads them (nox, "Command-line usage")."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import NoReturn


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
