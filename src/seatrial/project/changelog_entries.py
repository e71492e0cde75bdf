"""Reads the entries of a changelog: their headings, in Markdown or reStructuredText, and the text below them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.version import VERSION_PATTERN, Version

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


HASHES = re.compile(r"(#{1,6})[ \t]+\S")
"""How a heading begins in Markdown."""

RULE = re.compile(r"^(?P<sign>[=\-~^*+#\"'`.:])(?P=sign){2,}\s*$")
"""The line below a heading, and above it, in reStructuredText."""

FENCE = re.compile(r"[ \t]*(`{3,})")
"""The first and the last line of an example in Markdown, in which nothing is a heading."""

WHOLE_VERSION = re.compile(VERSION_PATTERN, re.VERBOSE | re.IGNORECASE)


@dataclass(frozen=True)
class EntryHeading:
    """A heading.

    ``line``: that of its text, counted from 0; ``level``: 0 for the highest; ``body``: the first line below it.
    """

    line: int
    text: str
    level: int
    body: int

    @property
    def versions(self) -> tuple[Version, ...]:
        """The versions in it."""
        words = re.split(r"[\s\[\]()<>,:`/*]+", self.text)
        return tuple(Version(word) for word in words if WHOLE_VERSION.fullmatch(word))


def has_entry(text: str, version: Version) -> bool:
    """Whether a changelog has an entry of a version."""
    return find_entry(text, version) is not None


def find_entry(text: str, version: Version) -> str | None:
    """Return the heading of the entry of a version, None where there is none."""
    heading = next(_entries(read_headings(text), version), None)
    return heading.text if heading else None


def read_entry(text: str, version: Version, *, with_heading: bool = False) -> str:
    """Return the entry of a version, up to the next heading that is as high; "" where there is none."""
    lines, headings = text.splitlines(), read_headings(text)
    heading = next(_entries(headings, version), None)
    if heading is None:
        return ""
    following = (other for other in headings if other.line > heading.line and other.level <= heading.level)
    end = next((other.line for other in following), len(lines))
    return "\n".join(lines[heading.line if with_heading else heading.body : end]).strip() + "\n"


def read_headings(text: str) -> tuple[EntryHeading, ...]:
    """Return all headings of a changelog; in reStructuredText, those that look alike are as high."""
    lines, styles, headings = text.splitlines(), list[str](), list[EntryHeading]()
    fence = None
    for number, line in enumerate(lines):
        mark = FENCE.match(line)
        if mark and fence in {None, mark[1]}:
            fence = None if fence else mark[1]
        hashes, sign = HASHES.match(line), underline(lines, number)
        if fence or not (hashes or sign):
            continue
        if hashes:
            headings.append(EntryHeading(number, line, len(hashes[1]) - 1, number + 1))
            continue
        is_overlined = number > 0 and RULE.match(lines[number - 1])
        style = f"{sign}{sign}" if is_overlined else str(sign)
        styles += [] if style in styles else [style]
        headings.append(EntryHeading(number, line, styles.index(style), number + 2))
    return tuple(headings)


def underline(lines: Sequence[str], number: int) -> str | None:
    """Return the character that underlines a heading, None for a heading with hashes and for any other line."""
    line = lines[number]
    rule = RULE.match("".join(lines[number + 1 : number + 2]))
    is_underlined = rule and line.strip() and not line.startswith("#") and not RULE.match(line)
    return rule["sign"] if rule and is_underlined else None


def _entries(headings: Sequence[EntryHeading], version: Version) -> Iterator[EntryHeading]:
    """Yield the headings of the entries of a version: another can name a version, too, such as "Upgrading to 2.0"."""
    top = min((heading.level for heading in headings if heading.versions), default=0)
    return (heading for heading in headings if heading.level == top and version in heading.versions)
