"""The ``seatrial`` command: the tasks as a program, which needs no tasks.py."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

from invoke.program import Program

from seatrial.invocation import split_project_option
from seatrial.tasks import ns
from seatrial.tasks.console import PROJECT_OPTION


def main() -> None:
    """Run what the command line says."""
    folder, words = split_project_option(sys.argv[1:])
    if folder and words[:1] in (["init"], ["new"]):
        # What asks for no pyproject.toml has the flag for itself, or does without.
        words = [*words, f"--project={folder}"]
    PROJECT_OPTION.set(Path(folder) if folder else None)
    program = Program(namespace=ns, name="seatrial", binary="seatrial", version=metadata.version("seatrial"))
    program.run([sys.argv[0], *as_invoke_words(words)])


def as_invoke_words(words: list[str]) -> list[str]:
    """Return the words of a command line as invoke takes them.

    It knows no list of words, as in ``check FILES…``.
    """
    if words[:1] != ["check"]:
        return words
    given: list[str] = []
    for word in words[1:]:
        after_flag = bool(given) and given[-1] in {"--file", "-f"}
        given.append(word if word.startswith("-") or after_flag else f"--file={word}")
    return ["check", *(word for word in given if word != "--")]
