"""Reads the entries of a changelog: their headings, in Markdown or reStructuredText, and the text below them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from packaging.version import VERSION_PATTERN, Version

HASHES = re.compile(r"(#{1,6}|={1,6}(?=[ \t]+[^\s=]))[ \t]+\S")
"""How a heading begins in Markdown, and in AsciiDoc."""

RULE = re.compile(r"^(?P<sign>[=\-~^*+#\"'`.:])(?P=sign){2,}\s*$")
"""The line below a heading, and above it, in reStructuredText."""

FENCE = re.compile(r"[ \t]*(?P<sign>`{3,}|~{3,}|-{4,}(?=$))(?P<info>[^`]*)$")
"""The first and the last line of an example in Markdown (CommonMark, 4.5) or AsciiDoc; nothing in it is a heading."""

DIRECTIVE = re.compile(r":{3,}[ \t]*\{?[\w-]")
"""How a directive of MyST begins."""

LINK = re.compile(r"^\[(?P<label>[^\]]+)\]:[ \t]*<?(?P<url>[^\s>]+)>?(?:[ \t]+[\"'(].*)?[ \t]*$")
"""The definition of a link in Markdown."""

LABEL = re.compile(r"^(?:\.\. _[^:]+:|\([\w.-]+\)=|<a (?:name|id)=[^<>]*>(?:</a>)?)[ \t]*$")
"""A name for the heading after it, in reStructuredText, MyST or HTML."""

UNRELEASED = re.compile(
    r"\b(?:un-?released|unpublished|not (?:yet )?released|to be released|(?:in|under) development|upcoming|next release"
    r"|work in progress|coming soon|to be announced|TBD|TBA)\b|\?{4}[-/.]\?\?[-/.]\?\?"
    r"|\b(?:\d{4}|\d\dxx|xxxx|yyyy)[-/.](?:xx?|mm|\?\?)[-/.](?:xx?|dd|\?\?)",
    re.IGNORECASE,
)
"""What in a heading names the release that comes next, be it by a date that is not filled in."""

MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\.?"
WEEKDAY = r"(?:(?P<weekday>Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6}\.?,? )?"
ORDINAL = r"(?:st|nd|rd|th)?"
DATE = re.compile(
    rf"\b{WEEKDAY}(?P<day>\d{{4}}[-/.]\d\d?[-/.]\d\d?|20\d\d[01]\d[0-3]\d|\d\d?[./]\d\d?[./]\d{{4}}"
    rf"|\d\d?{ORDINAL}[- ](?:of )?{MONTH},?[- ]\d{{4}}|{MONTH} (?:\d\d?{ORDINAL},? )?\d{{4}}"
    rf"|{MONTH} \d\d?{ORDINAL}(?=\)|$)|\d\d?{ORDINAL} {MONTH}(?=\)|$))"
    r"(?P<time>[T ]\d\d?:\d\d[:\d.]*(?: ?(?:Z|UTC|GMT|[+-]\d\d:?\d\d))?)?\b"
)
"""How a date is written: ``2026-01-31``, ``31.01.2026``, ``31 January 2026``, ``Jan 31, 2026``, ``January 2026``; below
a year, ``(Jan 31)``.
"""

BYTE_ORDER_MARK = "\ufeff"

HTML = re.compile(r"[ \t]*<h(?P<level>[1-6])\b[^<>]*>.*</h(?P=level)>[ \t]*", re.IGNORECASE)
"""A heading in HTML, in a line."""

WHOLE_VERSION = re.compile(VERSION_PATTERN, re.VERBOSE | re.IGNORECASE)

RELEASE = re.compile(rf"(?=[vV]?\d+\.\d)(?:{VERSION_PATTERN})", re.VERBOSE | re.IGNORECASE)
"""A version of more than one number."""

BOLD = "**"
"""How a line in bold begins, which is a heading where no heading names a release."""

MARKUP = re.compile(r"<[^<>]*>|\{[^{}]*\}|(?<=\])\([^()]*\)|\"[^\"]*\"")
"""What in a heading is neither a version, nor a state or a day: tags, attributes, addresses, and names in quotes."""

MARKS = "#=[](),:;.!*_`~\\- \t\N{EN DASH}\N{EM DASH}" + BYTE_ORDER_MARK
"""What can be around the words of a heading."""


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
        return tuple(map(Version, self.version_texts))

    @property
    def version_texts(self) -> tuple[str, ...]:
        """The versions in it as they are written, such as 2026.08.01 for 2026.8.1."""
        words = re.split(r"[\s\[\]()<>,:`/*]+", self.text)
        return tuple(word for word in words if WHOLE_VERSION.fullmatch(word))

    @property
    def own_version(self) -> Version | None:
        """The version that it is the heading of: the first word, that after a name, or the only one next to the state.

        None where it is in other words, as in ``Unreleased (for Python 3.9)``; a year alone is no version.
        """
        words = _words(self.text)
        is_first = bool(words) and _plain(self.text).startswith(words[0])
        text = "".join(words[:1])
        if is_first and not RELEASE.fullmatch(text):
            text = "".join(words[1:]) if len(words) == len(("name", "version")) else "".join(words)
        elif not is_first:
            text = text if len(words) == 1 and RELEASE.fullmatch(text) and not YEAR.match(text) else ""
        return Version(text) if WHOLE_VERSION.fullmatch(text) and not YEAR.fullmatch(text) else None

    @property
    def is_bold(self) -> bool:
        """Whether it is a line in bold."""
        return self.body == self.line + 1 and self.text.startswith(BOLD)


def _words(heading: str) -> tuple[str, ...]:
    """Return the words of a heading without its state, its day and its marks: those of a release are its version."""
    # 2026.11.0 at the beginning is a version, and a day elsewhere.
    text = DATE.sub(lambda day: day[0] if day.start() == 0 and day[0][4:5] == "." else " ", _plain(heading))
    words = (word.strip(MARKS) for word in re.split(r"[\s\[\](),:]+", UNRELEASED.sub(" ", text)))
    return tuple(word for word in words if word.lower() not in {"", "version", "release", "date"})


def _plain(heading: str) -> str:
    """Return the text of a heading from its first word on."""
    text = MARKUP.sub(" ", heading).strip(MARKS)
    return re.sub(r"^(?:version|release|changes in(?: version)?) +", "", text, flags=re.IGNORECASE)


def has_entry(text: str, version: Version) -> bool:
    """Whether a changelog has an entry of a version."""
    return find_entry(text, version) is not None


def versions_with_entry(text: str) -> frozenset[Version]:
    """Return the versions that a changelog has entries of."""
    return frozenset(version for heading in release_headings(read_headings(text)) for version in heading.versions)


def find_entry(text: str, version: Version) -> str | None:
    """Return the heading of the entry of a version, or None."""
    heading = next(_entries(read_headings(text), version), None)
    return heading.text if heading else None


def read_entry(text: str, version: Version, *, with_heading: bool = False) -> str:
    """Return the entry of a version, up to the next heading that is as high; "" where there is none."""
    lines, headings = text.splitlines(), read_headings(text)
    heading = next(_entries(headings, version), None)
    if heading is None:
        return ""
    body = lines[heading.body : end_of_section(lines, headings, heading)]
    title = lines[heading.line : heading.body] if with_heading else []
    return with_link_definitions("\n".join([*title, *body]).strip(), text) + "\n"


def end_of_section(lines: Sequence[str], headings: Sequence[EntryHeading], heading: EntryHeading) -> int:
    """Return the number of the line after the last one below a heading, without what belongs to the next heading.

    Definitions of links at the end are no part of it, either. Below the last entry that is as high, a lower heading
    that is nothing but an earlier release is that of the next: entries of towncrier can be higher than those before.
    """
    is_last = heading in release_headings(headings)[-1:]
    following = (
        other
        for other in headings
        if other.line > heading.line
        if other.level <= heading.level or (is_last and _is_entry_before(other, heading.versions[0]))
    )
    end = next((first_line(lines, other) for other in following), len(lines))
    while end > heading.body and (
        not lines[end - 1].strip() or LINK.match(lines[end - 1]) or LABEL.match(lines[end - 1])
    ):
        end -= 1
    return end


def _is_entry_before(heading: EntryHeading, version: Version) -> bool:
    """Whether a heading is nothing but a version before another one, and no pre-release of that."""
    older = heading.versions[0] if ONLY_VERSION.fullmatch(heading.text) else version
    return older < version and older.release != version.release


def first_line(lines: Sequence[str], heading: EntryHeading) -> int:
    """Return the number of a heading's first line: in reStructuredText, a line of signs may be above the text."""
    above = lines[heading.line - 1] if heading.line else ""
    sign = underline(lines, heading.line)
    return heading.line - 1 if sign and above and not above.strip(sign + " ") else heading.line


def with_link_definitions(entry: str, text: str) -> str:
    """Return an entry with the definitions of the links in it that are elsewhere in the changelog."""
    body = "\n".join(line for line in entry.splitlines() if not HASHES.match(line))
    definitions = {match["label"].lower(): match[0] for line in text.splitlines() if (match := LINK.match(line))}
    labels = dict.fromkeys(label.lower() for label in re.findall(r"\[([^\[\]]+)\](?![(:\[])", body))
    written = {match["label"].lower() for line in entry.splitlines() if (match := LINK.match(line))}
    missing = [definitions[label] for label in labels if label in definitions and label not in written]
    return "\n".join([entry, "", *missing]) if missing else entry


def read_headings(text: str) -> tuple[EntryHeading, ...]:
    """Return all headings of a changelog; in reStructuredText, those that look alike are as high."""
    lines, styles, headings = text.splitlines(), list[str](), list[EntryHeading]()
    outside = lines_outside_of_examples(lines)
    is_asciidoc = _is_asciidoc(lines)
    # Markdown has no other signs below a heading, and MyST ends a directive with ":::".
    is_markdown = any(HASHES.match(line) or DIRECTIVE.match(line) for line in lines)
    for number, line in enumerate(lines):
        line = line.lstrip(BYTE_ORDER_MARK)  # noqa: PLW2901 - the mark is no part of the text
        hashes, html, sign = HASHES.match(line), HTML.fullmatch(line), None if is_asciidoc else underline(lines, number)
        sign = None if is_markdown and sign not in {"=", "-"} else sign
        if number not in outside or not (hashes or html or sign):
            continue
        if hashes or html:
            level = len(hashes[1]) if hashes else int(html["level"]) if html else 0
            headings.append(EntryHeading(number, line, level - 1, number + 1))
            continue
        is_overlined = number > 0 and RULE.match(lines[number - 1])
        style = f"{sign}{sign}" if is_overlined else str(sign)
        styles += [] if style in styles else [style]
        headings.append(EntryHeading(number, line, styles.index(style), number + 2))
    headings += _bold_headings(lines, headings, outside)
    return tuple(sorted(headings, key=lambda heading: heading.line))


def _bold_headings(
    lines: Sequence[str], headings: Sequence[EntryHeading], outside: Collection[int]
) -> tuple[EntryHeading, ...]:
    """Return the lines in bold that are nothing but a version or a state, which are higher than the headings below.

    There are none where a heading names a release.
    """
    bold = [number for number in sorted(outside) if lines[number].startswith(BOLD) and _is_release(lines[number])]
    if not bold or any(_names_release(heading, bold[0]) for heading in headings):
        return ()
    level = min((heading.level for heading in headings if heading.line > bold[0]), default=len("######")) - 1
    return tuple(EntryHeading(number, lines[number], level, number + 1) for number in bold)


def _names_release(heading: EntryHeading, first: int) -> bool:
    """Whether a heading is that of a release; one below the ``first`` line in bold can be about Python 3.9."""
    is_release = RELEASE_HEADING.match(heading.text) or heading.line < first
    return bool(heading.versions and is_release) or bool(UNRELEASED.search(heading.text))


def _is_release(line: str) -> bool:
    """Whether a line is nothing but a version or a state, with a day perhaps."""
    words = _words(line)
    return len(words) <= 1 and bool(RELEASE.fullmatch(words[0]) if words else UNRELEASED.search(line))


def lines_outside_of_examples(lines: Sequence[str]) -> frozenset[int]:
    """Return the numbers of the lines that are neither in an example nor in a comment of Markdown."""
    outside, fence, is_comment, first = set[int](), "", False, _front_matter(lines)
    has_hashes, is_asciidoc = any(HASHES.match(line) for line in lines), _is_asciidoc(lines)
    for number, line in enumerate(lines):
        if number < first:
            continue
        mark = None if is_comment else FENCE.match(line)
        # In reStructuredText, a row of tildes or hyphens underlines a heading.
        if mark and (mark["sign"][0] == "`" or (is_asciidoc if mark["sign"][0] == "-" else has_hashes)):
            if not fence:
                fence = mark["sign"]
                continue
            if mark["sign"].startswith(fence) and not mark["info"].strip():
                fence = ""
                continue
        if is_comment or (not fence and line.lstrip().startswith("<!--")):
            is_comment = "-->" not in line
        elif not fence:
            outside.add(number)
    return frozenset(outside)


def _is_asciidoc(lines: Sequence[str]) -> bool:
    """Whether the first heading has the signs of AsciiDoc: Markdown has lines that begin with "== " in its examples."""
    return next((match[1] for line in lines if (match := HASHES.match(line))), "").startswith("=")


def _front_matter(lines: Sequence[str]) -> int:
    """Return how many lines at the top are settings of a generator of pages: ``---``, ``KEY: VALUE``, ``---``."""
    end = next((number for number, line in enumerate(lines) if number and line.rstrip() == "---"), 0)
    is_begun = end > 1 and lines[0].lstrip(BYTE_ORDER_MARK).rstrip() == "---"
    return end + 1 if is_begun and re.match(r"[\w-]+:(?:\s|$)", lines[1]) else 0


def underline(lines: Sequence[str], number: int) -> str | None:
    """Return the character that underlines a heading, None for a heading with hashes and for any other line."""
    line = lines[number]
    rule = RULE.match("".join(lines[number + 1 : number + 2]))
    is_underlined = rule and line.strip() and not line.startswith("#") and not RULE.match(line)
    return rule["sign"] if rule and is_underlined else None


def level_of_releases(headings: Sequence[EntryHeading]) -> int | None:
    """Return the level of the headings of releases, None where there are none.

    It is the highest with versions, below years and series: ``### 1.4.2`` below ``## 2026`` or ``## 1.4``.
    """
    levels = sorted({heading.level for heading in headings if heading.versions})
    # A year or series whose first release comes next has no release below it.
    of_next = {above for above, heading in zip(headings, headings[1:]) if UNRELEASED.search(heading.text)}
    for level, below in zip(levels, levels[1:]):
        groups = [heading for heading in headings if heading.level == level and heading.versions]
        members = [heading for heading in headings if heading.level == below and RELEASE_HEADING.match(heading.text)]
        of_releases = [group for group in groups if group not in of_next or not GROUP.fullmatch(group.text)] or groups
        if not all(_is_group(group, members) for group in of_releases):
            return level
    return levels[-1] if levels else None


def release_headings(headings: Sequence[EntryHeading]) -> tuple[EntryHeading, ...]:
    """Return those headings that are as high as those of the releases, and have a version."""
    level = level_of_releases(headings)
    return tuple(heading for heading in headings if heading.level == level and heading.versions)


RELEASE_HEADING = re.compile(r"[#=\s]*\[?(?:version |release )?v?\d", re.IGNORECASE)
"""How the heading of a release begins, unlike ``Python 3.9``."""

GROUP = re.compile(
    r"[#=\s]*(?:version |release )?v?(?P<number>\d+(?:\.\d+)*)(?:\.[x*])*(?: series)?[#=\s]*", re.IGNORECASE
)
"""The heading above the releases of a year, or of a series: ``2026``, ``1.4``, ``1.4.x``."""

ONLY_VERSION = re.compile(
    r"[#=\s]*\[?(?:version |release )?v?\d+(?:\.\d+)+[\w.]*\]?(?:\s*[-(:\N{EN DASH}]?\s*\d{4}-\d\d-\d\d\)?)?",
    re.IGNORECASE,
)
"""A heading that is nothing but a version, and perhaps its day."""

YEAR = re.compile(r"(?:19|20)\d\d")


def _is_group(heading: EntryHeading, members: Sequence[EntryHeading]) -> bool:
    """Whether a heading is nothing but a year, or nothing but the beginning of a version below it."""
    name, series = GROUP.fullmatch(heading.text), heading.versions[0].release
    longer = [version.release for member in members for version in member.versions[:1]]
    starts_one = any(len(release) > len(series) and release[: len(series)] == series for release in longer)
    return name is not None and bool(members) and (starts_one or YEAR.fullmatch(name["number"]) is not None)


def _entries(headings: Sequence[EntryHeading], version: Version) -> Iterator[EntryHeading]:
    """Yield the headings of the entries of a version: another can name a version, too, such as "Upgrading to 2.0"."""
    return (heading for heading in release_headings(headings) if version in heading.versions)
