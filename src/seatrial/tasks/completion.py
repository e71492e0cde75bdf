"""The task ``completion``: the scripts that complete a command line of `seatrial` in a shell, and the candidates.

A script passes the words up to the cursor to ``seatrial __complete``, which prints one candidate on each line: the
word, a tab, and its description. ``:files`` and ``:folders`` leave the completion to the shell itself.
"""

# The imports for a value are in its function, because completion has to be fast.
# ruff: noqa: ARG001, PLC0415

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Callable

from seatrial.errors import ProjectError, SeatrialError, did_you_mean, nearest
from seatrial.tasks.command import CommandTask, command
from seatrial.tasks.command_line import HELP, PROJECT, SHARED_PARAMETERS, Parameter, summary, typed
from seatrial.tasks.console import errors_as_messages, project_folder, show

if TYPE_CHECKING:
    from invoke.context import Context

    from seatrial.project.snapshot import ProjectSnapshot


BASH = r"""# For ~/.bashrc: eval "$(seatrial completion bash)"
_seatrial() {
    local line current="${COMP_WORDS[COMP_CWORD]}"
    COMPREPLY=()
    while IFS= read -r line; do
        case "$line" in
            :files|:folders)
                compopt -o filenames 2>/dev/null
                while IFS= read -r line; do
                    COMPREPLY+=("$line")
                done < <(compgen "$([ "$line" = :files ] && echo -f || echo -d)" -- "$current")
                ;;
            *) COMPREPLY+=("${line%%$'\t'*}") ;;
        esac
    done < <("${COMP_WORDS[0]}" __complete "${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null)
}
complete -F _seatrial seatrial"""

ZSH = r"""#compdef seatrial
# For ~/.zshrc, after compinit: eval "$(seatrial completion zsh)"
_seatrial() {
    local line
    local -a candidates
    for line in "${(@f)$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
        case "$line" in
            '') ;;
            :files) _files ;;
            :folders) _files -/ ;;
            *) candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}") ;;
        esac
    done
    (( $#candidates )) && _describe seatrial candidates
}
if [ "$funcstack[1]" = _seatrial ]; then
    _seatrial "$@"
else
    compdef _seatrial seatrial
fi"""

FISH = r"""# For ~/.config/fish/config.fish: seatrial completion fish | source
function __seatrial_complete
    set --local words (commandline --current-process --tokenize --cut-at-cursor)
    set --local current (commandline --current-token --cut-at-cursor)
    for line in ($words[1] __complete $words[2..] "$current" 2>/dev/null)
        switch $line
            case :files
                __fish_complete_path "$current"
            case :folders
                __fish_complete_directories "$current"
            case '*'
                echo $line
        end
    end
end
complete --command seatrial --no-files --arguments '(__seatrial_complete)'"""

SCRIPTS = {"bash": BASH, "zsh": ZSH, "fish": FISH}


@command(words=["shell"], help={"shell": "bash, zsh or fish"})
def completion(context: Context, shell: str) -> None:
    """Print a completion script for bash, zsh or fish.

    Its first line says where to put it.

    Example: seatrial completion bash
    """
    from seatrial.redaction import redact

    with errors_as_messages():
        if shell not in SCRIPTS:
            near = nearest(shell, SCRIPTS)
            raise ProjectError(
                f"unknown shell {redact(shell)!r}" + (did_you_mean(near) or f", only for {', '.join(SCRIPTS)}"),
                code="ValueUnknown",
                fix=typed(("completion", near[0] if near else "bash")),
            )
        show(SCRIPTS[shell])


COMPLETE = "__complete"
"""The command that prints candidates, for the scripts."""

FILES, FOLDERS = ":files", ":folders"
"""Candidates that the shell itself has to complete."""


def candidates(words: Sequence[str], commands: Mapping[str, CommandTask]) -> Iterator[tuple[str, str]]:
    """Yield the candidates for the last word, with their descriptions."""
    *before, current = _joined(words)
    flag, equals, value = current.partition("=") if current.startswith("--") else ("", "", current)
    position = _Position.after(before, commands, flag if equals else "")
    possible: Iterator[tuple[str, str]]
    if position.values_of:
        possible = _values(position.values_of, position.command)
    elif current.startswith("-") and not position.only_words:
        possible, value = _flags(position, commands), current
    else:
        possible = _words(position, commands)
    # bash splits words at "=", and replaces only the part after it.
    prefix = f"{flag}=" if equals and words[-1] == current else ""
    for text, about in possible:
        if text in {FILES, FOLDERS} or text.casefold().startswith(value.casefold()):
            yield (text if text.startswith(":") else f"{prefix}{text}"), about


def _joined(words: Sequence[str]) -> list[str]:
    """Return the words with ``--flag=value`` as one word, which bash splits."""
    joined: list[str] = []
    for word in words or [""]:
        if joined and ((word == "=" and joined[-1].startswith("--")) or joined[-1].endswith("=")):
            joined[-1] += word
        else:
            joined.append(word)
    return joined


@dataclass(frozen=True)
class _Position:
    """The position of a word on a command line.

    ``command``: the command before it; ``values_of``: the parameter whose flag is before it; ``filled``: the parameters
    that have a value; ``only_words``: whether no flags follow (``--``).
    """

    command: str | None = None
    values_of: str | None = None
    filled: tuple[str, ...] = ()
    only_words: bool = False

    @classmethod
    def after(cls, words: Sequence[str], commands: Mapping[str, CommandTask], flag: str) -> _Position:
        """Return the position after some words; ``flag``: that of the word itself, "" if it has none."""
        position, pending = cls(), None
        for word in (*words, *([flag] if flag else [])):
            parameters = _parameters(position.command, commands)
            flags = {name: parameter for parameter in parameters for name in parameter.flags}
            name, equals, _ = word.partition("=")
            parameter = flags.get(name)
            if pending:
                pending = None
            elif word == "--":
                position = replace(position, only_words=True)
            elif parameter and not position.only_words:
                pending = parameter.name if parameter.takes_value and not equals else None
                position = replace(position, filled=(*position.filled, parameter.name))
            elif position.command is None and not word.startswith("-"):
                position = replace(position, command=word)
            elif not word.startswith("-"):
                position = replace(position, filled=(*position.filled, *position.next_word(commands)))
        return replace(position, values_of=pending)

    def next_word(self, commands: Mapping[str, CommandTask]) -> tuple[str, ...]:
        """Return the parameter for a word without a flag, none if all have their values."""
        task = commands.get(self.command or "")
        filled = {*self.filled, *(["part"] if "version" in self.filled else [])}
        unfilled = [name for name in task.words if name not in filled or name in task.iterable] if task else []
        return tuple(unfilled[:1])


def _parameters(command: str | None, commands: Mapping[str, CommandTask]) -> tuple[Parameter, ...]:
    task = commands.get(command or "")
    return (*(task.parameters if task else ()), PROJECT, *SHARED_PARAMETERS)


def _flags(position: _Position, commands: Mapping[str, CommandTask]) -> Iterator[tuple[str, str]]:
    parameters = [
        parameter for parameter in _parameters(position.command, commands) if parameter.name not in position.filled
    ]
    yield from {parameter.flag: parameter.help.removeprefix(f"{parameter.flag}: ") for parameter in parameters}.items()
    yield HELP[0], "print the help of a command"


def _words(position: _Position, commands: Mapping[str, CommandTask]) -> Iterator[tuple[str, str]]:
    """Yield the candidates for a word without a flag."""
    if position.command in {None, "help"}:
        yield from ((name, summary(task)) for name, task in commands.items())
        if position.command is None:
            yield "help", "print the help of a command"
        return
    for name in position.next_word(commands):
        yield from _values(name, position.command)
        if name == "part":
            yield from _values("version", position.command)


def _values(parameter: str, command: str | None) -> Iterator[tuple[str, str]]:
    """Yield the values of a parameter; none if the project cannot be read."""
    values = VALUES.get(parameter)
    if values:
        with contextlib.suppress(SeatrialError, OSError):
            yield from values(command or "")


def _parts(_: str) -> Iterator[tuple[str, str]]:
    from seatrial.project.versions import PART_NAMES

    about = {}
    with contextlib.suppress(SeatrialError, OSError):
        snapshot = _snapshot()
        about = {part: f"{snapshot.current} → {version}" for part, version in snapshot.choices()}
    yield from ((part, about.get(part, "")) for part in PART_NAMES)


def _versions(command: str) -> Iterator[tuple[str, str]]:
    """Yield the released versions, or the next ones for a command that makes a version."""
    snapshot = _snapshot()
    if command in {"publish", "undo", "verify"}:
        yield from ((str(version), tag) for version, tag in sorted(snapshot.released.items(), reverse=True))
    else:
        yield from ((str(version), part) for part, version in snapshot.choices())


def _fragment_types(_: str) -> Iterator[tuple[str, str]]:
    from seatrial.project.changelog import read_changelog
    from seatrial.project.project import Project

    news = read_changelog(Project.from_directory(project_folder()))
    yield from ((kind, "") for kind in (news.kinds if news else ()))


def _codes(_: str) -> Iterator[tuple[str, str]]:
    from seatrial.tasks.explain import read_explanations

    yield from ((code, explanation.title) for code, explanation in read_explanations().items())


def _snapshot() -> ProjectSnapshot:
    from seatrial.tasks.publish import open_project

    return open_project()[1]


VALUES: dict[str, Callable[[str], Iterator[tuple[str, str]]]] = {
    "code": _codes,
    "file": lambda _: iter([(FILES, "")]),
    "index": lambda _: iter([("pypi", ""), ("testpypi", "")]),
    "kind": _fragment_types,
    "part": _parts,
    "project": lambda _: iter([(FOLDERS, "")]),
    "shell": lambda _: iter([(shell, "") for shell in SCRIPTS]),
    "tag": lambda _: ((tag, "") for tag in _snapshot().tags),
    "version": _versions,
}
"""The function that yields the values of a parameter, by its name; its argument is the name of the command."""
