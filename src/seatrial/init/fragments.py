"""Moves the notes below an Unreleased heading into fragments of towncrier, for `seatrial init --fragments`."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.project.changelog_entries import LINK, read_headings
from seatrial.project.unreleased import BULLET, UNRELEASED, cut_unreleased, find_unreleased, read_categories

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence


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
