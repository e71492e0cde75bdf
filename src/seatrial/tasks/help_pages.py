"""The help pages: all commands in groups, or one command with its options."""

from __future__ import annotations

import inspect
import re
import shutil
import textwrap
from typing import TYPE_CHECKING

from seatrial.commands import Command
from seatrial.tasks.command_line import SHARED_PARAMETERS, metavar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from seatrial.tasks.command import CommandTask
    from seatrial.tasks.command_line import Parameter


NARROWEST, WIDEST = 60, 100
"""The width of a help page, in columns."""

EXAMPLE = re.compile(r"\bExample: (?:invoke|seatrial) (?P<words>.+)\Z", re.DOTALL)
"""How the docstring of a command ends."""

HELP_ROW = ("-h, --help", "print this help")


def command_help(name: str, task: CommandTask, shared: Sequence[Parameter] = SHARED_PARAMETERS) -> str:
    """Return the help of one command: usage, description, arguments, options and an example.

    ``shared``: the parameters of every command.
    """
    text = inspect.cleandoc(task.__doc__ or "")
    example = EXAMPLE.search(text)
    paragraphs = EXAMPLE.sub("", text).split("\n\n")
    width = _width()
    about = [textwrap.fill(" ".join(paragraph.split()), width) for paragraph in paragraphs if paragraph.strip()]
    names = {*task.words, *(["version"] if "part" in task.words else [])}
    words = [parameter for parameter in task.parameters if parameter.name in names]
    options = [parameter for parameter in task.parameters if parameter not in words or parameter.default is not None]
    parts = [f"Usage: {Command(name)}{_usage(task)}", *about]
    if words:
        parts.append(_section("Arguments", [(metavar(word), word.help) for word in words], width))
    parts.append(_section("Options", [*(_option(option, words) for option in options), HELP_ROW], width))
    parts.append(f"Options of every command: {', '.join(parameter.short or parameter.flag for parameter in shared)}")
    if example:
        parts.append(f"Example:\n  {Command()} {' '.join(example['words'].split())}")
    return "\n\n".join(parts)


def overview(
    groups: Mapping[str, Mapping[str, CommandTask]], shared: Sequence[Parameter], others: Sequence[tuple[str, str]]
) -> str:
    """Return the help of the program: its commands in groups, a line each, and its options.

    ``shared``: the parameters of every command; ``others``: further options, with their descriptions.
    """
    width = _width()
    rows = {title: [(name, summary(task)) for name, task in commands.items()] for title, commands in groups.items()}
    options = [*(_option(parameter, ()) for parameter in shared), *others, HELP_ROW]
    column = max(len(name) for table in rows.values() for name, _ in table)
    return "\n\n".join(
        [
            f"Usage: {Command(program_only=True)} [OPTIONS] COMMAND ...",
            *(_section(title, table, width, column) for title, table in rows.items()),
            _section("Options", options, width, column),
            f"The options of a command, and an example: {Command('COMMAND', '--help', program_only=True)}",
        ]
    )


def summary(task: CommandTask) -> str:
    """Return the first sentence about a command."""
    return inspect.cleandoc(task.__doc__ or "").partition("\n")[0]


def _usage(task: CommandTask) -> str:
    """Return the words and options in the usage line of a command."""
    parameters = {parameter.name: parameter for parameter in task.parameters}
    words = ""
    for name in task.words:
        parameter = parameters[name]
        word = metavar(parameter)
        if name == "part":
            word = f"{word} | {metavar(parameters['version'])}"
        if parameter.takes_many:
            word = f"{word} ..."
        words += f" {word}" if parameter.default is None else f" [{word}]"
    return f"{words} [OPTIONS]"


def _option(parameter: Parameter, words: Sequence[Parameter]) -> tuple[str, str]:
    """Return an option and its description, with the default."""
    flag = f"{parameter.short}, {parameter.flag}" if parameter.short else f"    {parameter.flag}"
    if parameter.takes_value:
        flag = f"{flag} {metavar(parameter)}"
    if parameter in words:
        return flag, f"the same as {metavar(parameter)}"
    text = parameter.help.partition(f"{parameter.flag}: ")[2] or parameter.help
    default = f" (default: {parameter.default})" if parameter.takes_value and parameter.default else ""
    return flag, f"{text}{default}"


def _section(title: str, rows: Iterable[tuple[str, str]], width: int, column: int = 0) -> str:
    """Return a title and a table of two columns; the second is wrapped, ``column`` is the least width of the first."""
    table = list(rows)
    column = max(column, *(len(name) for name, _ in table))
    indent = " " * (column + 4)
    lines = [
        textwrap.fill(text, width, initial_indent=f"  {name:{column}}  ", subsequent_indent=indent)
        for name, text in table
    ]
    return "\n".join([f"{title}:", *(line.rstrip() for line in lines)])


def _width() -> int:
    return min(max(shutil.get_terminal_size().columns, NARROWEST), WIDEST)
