"""Commands of seatrial in messages, as data: a face renders them, because only a face can read how it was called."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

TASK_PLACEHOLDER, PROGRAM_PLACEHOLDER = "\ufdd0", "\ufdd1"
"""What a command in a text begins with, until it is rendered: noncharacters (Unicode, 23.7), which no file contains."""

PLACEHOLDERS = (TASK_PLACEHOLDER, PROGRAM_PLACEHOLDER)

PATTERN = re.compile(r"[\w./-]+/\*", re.ASCII)
"""A pattern that the shell expands, such as ``dist/*``."""


@dataclass(frozen=True, init=False)
class Command:
    """A command of seatrial: ``Command("release", "--part", "minor")``.

    ``words``: the task and its options, or nothing; ``is_program_only``: whether only the program takes it, and invoke
    does not. In a text it is its words behind a placeholder, which ``seatrial.invocation.Invocation.render`` replaces.
    """

    words: tuple[str, ...]
    is_program_only: bool

    def __init__(self, *words: object, program_only: bool = False) -> None:
        object.__setattr__(self, "words", tuple(map(str, words)))
        object.__setattr__(self, "is_program_only", program_only)

    def with_words(self, *words: object) -> Command:
        """Return the command with further words."""
        return Command(*self.words, *words, program_only=self.is_program_only)

    def as_dict(self) -> dict[str, object]:
        """Return it as a JSON object, with its text for a face to render."""
        return {"text": str(self), "program": "seatrial", "words": list(self.words)}

    def __str__(self) -> str:
        """Return it for a text that a face renders."""
        placeholder = PROGRAM_PLACEHOLDER if self.is_program_only else TASK_PLACEHOLDER
        return " ".join((placeholder, *map(quote_word, self.words)))


def quote_word(word: str) -> str:
    """Return a word as a POSIX shell takes it; a pattern stays one."""
    return word if PATTERN.fullmatch(word) else shlex.quote(word)
