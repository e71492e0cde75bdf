"""A changelog that was kept by hand: which file it is, and where the towncrier marker goes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.project.changelog import default_marker
from seatrial.project.changelog_entries import RULE, underline
from seatrial.project.unreleased import DATE, find_unreleased, released_headings, unreleased_notes

if TYPE_CHECKING:
    from pathlib import PurePosixPath


VERSION = r"(?P<version>v?\d+(?:\.\d+)+(?:[.-]?(?:a|b|rc|post|dev)\d*)?)"
HEADING = re.compile(rf"^(?P<before>(?:#+ +)?[^\d\n]{{0,40}}?)\b{VERSION}(?P<after>(?![\d.]*\d)[^\n]*)$")


@dataclass(frozen=True)
class Heading:
    """The heading of a release.

    ``line``: its first line, counted from 0, with an anchor above it; ``text``: its line of text; ``underline``: the
    character below it, None for a heading with hashes.
    """

    line: int
    text: str
    underline: str | None = None

    @property
    def title_format(self) -> str:
        """The form of the heading, as towncrier's ``title_format``."""
        match = HEADING.match(self.text)
        if match is None:
            return "{version}"
        prefix = "v" if match["version"].startswith("v") else ""
        before = match["before"].rstrip("[`*_\"' ") if "[" in match["before"] else match["before"]
        before = f"{before} " if before and not before.endswith((" ", "-", "/")) else before
        date = DATE.search(match["after"])
        dated = (
            " ({project_date})" if date and f"({date[0]})" in match["after"] else " - {project_date}" if date else ""
        )
        plain = before if self.underline or before.startswith("#") else ""
        return f"{_escaped(plain)}{prefix}{{version}}{dated}"


def release_headings(text: str) -> tuple[Heading, ...]:
    """Return the headings of the releases, in the order of the file, without those of unreleased versions."""
    lines = text.splitlines()
    return tuple(
        Heading(_beginning(lines, heading.line), heading.text, underline(lines, heading.line))
        for heading in released_headings(text)
    )


def unreleased_line(text: str) -> int | None:
    """Return the number of the line, from 1, of a heading with unreleased notes; None where there are none."""
    heading = find_unreleased(text)
    return heading.line + 1 if heading and unreleased_notes(text) else None


def with_unreleased_heading(path: PurePosixPath, text: str) -> str:
    """Return a changelog with an Unreleased heading above its latest release, which looks like that one's."""
    lines, headings = text.splitlines(keepends=True), release_headings(text)
    if not headings:
        end = _below_title(text.splitlines())
        above, below = "".join(lines[:end]).rstrip("\n"), "".join(lines[end:]).strip("\n")
        sign = underline(text.splitlines(), end - 2) if end > 1 else None
        title = f"Unreleased\n{'-' * len('Unreleased')}" if sign or path.suffix == ".rst" else "## Unreleased"
        return "".join(f"{part}\n\n" for part in (above, title, below) if part).rstrip("\n") + "\n"
    latest = headings[0]
    hashes = re.match(r"#+[ \t]+", latest.text)
    has_link = re.search(r"^\[unreleased\]:", text, re.IGNORECASE | re.MULTILINE)
    title = f"{hashes[0] if hashes else ''}{'[Unreleased]' if has_link else 'Unreleased'}"
    rule = f"{latest.underline * len(title)}\n" if latest.underline else ""
    is_overlined = bool(rule and RULE.match("".join(lines[latest.line : latest.line + 1])))
    heading = f"{rule if is_overlined else ''}{title}\n{rule}\n"
    return "".join((*lines[: latest.line], heading, *lines[latest.line :]))


def insert_marker(path: PurePosixPath, text: str) -> str:
    """Return a changelog with the marker above its latest release, or below the title where it has no release."""
    if re.search(rf"^{re.escape(default_marker(path))}[ \t]*$", text, re.MULTILINE):
        return text
    lines = text.splitlines(keepends=True)
    headings = release_headings(text)
    position = headings[0].line if headings else _below_title(text.splitlines())
    above, below = "".join(lines[:position]).rstrip("\n"), "".join(lines[position:]).lstrip("\n")
    return (f"{above}\n\n" if above else "") + default_marker(path) + (f"\n\n{below}" if below else "\n")


def _beginning(lines: list[str], number: int) -> int:
    """Return the first line of a heading: a rule and anchors above it belong to it."""
    first = number
    if first and RULE.match(lines[first - 1]) and not (first > 1 and lines[first - 2].strip()):
        first -= 1
    above = first
    while above and (not lines[above - 1].strip() or re.match(r"\.\. _.*:\s*$|<a [^>]*></a>\s*$", lines[above - 1])):
        above -= 1
        if lines[above].strip():
            first = above
    return first


def _below_title(lines: list[str]) -> int:
    for number, line in enumerate(lines):
        if line.startswith("# "):
            return number + 1
        if line.strip() and number + 1 < len(lines) and RULE.match(lines[number + 1]) and not RULE.match(line):
            return number + 2
    return 0


def _escaped(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")
