"""A changelog that was kept by hand: which file it is, and where the towncrier marker goes.

Moves the notes below an Unreleased heading into fragments of towncrier, for `seatrial init --fragments`.
"""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.project.changelog import default_marker
from seatrial.project.changelog_entries import LINK, RULE, read_headings, underline
from seatrial.project.unreleased import (
    BULLET,
    DATE,
    UNRELEASED,
    cut_unreleased,
    find_unreleased,
    read_categories,
    released_headings,
    unreleased_notes,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
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
    """Return the number of the line, from 1, of a heading with unreleased notes, or None."""
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


FENCE = re.compile(r"(`{3,}|~{3,})")
COMMENT = re.compile(r"^<!--.*?-->[ \t]*$|^\.\. (?!_|\S+::).*$", re.MULTILINE | re.DOTALL)
TARGET = re.compile(rf"{LINK.pattern}|^\.\. _.*:.*$")
"""A line that names the target of a link, which is in no note."""

MOST_WORDS = 6
"""How many words of a note are in the name of its fragment."""


@dataclass(frozen=True)
class MovedNote:
    """A note: ``title``, the heading that it was below, "" for none; ``text``, without the sign of a list."""

    title: str
    text: str

    @property
    def slug(self) -> str:
        """The first words of the note, for the name of a file."""
        plain = re.sub(r"\]\([^)]*\)|<[^>]*>|:\w+:", " ", self.text.partition("\n\n")[0])
        words = re.findall(r"[a-z0-9]+", plain.lower())
        return "-".join(words[:MOST_WORDS]) or "note"


@dataclass(frozen=True)
class MovedNotes:
    """What is left of a changelog without its Unreleased section, and the notes of that section.

    ``obstacle``: the number of the line, from 1, that can't be part of a fragment: then nothing is moved.
    """

    text: str
    notes: tuple[MovedNote, ...] = ()
    obstacle: int | None = None


def move_notes(text: str) -> MovedNotes:
    """Take the Unreleased section out of a changelog.

    Comments in it stay where they are. The targets of links go to the end of the file, below every entry to come.
    """
    heading = find_unreleased(text)
    if heading is None:
        return MovedNotes(text)
    above, body, below = cut_unreleased(text, heading)
    headings = read_headings("\n".join(body))
    deeper = (each.line for each in headings if each.level > headings[0].level)
    obstacle = next((heading.body + number + 1 for number in deeper), None)
    if obstacle is not None:
        return MovedNotes(text, obstacle=obstacle)
    comments = [match[0] for match in COMMENT.finditer("\n".join(body))]
    lines = COMMENT.sub("", "\n".join(body)).splitlines()
    targets = [line for line in lines if TARGET.match(line)]
    notes = tuple(
        MovedNote(category.title, note)
        for category in read_categories([line for line in lines if line not in targets])
        for note in split_notes(category.lines)
        if not (heading.versions and UNRELEASED.fullmatch(note.strip(" *_()")))
    )
    parts = [part for part in ("\n".join(above).rstrip("\n"), *comments, "\n".join(below).strip("\n")) if part]
    gap = "\n" if parts and TARGET.match(parts[-1].splitlines()[-1]) else "\n\n"
    whole = gap.join(filter(None, ("\n\n".join(parts), "\n".join(targets))))
    return MovedNotes(f"{whole}\n", notes)


def split_notes(lines: Sequence[str]) -> Iterator[str]:
    """Yield the notes of a category: each item of a list with all that is in it, and each paragraph without one."""
    note: list[str] = []
    indent, fence, is_after_blank = "", None, False
    for line in lines:
        mark, bullet = FENCE.match(line), None if fence else BULLET.match(line)
        is_paragraph = is_after_blank and not (fence or mark) and line[:1].strip() and not line.startswith((".. ", "|"))
        if note and (bullet or is_paragraph):
            yield "\n".join(note).rstrip("\n")
            note = []
        if not note:
            indent = " " * len(bullet[0]) if bullet else ""
        first = len(bullet[0]) if bullet else len(indent) if line.startswith(indent) else 0
        note.append(line[first:])
        if mark:
            fence = None if fence == mark[1][:3] else fence or mark[1][:3]
        is_after_blank = not line.strip()
    if "".join(note).strip():
        yield "\n".join(note).rstrip("\n")


def name_fragments(
    notes: Iterable[MovedNote], kind_of: Callable[[str], str], ends: tuple[str, str], existing: Mapping[str, str]
) -> dict[str, str]:
    """Return the contents of a fragment for each note, by their names.

    An issue stays in the text, where the maintainer linked it, and is not in the name. ``kind_of``: the type for a
    heading; ``ends``: how a name begins without an issue, and its suffix; ``existing``: the fragments that there are.
    """
    fragments: dict[str, str] = {}
    for note in notes:
        stem, tail, content = ends[0] + note.slug, f".{kind_of(note.title)}{ends[1]}", f"{note.text}\n"
        names = (f"{stem}{f'-{number}' if number > 1 else ''}{tail}" for number in itertools.count(1))
        taken = {**existing, **fragments}
        fragments[next(name for name in names if taken.get(name, content) == content)] = content
    return fragments
