"""Counts the work of a regular expression: how often a search looks at a character of a text.

A matcher of its own goes through the parsed pattern as that of Python does, by backtracking, without its shortcuts. Its
count is the same on every machine, unlike a time.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

from seatrial.redaction import TOKEN, USER, USER_AND_PASSWORD

if TYPE_CHECKING:
    from collections.abc import Iterator


if TYPE_CHECKING:
    from collections.abc import Iterator

with warnings.catch_warnings():
    # The modules are called re._parser and re._constants since Python 3.11, and typed under their old names alone.
    warnings.simplefilter("ignore", DeprecationWarning)
    import sre_constants as codes
    import sre_parse as parser


class WorkCounter:
    """``count``: how many characters a search for ``pattern`` has looked at, each as often as it was looked at."""

    def __init__(self, pattern: str) -> None:
        parsed: Any = parser.parse(pattern)
        self.items: tuple[Any, ...] = tuple(parsed)
        self.count = 0

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Return where the pattern matches, as `re.finditer` does."""
        spans, start = [], 0
        while start <= len(text):
            end = next(self._ends(self.items, text, start), None)
            if end is None:
                start += 1
                continue
            spans.append((start, end))
            start = max(end, start + 1)
        return spans

    def _ends(self, items: tuple[Any, ...], text: str, place: int) -> Iterator[int]:
        """Yield the ends of the matches of parsed items at a place, the preferred one first."""
        if not items:
            yield place
            return
        (code, value), following = items[0], items[1:]
        if code in (codes.LITERAL, codes.NOT_LITERAL, codes.ANY, codes.IN):
            self.count += 1
            if place < len(text) and _is_in(code, value, text[place]):
                yield from self._ends(following, text, place + 1)
        elif code is codes.BRANCH:
            for branch in value[1]:
                yield from self._ends((*branch, *following), text, place)
        elif code is codes.SUBPATTERN:
            yield from self._ends((*value[-1], *following), text, place)
        elif code is codes.MAX_REPEAT:
            yield from self._repeated(value, following, text, place)
        elif code is codes.AT:
            yield from self._ends(following, text, place) if _is_boundary(value, text, place) else ()
        elif code in (codes.ASSERT, codes.ASSERT_NOT):
            direction, inner = value
            start = place if direction > 0 else place - inner.getwidth()[0]
            matches = start >= 0 and next(self._ends(tuple(inner), text, start), None) is not None
            yield from self._ends(following, text, place) if matches is (code is codes.ASSERT) else ()
        else:
            raise NotImplementedError(code)

    def _repeated(
        self, value: tuple[int, int, Any], following: tuple[Any, ...], text: str, place: int
    ) -> Iterator[int]:
        """Yield the ends of a repetition of something that has always the same width, and of what follows it."""
        least, most, inner = value
        width = inner.getwidth()
        assert width[0] == width[1] > 0, "only what has a width of its own can be gone back over"
        number = 0
        while number < most and next(self._ends(tuple(inner), text, place + number * width[0]), None) is not None:
            number += 1
        for tried in range(number, least - 1, -1):
            yield from self._ends(following, text, place + tried * width[0])


def _is_in(code: Any, value: Any, sign: str) -> bool:
    if code is codes.ANY:
        return sign != "\n"
    if code is codes.LITERAL:
        return ord(sign) == int(value)
    if code is codes.NOT_LITERAL:
        return ord(sign) != int(value)
    is_negated = value[0][0] is codes.NEGATE
    return is_negated != any(_is_in_class(kind, inner, sign) for kind, inner in value)


def _is_in_class(code: Any, value: Any, sign: str) -> bool:
    if code is codes.RANGE:
        return int(value[0]) <= ord(sign) <= int(value[1])
    if code is codes.CATEGORY:
        categories = {
            codes.CATEGORY_DIGIT: sign.isdecimal(),
            codes.CATEGORY_SPACE: sign.isspace(),
            codes.CATEGORY_NOT_SPACE: not sign.isspace(),
        }
        return categories[value]
    return code is codes.LITERAL and ord(sign) == int(value)


def _is_boundary(value: Any, text: str, place: int) -> bool:
    assert value is codes.AT_BOUNDARY, value
    return _is_of_word(text[max(place - 1, 0) : place]) != _is_of_word(text[place : place + 1])


def _is_of_word(sign: str) -> bool:
    return sign.isalnum() or sign == "_"


MOST_LOOKS = 40
"""How often masking may look at each character: some times for each form of a token."""


def work_of_masking(text: str) -> int:
    """Return how many characters the patterns look at that mask a text, and check that they match as those of re do."""
    count = 0
    for pattern in (TOKEN, USER, USER_AND_PASSWORD):
        counter = WorkCounter(pattern.pattern)
        assert counter.spans(text) == [match.span() for match in pattern.finditer(text)]
        count += counter.count
    return count
