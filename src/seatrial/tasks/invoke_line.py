"""Reads a command line of ``invoke`` before invoke's parser does, to report mistakes as `seatrial` does.

invoke has no hook for that. But it reads the parameters of every task right before the words for the tasks, and an
`Exit` that is raised then becomes a message and an exit code. invoke itself reports mistakes in its own options and in
those of other tasks.
"""

from __future__ import annotations

import copy
import functools
from typing import TYPE_CHECKING

from invoke.exceptions import Exit
from invoke.parser.argument import Argument
from invoke.parser.context import ParserContext

from seatrial.colours import paint_help
from seatrial.errors import ProjectError, did_you_mean, nearest
from seatrial.redaction import redact
from seatrial.tasks.command import CommandTask
from seatrial.tasks.command_line import (
    HELP,
    SHARED_PARAMETERS,
    CommandLine,
    ReadCommand,
    command_help,
    read_command,
    typed,
)
from seatrial.tasks.console import errors_as_messages, show

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from invoke.program import Program
    from invoke.tasks import Task


IGNORED = ("command-timeout", "dry", "echo", "hide", "prompt-for-sudo-password", "pty", "warn-only")
"""Options of invoke for the shell commands of its tasks, which have no effect on commands of seatrial."""


@functools.cache
def read_invoke_line(program: Program) -> dict[CommandTask, tuple[str, ...]]:
    """Return for each command of seatrial the parameters that are given as words.

    Prints the help of a command if it is requested. Raises `Exit` after that, and for a mistake.
    """
    with errors_as_messages():
        return _read(program)


def as_positional(arguments: list[Argument], names: Sequence[str]) -> list[Argument]:
    """Return the arguments, with those in ``names`` positional; a name that is repeated takes several words."""
    by_name = {argument.name: argument for argument in arguments}
    positional = []
    for number, name in enumerate(names, 1):
        argument = copy.copy(by_name[name])
        if argument.kind is list:
            argument = Argument(names=(f"{name}-{number}",), attr_name=f"{name}_{number}")
        argument.positional, argument.default = True, None
        positional.append(argument)
    positional_names = {argument.name for argument in positional}
    return [*positional, *(argument for argument in arguments if argument.name not in positional_names)]


def dry_refusal(task: CommandTask) -> Exit:
    """Return the error for a command if invoke's configuration says to run nothing."""
    option = ("--dry-run",) if any(parameter.name == "dry_run" for parameter in task.parameters) else ()
    try:
        with errors_as_messages():
            raise ProjectError(
                f"run.dry is set in the configuration of invoke, and {task.name} does not obey it",
                code="OptionIgnored",
                fix=f"unset INVOKE_RUN_DRY, or run.dry in invoke.yaml; then: {typed((task.name, *option))}",
            )
    except Exit as refusal:
        return refusal


def _read(program: Program) -> dict[CommandTask, tuple[str, ...]]:
    collection = program.collection
    names = [name for main, aliases in collection.task_names.items() for name in (main, *aliases)]
    tasks: dict[str, Task[Any]] = {name: collection[name] for name in names}
    typed_words = tuple(program.argv[1:])
    words = typed_words[: typed_words.index("--")] if "--" in typed_words else typed_words
    start = len(words) - len(program.core.unparsed)
    _answer_help(program.args.help.value, tasks)
    core = program.initial_context
    skipped = {name: core.flags[name].takes_value and not core.flags[name].optional for name in core.flag_names()}
    for option in IGNORED:
        for name in core.names_for(f"--{option}"):
            del skipped[name]
    commands = _commands(CommandLine(words, tasks), start, tasks, skipped)
    if commands:
        _require_no_ignored_option(program, words[:start], words[start:], commands[0])
    for command in commands:
        if command.asks_help:
            _answer_help(command.name, tasks)
    words_of: dict[CommandTask, tuple[str, ...]] = {}
    for command in commands:
        if words_of.setdefault(command.task, tuple(command.words)) != tuple(command.words):
            # invoke's parser gets one list of parameters per task.
            raise ProjectError(
                f"invoke takes {command.name} twice only with words for the same parameters",
                code="WordUnexpected",
                fix=f"{typed(words[: command.start])} && {typed(words[command.start :])}",
            )
    return words_of


def _commands(
    line: CommandLine, at: int, tasks: Mapping[str, Task[Any]], skipped: Mapping[str, bool]
) -> list[ReadCommand]:
    """Return the commands of seatrial on a command line of invoke, up to a word that invoke reports itself."""
    commands: list[ReadCommand] = []
    while at < len(line.words):
        word = line.words[at]
        if word.startswith("-"):
            if word.partition("=")[0] not in skipped:
                raise _unknown_option(line, at, skipped)
            at += 1 + skipped.get(word, False)
            continue
        line.require_command(at)
        task = tasks[word]
        if isinstance(task, CommandTask):
            command = read_command(line, at, task, next_commands=tasks, skipped=skipped, takes_dashes=False)
            commands.append(command)
            if command.asks_help:
                break
            at = command.end
        else:
            at = _after_other_task(line.words, at, task)
    return commands


def _unknown_option(line: CommandLine, at: int, flags: Mapping[str, bool]) -> ProjectError:
    """Return the error for an unknown option before a command; the command may have it."""
    flag, _, value = line.words[at].partition("=")
    near = nearest(flag, (name for name in flags if name.startswith("--")))
    after = line.words[at + 1 : at + 2]
    shared = {name: parameter for parameter in SHARED_PARAMETERS for name in parameter.flags}
    if after and after[0] in line.commands and flag in shared:
        fix = line.with_words(at, after[0], line.words[at], instead_of=2)
    else:
        fix = line.with_words(at, near[0] + value) if near else typed((HELP[0],))
    return ProjectError(f"invoke has no option {redact(flag)}{did_you_mean(near)}", code="OptionUnknown", fix=fix)


def _after_other_task(words: Sequence[str], at: int, task: Task[Any]) -> int:
    """Return the index after another task than those of seatrial, and after the words for it."""
    # get_arguments() removes the help texts from a task.
    task_copy = copy.copy(task)
    task_copy.help = dict(task.help)
    context = ParserContext(args=task_copy.get_arguments(ignore_unknown_help=True))
    positional = len(context.positional_args)
    at += 1
    while at < len(words):
        flag, has_value, _ = words[at].partition("=")
        if flag in context.flags:
            at += 2 if context.flags[flag].takes_value and not has_value else 1
        elif flag.startswith("-") or positional:
            positional -= not flag.startswith("-")
            at += 1
        else:
            break
    return at


def _answer_help(name: object, tasks: Mapping[str, Task[Any]]) -> None:
    """Print the help of a command of seatrial. Raises `Exit` then, and `CommandUnknown` if no task has the name."""
    if isinstance(name, str):
        CommandLine(("--help", name), tasks).require_command(1)
    task = tasks.get(name) if isinstance(name, str) else None
    if isinstance(task, CommandTask):
        show(command_help(str(name), task), paint=paint_help)
        raise Exit(code=0)


def _require_no_ignored_option(
    program: Program, before: Sequence[str], after: Sequence[str], command: ReadCommand
) -> None:
    """Raise `OptionIgnored` if an option of invoke is given that seatrial does not obey."""
    ignored = [name for name in IGNORED if program.args[name].value]
    if not ignored:
        return
    flags = {
        flag: program.args[name].takes_value
        for name in ignored
        for flag in program.initial_context.names_for(f"--{name}")
    }
    kept, words = [], iter(before)
    for word in words:
        if flags.get(word):
            next(words, None)
        elif word.startswith("--") or word in flags:
            kept += [] if word.partition("=")[0] in flags else [word]
        else:
            letters = "".join(letter for letter in word[1:] if f"-{letter}" not in flags)
            kept += [f"-{letters}"] if word.startswith("-") and letters else [] if word.startswith("-") else [word]
    can_be_dry = "dry" in ignored and any(parameter.name == "dry_run" for parameter in command.task.parameters)
    at = after.index(command.name) + 1
    raise ProjectError(
        f"{command.name} does not obey --{ignored[0]}, an option of invoke",
        code="OptionIgnored",
        fix=typed((*kept, *after[:at], *(["--dry-run"] if can_be_dry else []), *after[at:])),
    )
