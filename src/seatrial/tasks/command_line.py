"""Reads the words of a command line that belong to one command.

The `seatrial` program and ``invoke`` share it. Every mistake is reported with the corrected command line.

The help pages: all commands in groups, or one command with its options.
"""

from __future__ import annotations

import inspect
import itertools
import re
import shutil
import textwrap
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from seatrial.commands import NOX, Command
from seatrial.errors import CLOSE_CODE, ProjectError, ReleaseError, SeatrialError, did_you_mean, nearest
from seatrial.redaction import redact

if TYPE_CHECKING:
    from seatrial.tasks.command import CommandTask


SHORT = {"part": "p", "yes": "y", "dry_run": "n", "quiet": "q", "verbose": "v"}
"""The parameters that have a flag of one letter, the same in every command."""


HELP = ("--help", "-h")

METAVARS = {
    "limit": "SECONDS",
    "wait": "SECONDS",
    "project": "FOLDER",
    "remote": "ADDRESS",
    "issue": "NUMBER",
    "run": "NUMBER",
    "attempt": "NUMBER",
    "explain": "TAG",
    "why": "TEXT",
    "description": "TEXT",
    "new_name": "NAME",
    "kind": "TYPE",
    "python": "VERSION",
    "index": "INDEX",
}
"""The names of values on a help page, where they differ from the name of the parameter."""

SAMPLES = {"part": "minor", "index": "testpypi", "limit": "600", "shell": "bash"}
"""Values for a corrected command line that lacks one."""

VERSION = re.compile(r"[vV]?\d")
"""How a version begins, and no part does."""

NAMES_ELSEWHERE = {
    "release --dry-run": "dry-run plan",
    "preflight": "doctor precheck prepare validate",
    "rehearse": "simulate try",
    "release": "finalize ship",
    "release --resume": "continue finish resume",
    "publish": "deploy upload",
    "undo": "delete revert rollback unpublish yank",
    "news": "add create entry fragment note",
    "bump": "bumpversion increment raise",
    "status": "current info log show state",
    "changelog": "changes notes",
    "new": "generate scaffold startproject",
    "init": "adopt install setup",
    "init --remove": "uninstall",
    "check": "audit twine",
    "explain": "doc docs man",
    "--help": "commands list ls",
    "--version": "version",
    "nox": "run sessions",
    "nox -s tests": "pytest test tests",
    "nox -s lint": "fmt format lint ruff",
    "nox -s mypy": "mypy typecheck types typing",
    "nox -s build": "build dist sdist wheel",
}
"""For a command, the words that other tools have for it."""

FLAG = re.compile(r"--?[A-Za-z][\w-]*(=.*)?", re.DOTALL)
"""A flag; any other word that begins with a dash is a text or a number."""


@dataclass(frozen=True)
class Parameter:
    """A parameter of a command: ``name`` as in Python; ``default`` is None if a value is required."""

    name: str
    default: Any
    help: str = ""
    takes_many: bool = False

    @property
    def takes_value(self) -> bool:
        """Whether a value follows the flag."""
        return not isinstance(self.default, bool)

    @property
    def flag(self) -> str:
        """The flag that a help page shows: ``--no-tests`` for a parameter that is true by default."""
        return f"--no-{self._dashed}" if self.default is True else f"--{self._dashed}"

    @property
    def short(self) -> str | None:
        """The flag of one letter, or None."""
        return f"-{SHORT[self.name]}" if self.name in SHORT else None

    @property
    def flags(self) -> dict[str, bool]:
        """Every flag of the parameter, with the value that it sets where it takes none."""
        negative = {self.flag: False} if self.default is True else {}
        return {**negative, f"--{self._dashed}": True, **({self.short: True} if self.short else {})}

    @property
    def _dashed(self) -> str:
        return self.name.replace("_", "-")


SHARED_PARAMETERS = (
    Parameter("quiet", default=False, help="print only results and errors"),
    Parameter("verbose", default=False, help="print the output of tools too"),
    Parameter("no_color", default=False, help="print without colours"),
)
"""The parameters that every command has."""

PROJECT = Parameter(
    "project", default="", help="the folder with the pyproject.toml; without it, this folder or the nearest above it"
)
"""The parameter that every command of the program has, and no task of invoke."""


@dataclass(frozen=True)
class CommandLine:
    """All words after the program; ``commands``: the commands of the program, by name."""

    words: tuple[str, ...]
    commands: Mapping[str, object]

    def with_words(self, at: int, *others: str, instead_of: int = 1) -> Command:
        """Return the command line with other words at an index."""
        return typed((*self.words[:at], *others, *self.words[at + instead_of :]))

    def require_command(self, at: int) -> None:
        """Raise `CommandUnknown` unless the word at an index names a command."""
        word = self.words[at]
        if word in self.commands:
            return
        near = _commands_near(word, self.commands)
        raise ProjectError(
            f"unknown command {redact(word)!r}{did_you_mean(near)}",
            code="CommandUnknown",
            fix=self._with_command(at, near[0]) if near else Command("--help"),
        )

    def _with_command(self, at: int, suggestion: str) -> str | Command:
        """Return the line with the command that is meant, and the words after it if the command takes them."""
        name, *options = suggestion.split()
        task = self.commands.get(name)
        if name == "nox":
            return suggestion.replace(name, NOX, 1)
        if name.startswith("-"):
            return Command(name, program_only=True)
        if not hasattr(task, "parameters"):
            # A task of the project.
            return self.with_words(at, suggestion)
        fix: str | Command = ""
        for following in (self.words[at + 1 :], ()):
            line = CommandLine((*self.words[:at], name, *options, *following), self.commands)
            try:
                read_command(line, at, cast("CommandTask", task))
            except SeatrialError as error:
                fix = error.fix
            else:
                return typed(line.words)
        return fix


def _commands_near(word: str, commands: Collection[str]) -> tuple[str, ...]:
    """Return the commands that a word may mean, also to a user of other tools; a part means its release."""
    # Loaded here because only a mistake needs it.
    from seatrial.project.versions import is_part  # noqa: PLC0415

    if is_part(word) or VERSION.match(word):
        return (f"release {word}",)
    suggestions = {name: command for command, names in NAMES_ELSEWHERE.items() for name in names.split()}
    if word.casefold() in suggestions:
        return (suggestions[word.casefold()],)
    # Few people type a command of CI.
    usual = [name for name in commands if word.startswith("ci") or not name.startswith("ci.")]
    elsewhere = (suggestions[name] for name in nearest(word, suggestions, CLOSE_CODE))
    return nearest(word, usual) or tuple(dict.fromkeys(elsewhere))


def typed(words: Sequence[str]) -> Command:
    """Return a command of words that were typed after the program, with secrets masked."""
    return Command(*map(redact, words))


@dataclass
class ReadCommand:
    """A command on a command line.

    ``values``: those of the parameters that are given; ``words``: the parameters that are given without a flag, in
    their order; ``start`` and ``end``: the indexes of its name and of the first word after it.
    """

    name: str
    task: CommandTask
    values: dict[str, Any] = field(default_factory=dict)
    words: list[str] = field(default_factory=list)
    asks_help: bool = False
    start: int = 0
    end: int = 0


def read_command(
    line: CommandLine,
    at: int,
    task: CommandTask,
    *,
    shared: Sequence[Parameter] = SHARED_PARAMETERS,
    next_commands: Collection[str] = (),
    skipped: Mapping[str, bool] | None = None,
    takes_dashes: bool = True,
) -> ReadCommand:
    """Read the command whose name is at the index ``at``, and the words after it.

    ``shared``: the parameters of every command; ``next_commands``: words that end the command, if the program runs
    several; ``skipped``: flags of the program, and whether a value follows; ``takes_dashes``: whether a
    word may begin with a dash. Raises `OptionUnknown`, `ValueMissing`, `ValueUnknown`, `WordUnexpected` or
    `PartUnknown`.
    """
    command = ReadCommand(line.words[at], task, start=at)
    reader = _Reader(
        line, command, (*shared, *task.parameters), next_commands, skipped or {}, takes_dashes=takes_dashes
    )
    return reader.read(at + 1)


class _Reader:
    """Reads one command, a word at a time."""

    def __init__(
        self,
        line: CommandLine,
        command: ReadCommand,
        parameters: Sequence[Parameter],
        next_commands: Collection[str],
        skipped: Mapping[str, bool],
        *,
        takes_dashes: bool,
    ) -> None:
        self._line = line
        self._command = command
        self._next_commands = next_commands
        self._skipped = skipped
        self._takes_dashes = takes_dashes
        self._parameters = {parameter.name: parameter for parameter in parameters}
        self._flags = {flag: parameter for parameter in parameters for flag in parameter.flags}

    def read(self, at: int) -> ReadCommand:
        """Read the words from an index on."""
        words, are_only_words = self._line.words, False
        if self._asks_help(at):
            self._command.asks_help = True
            return self._command
        while at < len(words):
            word = words[at]
            flag, has_value, value = word.partition("=")
            if word == "--" and not are_only_words:
                are_only_words = True
                at += 1
            elif are_only_words or not FLAG.fullmatch(word):
                if word in self._next_commands and not self._needs_word():
                    break
                self._take_word(at)
                at += 1
            elif word in HELP:
                self._command.asks_help = True
                return self._command
            elif flag in self._skipped and flag not in self._flags:
                at += 2 if self._skipped[flag] and not has_value else 1
            elif word.startswith("--"):
                at = self._take_flag(at, flag, has_value, value)
            else:
                at = self._take_letters(at)
        self._command.end = at
        self._require_all()
        return self._command

    def _asks_help(self, at: int) -> bool:
        """Whether help is requested, which makes mistakes irrelevant."""
        ends = {"--", *self._next_commands}
        following = itertools.takewhile(lambda word: word not in ends, self._line.words[at:])
        return any(word in HELP for word in following)

    def _take_flag(self, at: int, flag: str, has_value: str, value: str) -> int:
        """Take a flag, and return the index after its value; ``has_value``: "=" if the word has the value, else ""."""
        parameter = self._flags.get(flag)
        if parameter is None:
            raise self._unknown_flag(at, flag, has_value + value)
        if not parameter.takes_value:
            if has_value:
                fix = self._line.with_words(at, flag)
                raise ProjectError(f"{flag} takes no value", code="ValueUnknown", fix=fix)
            self._set(parameter, parameter.flags[flag], at)
            return at + 1
        if has_value:
            self._set(parameter, value, at)
            return at + 1
        following = self._line.words[at + 1 : at + 2]
        if not following or FLAG.fullmatch(following[0]):
            fix = self._line.with_words(at, self._line.words[at], sample_value(parameter))
            raise ProjectError(f"{flag} needs a value", code="ValueMissing", fix=fix)
        self._set(parameter, following[0], at, length=2)
        return at + 2

    def _take_letters(self, at: int) -> int:
        """Take flags of one letter, which may be written together: ``-yn``, or with a value ``-ypminor``."""
        word = self._line.words[at]
        for place, letter in enumerate(word[1:], 1):
            flag, value = f"-{letter}", word[place + 1 :]
            parameter = self._flags.get(flag)
            if parameter is None:
                raise self._unknown_flag(at, flag, "")
            if parameter.takes_value or value.startswith("="):
                return self._take_flag(at, flag, value and "=", value.removeprefix("="))
            self._set(parameter, parameter.flags[flag], at)
        return at + 1

    def _take_word(self, at: int) -> None:
        word = self._line.words[at]
        for name in self._command.task.words:
            if name == "part" and word in self._line.commands:
                break
            parameter = self._parameters["version" if name == "part" and VERSION.match(word) else name]
            if parameter.takes_many or parameter.name not in self._command.values:
                if word.startswith("-") and not self._takes_dashes:
                    raise ProjectError(
                        f"invoke takes {redact(word)!r} for an option",
                        code="WordUnexpected",
                        fix=self._line.with_words(at, f"{parameter.flag}={word}"),
                    )
                self._set(parameter, word, at)
                self._command.words.append(parameter.name)
                return
        raise self._unexpected_word(at)

    def _set(self, parameter: Parameter, value: Any, at: int, *, length: int = 1) -> None:
        """Set a parameter to the value that ``length`` words from the index ``at`` on give."""
        values, name = self._command.values, parameter.name
        if isinstance(value, str) and not value.strip():
            raise self._empty_value(parameter, at, length)
        if parameter.takes_many:
            values.setdefault(name, []).append(value)
            return
        if parameter.takes_value and isinstance(parameter.default, int):
            value = self._number(parameter, value, at, length)
        if name == "part":
            self._require_part(value, at, length)
        if name == "version":
            self._require_version(value, at, length)
        if values.setdefault(name, value) != value:
            raise ProjectError(
                f"{parameter.flag} is given twice: {redact(str(values[name]))} and {redact(str(value))}",
                code="ValueUnknown",
                fix=self._line.with_words(at, instead_of=length),
            )

    def _with_value(self, at: int, length: int, value: str) -> Command:
        """Return the command line with another value of a parameter, given in the same way."""
        word = self._line.words[at]
        flag = [word.rstrip().partition("=")[0]] if FLAG.fullmatch(word) else []
        return self._line.with_words(at, *flag, value, instead_of=length)

    def _empty_value(self, parameter: Parameter, at: int, length: int) -> SeatrialError:
        """Return the error about a value of blanks, such as that of a variable of the shell that is not set."""
        is_flag = self._line.words[at].startswith("-")
        name = f"{parameter.flag} needs a value" if is_flag else f"{self._command.name} needs {metavar(parameter)}"
        return ProjectError(
            f"{name}, and was given an empty text",
            code="ValueMissing",
            fix=self._with_value(at, length, sample_value(parameter)),
        )

    def _number(self, parameter: Parameter, value: str, at: int, length: int) -> int:
        if value.isascii() and value.isdecimal():
            return int(value)
        raise ProjectError(
            f"{parameter.flag} needs a number, not {redact(value)!r}",
            code="ValueUnknown",
            fix=self._line.with_words(at, parameter.flag, "1", instead_of=length),
        )

    def _require_part(self, part: str, at: int, length: int) -> None:
        # Loaded here because few commands have a part, and it loads packaging.
        from seatrial.project.versions import PART_NAMES, is_part  # noqa: PLC0415

        if is_part(part):
            return
        if VERSION.match(part):
            raise ReleaseError(
                f"{redact(part)!r} is a version, and no part of one",
                code="PartUnknown",
                fix=self._line.with_words(at, "--version", part, instead_of=length),
            )
        near = nearest(part, PART_NAMES)
        at += length - 1
        before = self._line.words[at][: -len(part)]
        raise ReleaseError(
            f"unknown part {redact(part)!r}{did_you_mean(near) or ': choose from ' + ', '.join(PART_NAMES)}",
            code="PartUnknown",
            fix="; or ".join(str(self._line.with_words(at, before + name)) for name in near or (SAMPLES["part"],)),
        )

    def _require_version(self, version: str, at: int, length: int) -> None:
        # Loaded here for the same reason.
        from seatrial.project.versions import VERSION_EXAMPLES, is_part, parse_version  # noqa: PLC0415

        try:
            parse_version(version)
        except ReleaseError as error:
            if "part" in self._parameters and is_part(version):
                error.fix = str(self._line.with_words(at, "--part", version, instead_of=length))
            else:
                error.fix = f"{self._with_value(at, length, 'VERSION')}, such as {VERSION_EXAMPLES}"
            raise

    def _needs_word(self) -> bool:
        """Whether a required word is missing: then the name of a command is taken for that word."""
        names = self._command.task.words
        return any(self._parameters[name].default is None and name not in self._command.values for name in names)

    def _unknown_flag(self, at: int, flag: str, value: str) -> SeatrialError:
        flags = (*self._flags, *self._skipped, HELP[0])
        near = nearest(flag, (name for name in flags if name.startswith("--"))) if flag.startswith("--") else ()
        return ProjectError(
            f"{self._command.name} has no option {redact(flag)}{did_you_mean(near)}",
            code="OptionUnknown",
            fix=self._line.with_words(at, near[0] + value) if near else typed((self._command.name, HELP[0])),
        )

    def _unexpected_word(self, at: int) -> SeatrialError:
        word, name, words = self._line.words[at], self._command.name, self._line.words
        if word in self._line.commands:
            fix = f"{typed(words[:at])} && {typed(words[at:])}"
            return ProjectError(f"{name} and {word} are two commands", code="WordUnexpected", fix=fix)
        near = [flag for flag in (f"--{word}",) if flag in self._flags]
        return ProjectError(
            f"{name} does not take {redact(word)!r}{did_you_mean(near)}",
            code="WordUnexpected",
            fix=self._line.with_words(at, *near),
        )

    def _require_all(self) -> None:
        """Raise `ValueMissing` if a required value is missing."""
        values = self._command.values
        if values.get("quiet") and values.get("verbose"):
            raise ProjectError(
                "--quiet and --verbose exclude each other",
                code="ValueUnknown",
                fix=typed((self._command.name, "--verbose")),
            )
        missing = [
            parameter
            for parameter in self._parameters.values()
            if parameter.default is None and parameter.name not in values
        ]
        if missing:
            raise ProjectError(
                f"{self._command.name} needs {' and '.join(map(metavar, missing))}",
                code="ValueMissing",
                fix=typed((*self._line.words[: self._command.end], *map(sample_value, missing))),
            )


def metavar(parameter: Parameter) -> str:
    """Return the name of a parameter's value on a help page."""
    return METAVARS.get(parameter.name, parameter.name.upper().replace("_", "-"))


def sample_value(parameter: Parameter) -> str:
    """Return a value for a corrected command line that lacks one."""
    return SAMPLES.get(parameter.name, metavar(parameter))


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
