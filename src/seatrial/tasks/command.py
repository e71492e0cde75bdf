"""A command of seatrial: a task of invoke whose parameters can be given as words without a flag.

The `seatrial` program reads a command line itself. Under ``invoke`` the commands are tasks of a project, next to its
own; invoke reads the command line then, and has no hook before its parser. But it reads the parameters of every task
right before the words for the tasks, so the line is read here first, to report mistakes as `seatrial` does: an `Exit`
that is raised then becomes a message and an exit code. invoke itself reports mistakes in its own options and in those
of other tasks.
"""

from __future__ import annotations

import copy
import functools
import inspect
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property, partial
from itertools import count
from typing import TYPE_CHECKING, Any, Callable

from invoke.exceptions import Exit
from invoke.parser.argument import Argument
from invoke.parser.context import ParserContext
from invoke.tasks import Task, task

from seatrial.errors import ProjectError, did_you_mean, nearest
from seatrial.redaction import redact
from seatrial.tasks.command_line import (
    HELP,
    SHARED_PARAMETERS,
    SHORT,
    CommandLine,
    Parameter,
    ReadCommand,
    command_help,
    read_command,
    typed,
)
from seatrial.tasks.console import PRESENTATION, Presentation, errors_as_messages, show
from seatrial.terminal import paint_help

if TYPE_CHECKING:
    from invoke.program import Program


SHARED = Presentation._fields
"""The flags that every command takes."""


class CommandTask(Task[Callable[..., Any]]):
    """A task whose parameters ``words`` can be given as words without a flag, in this order.

    A word for ``part`` that begins like a version is taken for ``version``.
    """

    def __init__(self, body: Callable[..., Any], *, words: Iterable[str] = (), **options: Any) -> None:
        """``options``: those of invoke's tasks."""
        self.words = tuple(words)
        self._texts = {name.replace("-", "_"): text for name, text in (options.get("help") or {}).items()}
        super().__init__(body, auto_shortflags=False, **options)

    @cached_property
    def parameters(self) -> tuple[Parameter, ...]:
        """The parameters of the command, in their order."""
        empty = inspect.Parameter.empty
        parameters = list(inspect.signature(self.body).parameters.values())[1:]
        defaults = {parameter.name: parameter.default for parameter in parameters}
        return tuple(
            Parameter(
                name=name,
                default=() if name in self.iterable else None if default is empty else default,
                help=self._texts.get(name, ""),
                takes_many=name in self.iterable,
            )
            for name, default in defaults.items()
        )

    @cached_property
    def _arguments(self) -> list[Argument]:
        # invoke removes the help texts from the task, so this can be called only once.
        arguments = super().get_arguments()
        for argument in arguments:
            if argument.name in SHORT:
                argument.names = (*argument.names, SHORT[argument.name])
        return arguments

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:  # noqa: ARG002, FBT001 - as invoke calls it
        """Return the parameters as invoke's parser takes them.

        invoke has no optional positional parameters: its parser takes a word only for a parameter whose value is None,
        and reports one that is None in the end (``ParserContext.missing_positional_args``). So a parameter is
        positional only if the command line has a word for it.
        """
        program = _invoke_with_words()
        if program is None:
            return self._arguments
        # Loaded here because a listing does not need it.
        arguments = [*self._arguments, *map(_flag_argument, SHARED)]
        return as_positional(arguments, read_invoke_line(program).get(self, ()))

    def __call__(self, *args: Any, **values: Any) -> Any:
        """Run the command with a context, as invoke calls a task. Raises `Exit` if invoke is to run nothing."""
        if args[0].config.get("run", {}).get("dry"):
            # Loaded here because only a mistake needs it.
            raise dry_refusal(self)
        for parameter in self.parameters:
            if parameter.takes_many:
                names = (f"{parameter.name}_{number}" for number in count(1))
                values[parameter.name] = [*values.get(parameter.name, ()), *_taken(values, names)]
        PRESENTATION.set(Presentation(**{name: values.pop(name, False) for name in SHARED}))
        return super().__call__(*args, **values)


command = partial(task, klass=CommandTask)
"""Makes a command of a function, as ``invoke.tasks.task`` makes a task."""


def _flag_argument(name: str) -> Argument:
    """Return a flag as invoke's parser takes it."""
    dashed = name.replace("_", "-")
    names = (dashed, SHORT[name]) if name in SHORT else (dashed,)
    return Argument(names=names, kind=bool, default=False, attr_name=name if name != dashed else None)


def _taken(values: dict[str, Any], names: Iterable[str]) -> Iterable[Any]:
    """Remove values by their names, up to the first name that is missing, and yield them."""
    for name in names:
        if name not in values:
            return
        yield values.pop(name)


def _invoke_with_words() -> Program | None:
    """Return invoke's own program if it runs and its command line names a task, else None."""
    program: Program | None = getattr(sys.modules.get("invoke.main"), "program", None)
    try:
        return program if program and (program.core.unparsed or program.args.help.value) else None
    except AttributeError:
        # It is loaded, but does not run.
        return None


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
