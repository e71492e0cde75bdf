"""A changelog that was kept by hand: which file it is, and where the towncrier marker goes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.project.changelog import default_marker

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import PurePosixPath


STEMS = ("changelog", "changes", "history", "news", "release_notes", "release-notes", "releasenotes", "versionhistory")
SUFFIXES = (".md", ".rst", ".txt", "")
FOLDERS = (".", "docs", "doc", "docs/source")

VERSION = r"(?P<version>v?\d+(?:\.\d+)+(?:[.-]?(?:a|b|rc|post|dev)\d*)?)"
DATE = re.compile(r"\d{4}-\d{2}-\d{2}|\d{1,2} [A-Z][a-z]+\.? \d{4}|[A-Z][a-z]+\.? \d{1,2}(?:st|nd|rd|th)?,? \d{4}")
HEADING = re.compile(rf"^(?P<before>(?:#+ +)?[^\d\n]{{0,40}}?)\b{VERSION}(?P<after>(?![\d.]*\d)[^\n]*)$")
RULE = re.compile(r"^(?P<sign>[=\-~^*+#\"'`.:])(?P=sign){2,}\s*$")
UNRELEASED = re.compile(r"unreleased|in development|upcoming|next release|TBD|unpublished", re.IGNORECASE)


@dataclass(frozen=True)
class Heading:
    """The heading of a release: ``line`` counts from 0 and is where it begins, the line of an anchor included.

    ``text``: its line; ``underline``: the sign below it, "" for Markdown's hashes.
    """

    line: int
    text: str
    underline: str = ""

    @property
    def title_format(self) -> str:
        """The same heading for releases to come, as towncrier's ``title_format``."""
        found = HEADING.match(self.text)
        if found is None:
            return "{version}"
        prefix = "v" if found["version"].startswith("v") else ""
        before = found["before"].rstrip("[`*_\"' ") if "[" in found["before"] else found["before"]
        before = f"{before} " if before and not before.endswith((" ", "-", "/")) else before
        date = DATE.search(found["after"])
        dated = (
            " ({project_date})" if date and f"({date[0]})" in found["after"] else " - {project_date}" if date else ""
        )
        plain = before if self.underline or before.startswith("#") else ""
        return f"{_escaped(plain)}{prefix}{{version}}{dated}"


def changelog_candidates(files: Iterable[PurePosixPath]) -> tuple[PurePosixPath, ...]:
    """Return what may be the changelog, the likeliest first."""
    found = [
        path
        for path in files
        if path.parent.as_posix() in FOLDERS and path.suffix.lower() in SUFFIXES and path.stem.lower() in STEMS
    ]
    return tuple(
        sorted(found, key=lambda path: (FOLDERS.index(path.parent.as_posix()), STEMS.index(path.stem.lower())))
    )


def release_headings(text: str) -> tuple[Heading, ...]:
    """Return the headings of the releases, as they stand; what is not released yet is none, whatever it is called."""
    lines = text.splitlines()
    found = []
    for number, line in enumerate(lines):
        sign = _sign(lines, number)
        if sign is not None and HEADING.match(line) and not _is_unreleased(lines, number):
            found.append(Heading(_beginning(lines, number), line, sign))
    return tuple(found)


def unreleased_line(text: str) -> int:
    """Return the number of the line, from 1, of a heading below which notes wait for a release; 0 where none do."""
    lines = text.splitlines()
    for number in range(len(lines)):
        sign = _sign(lines, number)
        if sign is not None and _is_unreleased(lines, number):
            found = release_headings(text)
            notes = lines[number + (2 if sign else 1) : found[0].line if found else None]
            return number + 1 if any(one.strip() and not UNRELEASED.fullmatch(one.strip()) for one in notes) else 0
    return 0


def _sign(lines: list[str], number: int) -> str | None:
    """Return the sign below a heading, "" for one with hashes, None for a line that is no heading."""
    line = lines[number]
    rule = RULE.match("".join(lines[number + 1 : number + 2]))
    if line.startswith("#"):
        return ""
    return rule["sign"] if rule and line.strip() and not RULE.match(line) else None


def _is_unreleased(lines: list[str], number: int) -> bool:
    """Whether a heading, or the first line below it, says that this is not released."""
    below = [line for line in lines[number + 1 : number + 5] if line.strip() and not RULE.match(line)]
    return bool(UNRELEASED.search(lines[number]) or (below and UNRELEASED.fullmatch(below[0].strip(" *_()"))))


def insert_marker(path: PurePosixPath, text: str) -> str:
    """Return a changelog with the marker above its latest release, below the title where it has no release yet."""
    if re.search(rf"^{re.escape(default_marker(path))}[ \t]*$", text, re.MULTILINE):
        return text
    lines = text.splitlines(keepends=True)
    found = release_headings(text)
    at = found[0].line if found else _below_title(text.splitlines())
    above, below = "".join(lines[:at]).rstrip("\n"), "".join(lines[at:]).lstrip("\n")
    return (f"{above}\n\n" if above else "") + default_marker(path) + (f"\n\n{below}" if below else "\n")


def _beginning(lines: list[str], number: int) -> int:
    """Return where a heading begins: a line over it and the anchors above belong to it."""
    at = number
    if at and RULE.match(lines[at - 1]) and not (at > 1 and lines[at - 2].strip()):
        at -= 1
    above = at
    while above and (not lines[above - 1].strip() or re.match(r"\.\. _.*:\s*$|<a [^>]*></a>\s*$", lines[above - 1])):
        above -= 1
        if lines[above].strip():
            at = above
    return at


def _below_title(lines: list[str]) -> int:
    for number, line in enumerate(lines):
        if line.startswith("# "):
            return number + 1
        if line.strip() and number + 1 < len(lines) and RULE.match(lines[number + 1]) and not RULE.match(line):
            return number + 2
    return 0


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
