"""The ``seatrial`` command: the tasks as a program of its own, which needs no tasks.py.

It reads the command line itself and calls the task. invoke's `Program` would bring its own options, of which the tasks
obey none, and a parser that takes ``--help`` for the text of a fragment.
"""

from __future__ import annotations

import itertools
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.config import Config
from invoke.context import Context
from invoke.exceptions import Exit

from seatrial.commands import Command, split_project_option
from seatrial.errors import ProjectError, did_you_mean, nearest
from seatrial.redaction import redact
from seatrial.tasks import GROUPS, ns
from seatrial.tasks.command_line import (
    HELP,
    PROJECT,
    SHARED_PARAMETERS,
    CommandLine,
    command_help,
    overview,
    read_command,
    typed,
)
from seatrial.tasks.completion import COMPLETE, candidates
from seatrial.tasks.console import INTERRUPTED, PROJECT_OPTION, errors_as_messages, show
from seatrial.terminal import paint_help

if TYPE_CHECKING:
    from seatrial.tasks.command import CommandTask


VERSION = ("--version", "-V")
SHARED = (PROJECT, *SHARED_PARAMETERS)
SHARED_FLAGS = frozenset(flag for parameter in SHARED_PARAMETERS for flag in parameter.flags)
FLAGS = (*(parameter.flag for parameter in SHARED), VERSION[0], HELP[0])

DRY_VARIABLE = "INVOKE_RUN_DRY"
"""The environment variable that has invoke print commands instead of running them."""


def main() -> None:
    """Run the command line of this process, and exit."""
    fill_standard_streams()
    raise SystemExit(run(sys.argv[1:]))


def fill_standard_streams() -> None:
    """Open the standard streams that are closed, to nowhere: else a file or a pipe gets their place, and the output."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            # It gets the lowest number that is free: that of the stream, unless something else has taken it.
            descriptor = os.open(os.devnull, os.O_RDWR)
            os.set_inheritable(descriptor, True)
            setattr(sys, name, os.fdopen(descriptor, "w" if number else "r", encoding="utf-8"))


def run(words: Sequence[str]) -> int:
    """Run a command line, and return the exit code."""
    try:
        with errors_as_messages():
            _run(list(words))
    except Exit as ended:
        if ended.message:
            show(ended.message, sys.stderr)
        return ended.code
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


def _run(words: list[str]) -> None:
    is_completion = words[:1] == [COMPLETE]
    typed_words = words
    folder, words = split_project_option(words)
    if folder is not None and not folder.strip():
        raise ProjectError(
            "--project needs a value, and was given an empty text",
            code="ValueMissing",
            fix=Command("--project", "FOLDER", *words, program_only=True),
        )
    PROJECT_OPTION.set(Path(folder) if folder else None)
    commands: dict[str, CommandTask] = {name: ns[name] for name in ns.task_names}
    if is_completion:
        for text, about in candidates(typed_words[1:], commands):
            show(f"{text}\t{about}" if about else text)
        return
    names = {**commands, "help": None}
    shared = tuple(itertools.takewhile(lambda word: word in SHARED_FLAGS, words))
    words = _command_first(words[len(shared) :], names)
    if words[:1] == ["help"]:
        words = [word for word in words if word not in SHARED_FLAGS]
    elif words and not words[0].startswith("-"):
        words[1:1] = shared
    line = CommandLine(tuple(words), names)
    if not words or words[0] in HELP or words == ["help"] or (words[0] == "help" and words[1] in HELP):
        show(_overview(commands), paint=paint_help)
    elif words[0] in VERSION:
        # Loaded here because it takes longer than the rest of the program.
        from importlib import metadata  # noqa: PLC0415

        show(f"seatrial {metadata.version('seatrial')}")
    elif words[0].startswith("-"):
        raise _unknown_option(line)
    else:
        _run_command(line, commands, folder)


def _command_first(words: list[str], names: Mapping[str, object]) -> list[str]:
    """Return the words with the command before its options: ``--json status`` is ``status --json``."""
    if not words or not words[0].startswith("-"):
        return words
    without_dash = [(at, word) for at, word in enumerate(words) if not word.startswith("-")]
    at, word = next(iter(without_dash), (0, ""))
    if not nearest(word, names):
        # It is the value of an option.
        at = next((at for at, word in without_dash if word in names), 0)
    return [words[at], *words[:at], *words[at + 1 :]] if at else words


def _run_command(line: CommandLine, commands: Mapping[str, CommandTask], folder: str | None) -> None:
    """Run the command that the first word names, or print its help."""
    line.require_command(0)
    if line.words[0] == "help":
        line.require_command(1)
        name = line.words[1]
        page = command_help(name, commands[name], SHARED) if name in commands else _overview(commands)
        show(page, paint=paint_help)
        return
    command = read_command(line, 0, commands[line.words[0]], shared=SHARED)
    if command.asks_help:
        show(command_help(command.name, command.task, SHARED), paint=paint_help)
        return
    if folder and PROJECT.name in command.values:
        # split_project_option() has removed the first.
        raise ProjectError("--project is given twice", code="ValueUnknown", fix=typed(line.words[:1]))
    defaults = {parameter.name: parameter.default for parameter in command.task.parameters}
    values = {**defaults, **command.values}
    if folder and PROJECT.name in defaults:
        values[PROJECT.name] = folder
    _require_folder()
    is_dry = os.environ.get(DRY_VARIABLE, "0") not in {"", "0"}
    # invoke's configuration files do not apply to seatrial.
    context = Context(Config(lazy=True, overrides={"run": {"dry": is_dry}}))
    command.task(context, **values)


def _require_folder() -> None:
    """Raise `PyprojectMissing` if the current folder has been removed."""
    try:
        Path.cwd()
    except FileNotFoundError:
        raise ProjectError(
            "the current folder does not exist any more", code="PyprojectMissing", fix="cd FOLDER"
        ) from None


def _overview(commands: Mapping[str, CommandTask]) -> str:
    groups = {title: {name: commands[name] for name in names} for title, names in GROUPS.items()}
    return overview(groups, SHARED, [(", ".join(reversed(VERSION)), "print the version of seatrial")])


def _unknown_option(line: CommandLine) -> ProjectError:
    option = line.words[0].partition("=")[0]
    if option == "--project":
        return ProjectError(
            "--project needs a value", code="ValueMissing", fix=line.with_words(0, "--project", "FOLDER")
        )
    if option in FLAGS:
        return ProjectError(f"{option} takes no value", code="ValueUnknown", fix=line.with_words(0, option))
    near = nearest(option, FLAGS)
    return ProjectError(
        f"seatrial has no option {redact(option)}{did_you_mean(near)}",
        code="OptionUnknown",
        fix=line.with_words(0, near[0]) if near else typed(("--help",)),
    )
