"""The Unreleased section of a changelog as the entry of a release, and the links that compare it with others.

The functions take and return the text of a changelog, in Markdown or in reStructuredText. The heading of a release is
written as that of the release before it; the links that compare releases at the end of the file are kept up.
"""

from __future__ import annotations

import itertools
import re
import string
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from packaging.version import Version

from seatrial.project.read_changelog import (
    BYTE_ORDER_MARK,
    DATE,
    FENCE,
    GROUP,
    LINK,
    ORDINAL,
    UNRELEASED,
    WHOLE_VERSION,
    YEAR,
    EntryHeading,
    first_line,
    level_of_releases,
    lines_outside_of_examples,
    read_headings,
    release_headings,
    underline,
    with_link_definitions,
)
from seatrial.project.unreleased_section import (
    CATEGORIES,
    STATE_MARKS,
    blank_below,
    find_unreleased,
    first_line_with_names,
    groups_after,
    groups_around,
    heading_lines,
    marked_as,
    merge_categories,
    released_headings,
    section_end,
    section_lines,
    state_line,
)
from seatrial.project.versions import spelled_as

DATE_FORMS = (
    *("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d"),
    *("%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y"),
    *("%d %B %Y", "%d %b %Y", "%d %B, %Y", "%d %b, %Y", "%d-%b-%Y", "%d-%B-%Y", "%d of %B %Y"),
    *("%B %d, %Y", "%b %d, %Y", "%B %d %Y", "%b %d %Y", "%B %Y", "%b %Y"),
    *("%B %d", "%b %d", "%d %B", "%d %b"),
)

YANKED = re.compile(
    r"[ \t]*(?P<marks>[*_~]*)[\[(]yanked[\])](?P=marks)"
    r"|[ \t]*[-,:\N{EN DASH}\N{EM DASH}]+[ \t]*yanked\b|[ \t]+yanked\b",
    re.IGNORECASE,
)
"""How a heading says that a release was withdrawn."""

CODENAME = re.compile(
    r"(?P<markup><[^<>]*>|\{[^{}]*\})|[ \t]*[-,:\N{EN DASH}\N{EM DASH}]*[ \t]*"
    '(?:"[^"]+"|\N{LEFT DOUBLE QUOTATION MARK}[^"]+\N{RIGHT DOUBLE QUOTATION MARK})'
)
"""A name in quotes, which one release alone has, or markup: what is in quotes there is an attribute."""

COMPARISON = re.compile(r"(?P<base>.*/)(?P<start>[^/]+?)(?P<dots>\.{2,3})(?P<end>[^/]+)")
BRANCH = re.compile(r"HEAD|main|master|trunk|dev|develop|devel", re.IGNORECASE)
OF_BRANCH = re.compile(
    r"(?P<repository>https?://[^/]+/[^/]+/(?:(?!-/)[^/]+/)*?[^/]+)/(?P<dash>-/)?(?:commits|tree)/(?P<name>[^/?#]+)/?"
)
"""The page of a branch, to which the link of a first release leads."""

LINK_IN_HEADING = re.compile(r"(?P<base>/)(?P<start>[^/\s()]+?)(?P<dots>\.{2,3})(?P<end>[^/\s()]+)")


@dataclass(frozen=True)
class Release:
    """A release that a changelog gets the entry of: its version, its day as ``2026-01-31``, and its tag."""

    version: Version
    date: str
    tag: Callable[[Version], str]


def release_unreleased(text: str, release: Release, *, merge: bool = False) -> tuple[str, str]:
    """Give the Unreleased section to a release; return the text of the changelog, and the entry with its heading.

    A heading that has a version, such as ``1.3.0 (unreleased)``, becomes that of the release; above another one, an
    empty section is left for the notes that come next. ``merge``: as for `with_pre_releases`.
    """
    heading = find_unreleased(text, release.version)
    if heading is None:
        raise ValueError("the changelog has no section for the next release")
    text, heading = _in_group(text, heading, release)
    lines = text.splitlines()
    begin, end = first_line(lines, heading), section_end(text, heading)
    start = heading.body if heading.own_version else _after_comments(lines, heading.body)
    state = state_line(lines, heading, UNRELEASED)
    released = _released_line(text, release)
    if state is not None:
        lines[state] = released or f"Released {release.date}"
    # The notes stay in the order in which they are written.
    body = merge_categories([lines[start:end]], ())
    if state is None and released:
        body = (released, "", *body)
    title = heading_lines(lines, heading, heading_text(text, release))
    above_entry = [] if heading.own_version else [*_linked_to(lines[begin:start], release), ""]
    entry = "\n".join([*title, *blank_below(lines, heading), *body]).rstrip("\n")
    below = "\n".join(lines[end:])
    earlier = below.lstrip("\n")
    # As many blank lines as there were between the section and the entry below it.
    gap = "\n" * max(1, len(below) - len(earlier))
    entry, earlier = with_pre_releases(entry, earlier, release.version, merge=merge)
    if not body and entry.count("\n") < len(title):
        entry += "\n\nNo significant changes."
    above = "".join(f"{line}\n" for line in (*lines[:begin], *above_entry))
    mark = BYTE_ORDER_MARK if text.startswith(BYTE_ORDER_MARK) else ""
    new = f"{above}{entry}\n" + (f"{gap}{earlier.rstrip()}\n" if earlier else "")
    new = with_comparison(mark + new.lstrip(BYTE_ORDER_MARK), release)
    return new, with_link_definitions(entry, new)


def _in_group(text: str, heading: EntryHeading, release: Release) -> tuple[str, EntryHeading]:
    """Return a changelog with the section of the next release below the year and series of that, and its heading.

    A heading without a version stays where it is for the notes that come next, unless it is in the newest year or
    series and the release begins another one.
    """
    lines, headings = text.splitlines(), read_headings(text)
    above = groups_after(headings, heading)
    groups = (*groups_around(headings, heading), *above)
    count, (top, bottom) = _find_groups(text, groups, release)
    begin, end = first_line(lines, heading), section_end(text, heading)
    is_alone = not above and end == len(lines)
    if not groups or is_alone or (count == len(groups) and not above and top <= begin < bottom):
        return text, heading
    missing = groups[count:]
    below = _members(headings, (top, bottom), missing[0] if missing else None)
    if missing:
        number = _number(_group_of(missing[0], release))
        below = [group for group in below if _number(group.text) < number]
    place = first_line_with_names(lines, below[0].line) if below else bottom
    # What a year or series says of itself is not said of the next.
    begun = [
        line
        for group in missing
        for line in (*heading_lines(lines, group, _group_of(group, release)), *_blank(lines, group.body))
    ]
    if heading.own_version or (missing and place < begin and not above):
        kept, section, after = tuple[str, ...](), lines[begin:end], end + len(_blank(lines, end))
    else:
        start, after = _after_comments(lines, heading.body), end
        latest = next(iter(release_headings(headings)), heading)
        kept = _linked_to(lines[begin:start], release)
        notes = _deeper(text, (start, end), latest.level - heading.level)
        title = heading_lines(lines, latest, marked_as(latest.text, f"{release.version} (unreleased)"))
        section = [*title, *(["", *notes] if notes else [])]
    inserted = [*begun, *section, ""] if below else ["", *begun, *section]
    if place <= begin:
        before, new_lines = lines[:place], [*inserted, *lines[place:begin], *kept, *lines[after:]]
    else:
        before, new_lines = [*lines[:begin], *kept, *lines[after:place]], [*inserted, *lines[place:]]
    new = "\n".join([*before, *new_lines]) + "\n"
    line = len(before) + inserted.index(section[0], len(begun))
    return new, next(other for other in read_headings(new) if other.line >= line)


def _find_groups(text: str, groups: Sequence[EntryHeading], release: Release) -> tuple[int, tuple[int, int]]:
    """Return how many years and series of a release a changelog has, and the range of the lines below the last one."""
    headings, count, all_lines = read_headings(text), 0, text.splitlines()
    # Definitions of links at the end stay there.
    of_links = itertools.takewhile(lambda line: not line.strip() or LINK.match(line), reversed(all_lines))
    lines = (0, len(all_lines) - sum(1 for _ in of_links))
    for pattern in groups:
        number = _number(_group_of(pattern, release))
        own = next((group for group in _members(headings, lines, pattern) if _number(group.text) == number), None)
        if own is None:
            break
        count, lines = count + 1, (own.body, section_end(text, own))
    return count, lines


def _members(
    headings: Sequence[EntryHeading], lines: tuple[int, int], pattern: EntryHeading | None
) -> list[EntryHeading]:
    """Return the years or series in some lines that are as high as ``pattern``, or the releases where it is None."""
    level = level_of_releases(headings) if pattern is None else pattern.level
    inside = [heading for heading in headings if lines[0] <= heading.line < lines[1] and heading.level == level]
    return [heading for heading in inside if pattern is None or GROUP.fullmatch(heading.text)]


def _number(group: str) -> Version:
    """Return the year or the beginning of a version that the heading of a group has."""
    return Version(re.sub(GROUP, r"\g<number>", group))


def _blank(lines: Sequence[str], start: int) -> list[str]:
    """Return the blank lines at ``start``."""
    return list(itertools.takewhile(lambda line: not line.strip(), lines[start:]))


def _group_of(group: EntryHeading, release: Release) -> str:
    """Return the heading of the year or series of a release, in the form of another one."""
    number = str(re.sub(GROUP, r"\g<number>", group.text))
    size = number.count(".") + 1
    version = ".".join(map(str, (*release.version.release, 0, 0, 0)[:size]))
    new = release.date[:4] if YEAR.fullmatch(number) else version
    # 2026.08 is the month of 2026.8.1.
    return group.text if Version(new) == Version(number) else group.text.replace(number, new, 1)


def _deeper(text: str, section: tuple[int, int], steps: int) -> tuple[str, ...]:
    """Return some lines of a changelog, with the headings in them as many steps deeper."""
    lines, headings, (start, end) = text.splitlines(), read_headings(text), section
    written, number = list[str](), start
    signs = {underline(lines, heading.line) for heading in headings}
    for heading in (heading for heading in headings if start <= heading.line < end):
        written += lines[number : first_line(lines, heading)]
        number = heading.body
        if underline(lines, heading.line) is None:
            written.append(heading.text[0] * steps + heading.text)
            continue
        pattern = next((other for other in headings if other.level == heading.level + steps), None)
        sign = next(sign for sign in "~^\"'+*`" if sign not in signs)
        rule = sign * len(heading.text)
        written += heading_lines(lines, pattern, heading.text) if pattern else (heading.text, rule)
    return (*written, *lines[number:end])


def _after_comments(lines: Sequence[str], start: int) -> int:
    """Return the number of the line after the comments at ``start``, which say how notes are written."""
    outside, end = lines_outside_of_examples(lines), start
    for number in range(start, len(lines)):
        if lines[number].strip() and (number in outside or FENCE.match(lines[number])):
            break
        end = number + 1 if lines[number].strip() else end
    return end


def _linked_to(lines: Sequence[str], release: Release) -> tuple[str, ...]:
    """Return the lines of a heading, whose link compares with the latest release, with the link for a new release."""
    tag = release.tag(release.version)
    pattern = rf"\g<base>{tag}\g<dots>\g<end>"
    return tuple(LINK_IN_HEADING.sub(pattern, line, count=1) for line in lines)


def with_pre_releases(
    entry: str, earlier: str, version: Version, order: Sequence[str] = CATEGORIES, *, merge: bool
) -> tuple[str, str]:
    """Return the entry of a final release with the notes of its pre-releases, and the entries below it.

    Its pre-releases are those since the last final release. ``merge``: whether their entries are left out below.
    """
    pre_releases = () if version.is_prerelease else tuple(_latest_pre_releases(earlier))
    if not pre_releases:
        return entry, earlier
    lines, below = entry.splitlines(), earlier.splitlines()
    heading = next((heading for heading in read_headings(entry) if version in heading.versions), None)
    head = lines[: heading.body] if heading else []
    gap = blank_below(lines, heading) if heading else []
    notes = [*(section_lines(earlier, old) for old in reversed(pre_releases)), lines[len(head) :]]
    body = merge_categories(notes, order)
    if merge:
        for old in reversed(pre_releases):
            del below[first_line(below, old) : section_end(earlier, old)]
    return "\n".join([*head, *gap, *body]).rstrip("\n"), "\n".join(below).strip("\n") + "\n" if below else ""


def _latest_pre_releases(text: str) -> Iterator[EntryHeading]:
    """Yield the headings of the pre-releases above the latest final release."""
    headings = read_headings(text)
    top = level_of_releases(headings)
    for heading in headings:
        if heading.level == top and heading.versions:
            if not heading.versions[0].is_prerelease:
                return
            yield heading


def _released_line(text: str, release: Release) -> str | None:
    """Return what is written below the heading of a release, as below that of the latest; None for nothing."""
    lines = text.splitlines()
    number = next((state_line(lines, heading, DATE) for heading in released_headings(text)), None)
    date = DATE.search(lines[number].strip(STATE_MARKS)) if number is not None else None
    return lines[number].replace(date[0], _in_form_of(date, release.date)) if number is not None and date else None


def heading_text(text: str, release: Release) -> str:
    """Return the text of the heading of a release: as that of the latest release, else as Keep a Changelog has it."""
    unreleased, earlier = find_unreleased(text), released_headings(text)
    marks = (unreleased or earlier[0]).text if unreleased or earlier else "## "
    if not earlier:
        version = f"[{release.version}]" if "[" in marks else str(release.version)
        state = UNRELEASED.search(marks)
        is_in_brackets = state is not None and marks[: state.start()].endswith("(")
        return marked_as(marks, f"{version} ({release.date})" if is_in_brackets else f"{version} - {release.date}")
    texts = [heading.version_texts[0].lstrip("vV") for heading in earlier]
    latest = earlier[0].text
    previous = texts[1] if len(texts) > 1 else _start_of_link(latest)
    words = {texts[0]: spelled_as(release.version, texts)}
    if previous:
        words.setdefault(previous, texts[0])
    pattern = "|".join(sorted(map(re.escape, words), key=len, reverse=True))
    # The dots of a comparison, as in 1.2.2...1.2.3, are no part of a version.
    of_version = re.compile(rf"(?<!\d)(?<!\d\.)(?:{pattern})(?![\d]|\.\d)")
    # A version such as 2026.11.0 is no date.
    others = [DATE.sub(lambda match: _in_form_of(match, release.date), text) for text in of_version.split(latest)]
    versions = [words[match[0]] for match in of_version.finditer(latest)]
    renamed = "".join(text for pair in zip(others, [*versions, ""]) for text in pair)
    return YANKED.sub("", CODENAME.sub(r"\g<markup>", renamed))


def _start_of_link(heading: str) -> str | None:
    """Return the version that the link in a heading compares with, None without such a link."""
    link = LINK_IN_HEADING.search(heading)
    version = re.search(r"\d+(?:\.\d+)+\S*", link["start"]) if link else None
    return version[0] if version else None


def _in_form_of(match: re.Match[str], date: str) -> str:
    """Return a day in the form in which another is written, without its time; as it is where the form is not known."""
    day = datetime.strptime(date, DATE_FORMS[0])  # noqa: DTZ007 - a day has no time zone
    example = match["day"]
    # strptime has neither 5th nor Sept.
    plain = re.sub(r"\bSept\b", "Sep", re.sub(rf"(?<=\d){ORDINAL}(?=\W)|(?<=[a-z])\.", "", example))
    for form in DATE_FORMS:
        # Python wants a year with a day; 2000 has every day.
        of_year = ("", "") if "%Y" in form else (" 2000", " %Y")
        try:
            written = datetime.strptime(plain + of_year[0], form + of_year[1])  # noqa: DTZ007 - as above
        except ValueError:
            continue
        text = day.strftime(form)
        # Without zeros where the example has none.
        text = text if written.strftime(form) == plain else re.sub(r"\b0(\d)\b", r"\1", text)
        weekday = match["weekday"] and match[0][: match.start("day") - match.start()]
        name = f"{day:%A}" if weekday and len(weekday.rstrip(",. ")) > len(match["weekday"]) else f"{day:%a}"
        return f"{name}{weekday.lstrip(string.ascii_letters)}{text}" if weekday else text
    return date


def with_comparison(text: str, release: Release) -> str:
    """Return a changelog with the link of a release at its end, where it has one for the release before.

    A link of the form ``[unreleased]: https://…/compare/v1.2.3...HEAD`` is moved on to the new tag.
    """
    lines = text.splitlines()
    links = {number: match for number, line in enumerate(lines) if (match := LINK.match(line))}
    labels = [match["label"] for match in links.values()]
    tag = release.tag(release.version)
    heading = next((heading for heading in read_headings(text) if release.version in heading.versions), None)
    names = (*(heading.version_texts if heading else ()), tag)
    label = next((name for name in names if f"[{name}]" in text), None)
    if label is None or label in labels:
        return text
    for number, match in links.items():
        following = _links_of_release(match["url"], tag) if UNRELEASED.search(match["label"]) else None
        if following:
            link = _page_of_release(links.values(), tag) or _since_final(following[1], text, release)
            lines[number : number + 1] = [f"[{match['label']}]: {following[0]}", f"[{label}]: {link}"]
            return "\n".join(lines) + "\n"
    for number, match in links.items():
        latest = match["label"].lstrip("v")
        url = match["url"]
        comparison = COMPARISON.fullmatch(url)
        if comparison and latest in comparison["end"]:
            base, dots, end = comparison.group("base", "dots", "end")
            link = _since_final(f"{base}{end}{dots}{tag}", text, release)
            lines.insert(number, f"[{label}]: {link}")
            return "\n".join(lines) + "\n"
        if re.match(r"v?\d", match["label"]) and url.rstrip("/").endswith(latest):
            lines.insert(number, f"[{label}]: {url[: url.rindex('/')]}/{tag}")
            return "\n".join(lines) + "\n"
    return text


def _page_of_release(links: Iterable[re.Match[str]], tag: str) -> str | None:
    """Return the address of a release's page, like those of the two releases before it; None if these are comparisons.

    The link of a first release, which has nothing to compare with, leads to its page in any case.
    """
    latest = [match for match in links if re.match(r"v?\d", match["label"])][:2]
    pages = [match["url"] for match in latest if not COMPARISON.fullmatch(match["url"])]
    is_named = all(match["url"].endswith(match["label"].lstrip("v")) for match in latest)
    if not pages[1:] or not is_named:
        return None
    return f"{pages[0][: pages[0].rindex('/')]}/{tag}"


def _since_final(url: str, text: str, release: Release) -> str:
    """Return the link of a final release from the one before it, whose pre-releases the entry includes."""
    versions = [heading.versions[0] for heading in released_headings(text) if heading.versions[0] < release.version]
    final = next((version for version in versions if not version.is_prerelease), None)
    comparison = COMPARISON.fullmatch(url)
    if release.version.is_prerelease or final is None or comparison is None:
        return url
    # The entries of the pre-releases can have been merged into this one.
    tags = [tag for tag in comparison.group("start", "end") if _is_pre_release(tag)]
    return url.replace(tags[0], release.tag(final)) if tags else url


def _is_pre_release(tag: str) -> bool:
    """Whether a tag ends with a pre-release."""
    version = re.search(r"\d+(?:\.\d+)+\S*", tag)
    return version is not None and bool(WHOLE_VERSION.fullmatch(version[0])) and Version(version[0]).is_prerelease


def _links_of_release(url: str, tag: str) -> tuple[str, str] | None:
    """Return the links of what comes after a release and of the release, from that of what came before it."""
    comparison = COMPARISON.fullmatch(url)
    if comparison:
        base, start, dots, end = comparison.group("base", "start", "dots", "end")
        # Bitbucket has the newer one first.
        is_reversed = BRANCH.fullmatch(start) and not BRANCH.fullmatch(end)
        pairs = ((start, tag), (tag, end)) if is_reversed else ((tag, end), (start, tag))
        return f"{base}{dots.join(pairs[0])}", f"{base}{dots.join(pairs[1])}"
    branch = OF_BRANCH.fullmatch(url)
    if branch is None:
        return None
    releases = "-/tags" if branch["dash"] else "releases/tag"
    base = f"{branch['repository']}/{branch['dash'] or ''}compare"
    return f"{base}/{tag}...{branch['name']}", f"{branch['repository']}/{releases}/{tag}"
