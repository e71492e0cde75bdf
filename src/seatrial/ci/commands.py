"""What the commands of a CI job do, recognised in their text: which nox sessions they run, and whether they upload."""

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


def followed_by(name: str, first: str, rest: str, *, ends: str = r"\n") -> str:
    r"""Return a pattern for ``first`` with ``rest`` after it in the same stretch of text.

    ``name``: that of a group, which no other has; ``ends``: the signs that end a stretch, as in ``[…]``. ``.*`` between
    the two would be searched anew from each ``first``: here it is from the first of a stretch alone, which finds as
    much. Python has atomic groups since 3.11 only; a lookahead and a reference to it are the same.
    """
    inside = f"[^{ends}]"
    return rf"(?<!{inside})(?=(?P<{name}>{inside}*?{first}))(?P={name}){inside}*{rest}"


UPLOAD_TOOLS = "uv|hatch|poetry|flit|pdm|maturin|seatrial|invoke|inv"
PUBLISHES = re.compile(
    "gh-action-pypi-publish|"
    + followed_by("twine", r"\btwine\b", r"\bupload\b")
    + "|"
    + followed_by("tool", rf"\b(?:{UPLOAD_TOOLS})\b", r"\s(?:publish|upload)\b", ends=r"|&;\n")
)
"""What a step that uploads has in ``uses`` or in ``run``."""

PASSWORD_IN_COMMAND = re.compile(r"\s(-p|--password|--token|-a|--auth)[ =]\S")
"""The option of such a command that hands a stored password over."""

UPLOAD_ADDRESS = re.compile(r"(?:--repository-url|--publish-url)[ =][\"']?(https?://[^\s\"']+)")
"""What a command is told to upload to."""

UPLOADS_TO_TESTPYPI = re.compile(
    r"\s(?:--repository|-r|--index|--publish-repository)[ =][\"']?test-?pypi\b", re.IGNORECASE
)
"""What a command is told to upload to TestPyPI with."""
