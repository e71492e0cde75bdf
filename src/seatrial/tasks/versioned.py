"""A task that takes a version as its first word: ``invoke verify 1.5.0``, and without it, ``invoke verify``."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any, Callable

from invoke.tasks import Task

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from invoke.parser.argument import Argument

NUMBER = re.compile(r"[vV]?\d")
"""What a version begins with, and no task."""


class Versioned(Task[Callable[..., Any]]):
    """A task whose parameter ``version`` can be given by position, and can be left out.

    invoke knows none that can be both: its parser takes a word for a positional parameter only while that is None, and
    a parameter that is None in the end is an error (``ParserContext.missing_positional_args``). So it is positional
    when the command line has the word, and an option when it has not.
    """

    def get_arguments(self, ignore_unknown_help: bool | None = None) -> list[Argument]:  # noqa: FBT001 - as invoke calls it
        """Return the parameters as invoke's parser takes them."""
        found = super().get_arguments(ignore_unknown_help)
        if any(NUMBER.match(word) for word in first_words(self.name, found, sys.argv[1:])):
            named = next(one for one in found if one.name == "version")
            named.positional, named.default = True, None
        return found


def first_words(task: str, known: Sequence[Argument], words: Sequence[str]) -> Iterator[str]:
    """Yield the first word after each mention of a task that is neither an option of it nor the value of one."""
    valued = {f"-{name}" if len(name) == 1 else f"--{name}" for one in known if one.takes_value for name in one.names}
    for start, mentioned in enumerate(words, 1):
        if mentioned.rpartition(".")[2] != task:
            continue
        rest = iter(words[start:])
        for word in rest:
            if word in valued:
                next(rest, "")
            elif not word.startswith("-"):
                yield word
                break
