"""The nox sessions that the commands of a CI job name."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

EXPRESSION = re.compile(r"\$\{\{(?:(?!\$\{\{).)*?\}\}")
"""What GitHub puts a value in place of."""


def sessions_of(commands: str) -> Iterator[str]:
    """Yield the sessions that ``nox -s`` or ``nox --session`` names in the text of a step."""
    for line in EXPRESSION.sub("$X", commands).replace("\\\n", " ").splitlines():
        words = iter(_words(line))
        for word in words:
            if word == "nox" or word.endswith("/nox"):
                yield from _named(words)


def _words(line: str) -> list[str]:
    """Return the words of a line of shell; its operators are words of their own, comments are none."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        return list(lexer)
    except ValueError:
        return []


def _named(words: Iterator[str]) -> Iterator[str]:
    """Yield the sessions that a command names, and take its words away."""
    is_name = False
    for word in words:
        if word == "--" or not set(word) - set("();<>|&"):
            return
        if word.startswith("-"):
            option, _, value = word.partition("=")
            is_name = option in ("-s", "-e", "--session", "--sessions")
            if is_name and value and "$" not in value:
                yield value
        elif is_name and "$" not in word:
            yield word
