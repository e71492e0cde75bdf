"""The ``seatrial`` command: the invoke face as a program, which needs no tasks.py."""

from __future__ import annotations

import sys
from importlib import metadata

from invoke.program import Program

from seatrial.tasks import ns


def main() -> None:
    """Run what the command line says."""
    program = Program(namespace=ns, name="seatrial", binary="seatrial", version=metadata.version("seatrial"))
    program.run([sys.argv[0], *named(sys.argv[1:])])


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
