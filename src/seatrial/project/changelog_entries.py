"""Reads the entries of a changelog: their headings, in Markdown or reStructuredText, and the text below them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.version import VERSION_PATTERN, Version

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


HEADING = re.compile(r"#{1,6}[ \t]|\S.*\n([=\-~^#*+])\1{2,}[ \t]*$")
"""How a heading begins, in Markdown or in reStructuredText."""

WHOLE_VERSION = re.compile(VERSION_PATTERN, re.VERBOSE | re.IGNORECASE)


def has_entry(text: str, version: Version) -> bool:
    """Return whether a changelog has a heading with a version."""
    return any(True for _ in _headings(text.splitlines(), version))


def read_entry(text: str, version: Version, *, with_heading: bool = False) -> str:
    """Return the entry of a version, up to the next heading that is as high; "" where there is none."""
    lines = text.splitlines()
    heading = next(_headings(lines, version), None)
    if heading is None:
        return ""
    level, begin = _level(lines, heading)
    headings = (number for number in range(begin, len(lines)) if is_heading(lines, number))
    end = next((number for number in headings if _level(lines, number)[0] <= level), len(lines))
    return "\n".join(lines[heading if with_heading else begin : end]).strip() + "\n"


def is_heading(lines: Sequence[str], number: int) -> bool:
    """Return whether a line is a heading; in reStructuredText, the line after it says so."""
    return bool(HEADING.match("\n".join(lines[number : number + 2])))


def _headings(lines: Sequence[str], version: Version) -> Iterator[int]:
    for number, line in enumerate(lines):
        if version in _versions_in(line) and is_heading(lines, number):
            yield number


def _level(lines: Sequence[str], number: int) -> tuple[str, int]:
    """Return what shows how deep a heading is, to compare it with others of its kind, and the line after it."""
    marks = re.match(r"#+(?=[ \t])", lines[number])
    if marks:
        return marks[0], number + 1
    return lines[number + 1][0], number + 2


def _versions_in(line: str) -> Iterator[Version]:
    words = re.split(r"[\s\[\]()<>,:`/]+", line)
    return (Version(word) for word in words if WHOLE_VERSION.fullmatch(word))
