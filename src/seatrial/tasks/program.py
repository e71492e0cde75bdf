"""The ``seatrial`` command: the invoke face as a program, which needs no tasks.py."""

from __future__ import annotations

import sys
from importlib import metadata
from pathlib import Path

from invoke.program import Program

from seatrial.tasks import ns
from seatrial.tasks.facing import CHOSEN


def main() -> None:
    """Run what the command line says."""
    folder, words = placed(sys.argv[1:])
    if folder and words[:1] in (["init"], ["new"]):
        # What asks for no pyproject.toml has the flag for itself, or does without.
        words = [*words, f"--project={folder}"]
    CHOSEN.set(Path(folder) if folder else None)
    program = Program(namespace=ns, name="seatrial", binary="seatrial", version=metadata.version("seatrial"))
    program.run([sys.argv[0], *named(words)])


def placed(words: list[str]) -> tuple[str, list[str]]:
    """Return the folder that ``--project`` names, and the words without it.

    It is taken before a task and after it.
    """
    for at, word in enumerate(words[: words.index("--")] if "--" in words else words):
        if word == "--project" and words[at + 1 :]:
            return words[at + 1], [*words[:at], *words[at + 2 :]]
        if word.startswith("--project="):
            return word.partition("=")[2], [*words[:at], *words[at + 1 :]]
    return "", words


def named(words: list[str]) -> list[str]:
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
