"""The Unreleased section of a changelog (Keep a Changelog 1.1.0): where it is, its notes, and how notes are added.

The functions take and return the text of a changelog, in Markdown or in reStructuredText.
`seatrial.project.release_section` gives the section to a release.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from seatrial.project.read_changelog import (
    DATE,
    GROUP,
    HASHES,
    LINK,
    MARKS,
    RULE,
    UNRELEASED,
    EntryHeading,
    end_of_section,
    first_line,
    level_of_releases,
    lines_outside_of_examples,
    read_headings,
    release_headings,
    underline,
)

if TYPE_CHECKING:
    from packaging.version import Version

CATEGORIES = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
"""The headings below that of a release, in their order (Keep a Changelog, "Types of changes")."""

CATEGORY_OF_KIND = {
    "breaking": "Changed",
    "removal": "Removed",
    "feature": "Added",
    "bugfix": "Fixed",
    "doc": "Changed",
}
"""The category of a type of fragment, where its name is not the category."""

NEXT = re.compile(
    r"v?\.?next(?: version)?|dev(?:elop(?:ment)?)?(?: version)?|main|master|head|trunk|tip|pending|in progress|future"
    r"|latest(?: changes)?|current(?: version| changes)?|wip|snapshot|nightly|edge",
    re.IGNORECASE,
)
"""What names the release that comes next when it is all of a heading above the releases."""

STATE_MARKS = " *_()"
"""What can be around the line that says when a release was made."""

COMMENTS = ("<!--", ".. ")
BULLET = re.compile(r"(?P<sign>[-*+]) ")
NO_CHANGES = re.compile(
    r"(?:[-*+] +)?(?:No (?:\w+ )?changes(?: yet)?|Nothing(?: has)? changed(?: yet)?|Nothing yet)\.?\s*"
    r"|[-*+] +(?:None(?: yet)?|Nothing|N/A|TBD|TBA)\.?\s*",
    re.IGNORECASE,
)
"""What is written in the place of notes."""


@dataclass(frozen=True)
class Category:
    """The part of an entry below one heading.

    ``title`` is "" and ``heading`` empty for what comes before the first; ``is_spaced``: whether a blank line follows
    the heading.
    """

    title: str
    heading: tuple[str, ...]
    lines: tuple[str, ...]
    is_spaced: bool = True


@dataclass(frozen=True)
class UnreleasedNote:
    """A note below the heading: its category in lower case, "" for none, and its first line."""

    category: str
    text: str


def find_unreleased(text: str, version: Version | None = None) -> EntryHeading | None:
    """Return the heading of the section for the next release, or None.

    Of several, it is the first that has notes, else the first; where ``version`` is the own one of another, that.
    It is as high as those of the releases, or as those of the years or series that the releases are below.
    """
    sections = unreleased_headings(text)
    if len(sections) <= 1:
        return next(iter(sections), None)
    filled = {heading for heading in sections if unreleased_notes(text, heading)}
    # The first of those that are as fit.
    return max(
        sections, key=lambda heading: (heading in filled, version is not None and heading.own_version == version)
    )


def unreleased_headings(text: str) -> tuple[EntryHeading, ...]:
    """Return the headings of the sections for the next release: one, where all is well.

    They are above the newest release. Below it only a heading of nothing else than the state is one.
    """
    headings, lines = read_headings(text), text.splitlines()
    top = level_of_releases(headings)
    sections, has_release_above = list[EntryHeading](), False
    for heading in headings:
        if top is not None and heading.level != top and (has_release_above or not groups_after(headings, heading)):
            continue
        name = heading.text.strip(MARKS)
        is_unreleased = _is_unreleased(lines, heading) or (top is not None and bool(NEXT.fullmatch(name)))
        # A version that was never released can be below one that was.
        if is_unreleased and not (has_release_above and not UNRELEASED.fullmatch(name)):
            sections.append(heading)
        is_release = heading.level == top and bool(heading.versions) and not is_unreleased
        has_release_above = has_release_above or is_release
    return tuple(sections)


def groups_after(headings: Sequence[EntryHeading], heading: EntryHeading) -> tuple[EntryHeading, ...]:
    """Return the next heading as high as ``heading`` and those right below it, if they lead down to a release.

    These are a year, a series, or a year and a series; () for none.
    """
    following = [other for other in headings if other.line > heading.line]
    chain = list(itertools.dropwhile(lambda other: other.level > heading.level, following))
    if not chain or chain[0].level < heading.level:
        return ()
    top = level_of_releases(headings)
    steps = itertools.takewhile(lambda pair: pair[0].level < pair[1].level, zip(chain, chain[1:]))
    groups = []
    for group, below in steps:
        # Releases without dates, one after the other, have headings as short as that of a series.
        if not GROUP.fullmatch(group.text):
            break
        groups.append(group)
        if below.level == top:
            return tuple(groups)
    return ()


def groups_around(headings: Sequence[EntryHeading], heading: EntryHeading) -> tuple[EntryHeading, ...]:
    """Return the year and the series that a heading is below, the year first; () for none."""
    groups: list[EntryHeading] = []
    level = heading.level
    for other in reversed([other for other in headings if other.line < heading.line]):
        if other.level >= level:
            continue
        if not GROUP.fullmatch(other.text):
            break
        groups.append(other)
        level = other.level
    return tuple(reversed(groups))


def released_headings(text: str) -> tuple[EntryHeading, ...]:
    """Return the headings of the releases, in the order of the file, without that of the next one."""
    lines = text.splitlines()
    return tuple(heading for heading in release_headings(read_headings(text)) if not _is_unreleased(lines, heading))


def begins_with_release(text: str) -> bool:
    """Whether nothing is above the newest release of a changelog, or the changelog is empty."""
    headings = released_headings(text)
    above = text.splitlines()[: headings[0].line] if headings else [text]
    return not any(re.search(r"\w", line) for line in above)


def _is_unreleased(lines: Sequence[str], heading: EntryHeading) -> bool:
    if UNRELEASED.search(heading.text) or state_line(lines, heading, UNRELEASED) is not None:
        return True
    is_dated = DATE.search(heading.text) or state_line(lines, heading, DATE) is not None
    return not is_dated and any(version.is_devrelease for version in heading.versions[:1])


def state_line(lines: Sequence[str], heading: EntryHeading, pattern: re.Pattern[str]) -> int | None:
    """Return the number of the first line below a heading with a version, if it is ``pattern`` and little else."""
    below = (number for number in range(heading.body, len(lines)) if lines[number].strip())
    first = next(below, None)
    if first is None or not heading.versions or HASHES.match(lines[first]) or underline(lines, first):
        return None
    text = lines[first].strip(STATE_MARKS)
    match = pattern.search(text)
    return first if match and len(text) - len(match[0]) <= len("Release date: ") else None


def unreleased_notes(text: str, heading: EntryHeading | None = None) -> tuple[UnreleasedNote, ...]:
    """Return the notes that wait for a release: each bullet, and each paragraph without one.

    ``heading``: that of their section, None for the first one.
    """
    heading = heading or find_unreleased(text)
    if heading is None:
        return ()
    return tuple(
        UnreleasedNote(category.title.lower(), note)
        for category in read_categories(section_lines(text, heading))
        for note in _notes(category.lines)
        if not UNRELEASED.fullmatch(note.strip(STATE_MARKS)) and not NO_CHANGES.fullmatch(note)
    )


def _notes(lines: Sequence[str]) -> Iterator[str]:
    is_continued = False
    outside = lines_outside_of_examples(lines)
    for number, line in enumerate(lines):
        if number not in outside or line.startswith(COMMENTS) or (not is_continued and RULE.match(line)):
            continue
        if BULLET.match(line) or (line.strip() and not is_continued and not line[0].isspace()):
            yield line.strip()
        is_continued = bool(line.strip())


def section_lines(text: str, heading: EntryHeading) -> tuple[str, ...]:
    """Return the lines of a section without its heading."""
    lines = text.splitlines()
    return tuple(lines[heading.body : section_end(text, heading)])


def cut_unreleased(text: str, heading: EntryHeading) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
    """Return the lines above the section of a heading, those of the section without the heading, and those below it."""
    lines, end = text.splitlines(), section_end(text, heading)
    return tuple(lines[: first_line(lines, heading)]), tuple(lines[heading.body : end]), tuple(lines[end:])


def section_end(text: str, heading: EntryHeading) -> int:
    """Return the number of the line after a section: the next heading as high, or the links at the end of the file."""
    return end_of_section(text.splitlines(), read_headings(text), heading)


def read_categories(lines: Sequence[str]) -> tuple[Category, ...]:
    """Return the categories of an entry, the first without a heading; those with nothing below theirs, too."""
    text = "\n".join(lines)
    headings = [heading for heading in read_headings(text) if not heading.is_bold]
    top = min((heading.level for heading in headings), default=0)
    starts = [heading for heading in headings if heading.level == top]
    ends = [*(first_line(lines, heading) for heading in starts), len(lines)]
    categories = [Category("", (), tuple(lines[: ends[0]]))]
    for heading, end in zip(starts, ends[1:]):
        title = re.sub(r"<[^<>]+>", "", heading.text).strip("# \t")
        begin = first_line(lines, heading)
        categories.append(Category(title, tuple(lines[begin : heading.body]), tuple(lines[heading.body : end])))
    return tuple(map(_without_blank_ends, categories))


def _without_blank_ends(category: Category) -> Category:
    lines = list(category.lines)
    while lines and not lines[0].strip():
        del lines[0]
    while lines and not lines[-1].strip():
        del lines[-1]
    return replace(category, lines=tuple(lines), is_spaced=not "".join(category.lines[:1]).strip())


def merge_categories(entries: Iterable[Sequence[str]], order: Sequence[str] = CATEGORIES) -> tuple[str, ...]:
    """Return the lines of one entry with all that several have, the notes of each category together.

    ``order``: the titles of the categories, in their order; others follow in the order in which they come up.
    """
    merged = dict[str, Category]()
    for lines in entries:
        for category in read_categories(lines):
            notes = tuple(line for line in category.lines if not NO_CHANGES.fullmatch(line))
            earlier = merged.get(category.title, replace(category, lines=()))
            merged[category.title] = replace(earlier, lines=(*earlier.lines, *notes))
    return tuple(line for category in in_order(merged.values(), order) for line in _category_lines(category))


def in_order(categories: Iterable[Category], order: Sequence[str] = CATEGORIES) -> list[Category]:
    """Return the categories that have notes, in their order; others keep theirs, after those."""
    places = {title: place for place, title in enumerate(("", *order))}
    filled = (category for category in categories if category.lines)
    return sorted(filled, key=lambda category: places.get(category.title, len(places)))


def _category_lines(category: Category) -> Iterator[str]:
    if category.heading:
        yield from (*category.heading, *([""] if category.is_spaced else []))
    yield from (*category.lines, "")


def marked_as(heading: str, words: str) -> str:
    """Return the text of a heading that is marked as another one: with hashes, in bold, as HTML, or not at all."""
    marks = re.match(r"[#=]+[ \t]*|\*\*|[ \t]*<(?P<tag>h\d)", heading)
    if marks and marks["tag"]:
        return f"<{marks['tag']}>{words}</{marks['tag']}>"
    return f"{marks[0]}{words}{'**' if marks[0] == '**' else ''}" if marks else words


def heading_lines(lines: Sequence[str], pattern: EntryHeading, text: str) -> tuple[str, ...]:
    """Return a heading with another text, underlined as another heading is."""
    sign = underline(lines, pattern.line)
    if sign is None:
        return (text,)
    rule = sign * len(text)
    return (rule, text, rule) if first_line(lines, pattern) < pattern.line else (text, rule)


def add_note(text: str, category: str, note: str) -> str:
    """Return a changelog with a note below the Unreleased section; section and category are added where they lack."""
    heading = find_unreleased(text)
    if heading is None:
        text = with_unreleased_heading(text)
        heading = find_unreleased(text)
    if heading is None:
        raise ValueError("a section that was added is not found")
    lines = text.splitlines()
    end = section_end(text, heading)
    bullet = next((match["sign"] for line in lines if (match := BULLET.match(line))), "-")
    written = f"{bullet} " + note.strip().replace("\n", "\n  ")
    categories = {category.title: category for category in read_categories(lines[heading.body : end])}
    # Below a line in bold there may be no other heading.
    if heading.is_bold and all(other.is_bold for other in read_headings(text) if other.line > heading.line):
        category = ""
    title = next((title for title in categories if title.lower() == category.lower()), category)
    earlier = categories.get(title) or Category(title, _category_heading(text, heading, title), ())
    categories[title] = replace(earlier, lines=(*earlier.lines, written))
    body = [line for category in in_order(categories.values()) for line in _category_lines(category)]
    following = lines[end:] if lines[end:] and lines[end].strip() else lines[end + 1 :]
    return "\n".join([*lines[: heading.body], *blank_below(lines, heading), *body, *following]).rstrip("\n") + "\n"


def blank_below(lines: Sequence[str], heading: EntryHeading) -> list[str]:
    """Return the blank line below a heading, where it has one or nothing is below it."""
    below = lines[heading.body : heading.body + 2]
    is_spaced = not below or not below[0].strip()
    return [""] if is_spaced else []


def with_unreleased_heading(text: str, *, is_rst: bool = False) -> str:
    """Return a changelog with an Unreleased heading above its latest release, which looks like that one's.

    ``is_rst``: whether the heading of a changelog without releases is one of reStructuredText in any case.
    """
    lines = text.splitlines()
    latest = next(iter(released_headings(text)), None)
    if latest is None:
        end = line_below_title(lines)
        above, below = "\n".join(lines[:end]).rstrip("\n"), "\n".join(lines[end:]).strip("\n")
        is_underlined = is_rst or (end > 1 and underline(lines, end - 2))
        sign = "==" if end and lines[end - 1].startswith("= ") else "##"
        title = f"Unreleased\n{'-' * len('Unreleased')}" if is_underlined else f"{sign} Unreleased"
        return "".join(f"{part}\n\n" for part in (above, title, below) if part).rstrip("\n") + "\n"
    labels = {match["label"].lower() for line in lines if (match := LINK.match(line))}
    # Brackets that no heading has a link for are as good as no brackets.
    in_brackets = "unreleased" in labels or (not labels and latest.text.lstrip("#= \t").startswith("["))
    name = marked_as(latest.text, "[Unreleased]" if in_brackets else "Unreleased")
    begin = first_line_with_names(lines, latest.line)
    heading = "".join(f"{line}\n" for line in (*heading_lines(lines, latest, name), ""))
    # All other lines stay as they are, a form feed in them and a last line without an end too.
    kept = text.splitlines(keepends=True)
    return "".join((*kept[:begin], heading, *kept[begin:]))


def first_line_with_names(lines: Sequence[str], number: int) -> int:
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


def line_below_title(lines: Sequence[str]) -> int:
    """Return the number of the line below the title of a changelog, 0 without a title."""
    for number, line in enumerate(lines):
        if (hashes := HASHES.match(line)) and len(hashes[1]) == 1:
            return number + 1
        if line.strip() and number + 1 < len(lines) and RULE.match(lines[number + 1]) and not RULE.match(line):
            return number + 2
    return 0


def _category_heading(text: str, section: EntryHeading, title: str) -> tuple[str, ...]:
    """Return the heading of a category, as others in the changelog are written."""
    lines, headings = text.splitlines(), read_headings(text)
    pattern = next((heading for heading in headings if heading.level == section.level + 1), None)
    if pattern is None:
        if underline(lines, section.line):
            return (title, "~" * len(title))
        hashes = re.match(r"[#=]+", section.text)
        return (
            f"{hashes[0]}{hashes[0][0]} {title}" if hashes else f"<h{section.level + 2}>{title}</h{section.level + 2}>",
        )
    return heading_lines(lines, pattern, marked_as(pattern.text, title))
