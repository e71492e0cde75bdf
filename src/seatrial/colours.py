"""Colours for texts on a terminal: cards, errors and help pages, by the form of their lines."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


STYLES = {
    "ok": "32",
    "done": "1;32",
    "error": "1;31",
    "removed": "31",
    "warning": "33",
    "note": "36",
    "command": "1;36",
    "dim": "2",
    "strong": "1",
}
"""The styles of texts, as the parameters of an ANSI escape sequence (ECMA-48, SGR)."""

COLOUR = re.compile(r"\x1b\[[0-9;]*m")
"""A sequence that begins or ends a style."""

ROW = re.compile(r"( *)([A-Za-z][A-Za-z ]{0,9}?)(: +| {2,})(?=\S)")
"""The head of a row, in its first column."""

HEAD_STYLES = {
    **dict.fromkeys(("also", "changes", "not in", "not run", "remarks", "replaces", "stale"), "warning"),
    **dict.fromkeys(("unknown", "undecided"), "note"),
    **dict.fromkeys(("new",), "ok"),
    **dict.fromkeys(("changed",), "warning"),
    **dict.fromkeys(("deleted", "removes"), "removed"),
}
"""The styles of the heads that stand out; the others are dim."""

DONE = re.compile(r"\S+ \S+ (is released|is yanked|was rehearsed)\b")
"""The first line of a card about what is done."""

HEADING = re.compile(r" *#+ \S")
"""A heading of Markdown, in a changelog entry."""

SHA256 = re.compile(r"sha256 [0-9a-f]+…?")
COUNTS = re.compile(r"(?P<path>^ *(?:[a-z]+ +)?\S+) +(?P<counts>[+-]\d+(?: -\d+)?)$")
"""The lines added to a file and removed from it."""

COUNT_STYLES = {"+": "ok", "-": "removed"}
ERROR_HEAD = re.compile(r"seatrial:(?= )")
FIX = re.compile(r"^( *)(fix:)", re.MULTILINE)
MORE = re.compile(r"^(log|more): .*$", re.MULTILINE)
TITLE = re.compile(r"^(Usage:|[A-Z][^:\n]*:$)", re.MULTILINE)
HELP_ROW = re.compile(r"^( {2,6})(\S+(?: \S+)*)(?= {2}|$)", re.MULTILINE)


def wants_colour(environ: Mapping[str, str], *, is_terminal: bool) -> bool:
    """Return whether to write colours: no-color.org and force-color.org; a dumb terminal takes none."""
    if environ.get("NO_COLOR"):
        return False
    return bool(environ.get("FORCE_COLOR")) or (is_terminal and environ.get("TERM") != "dumb")


def styled(text: str, style: str) -> str:
    """Return a text in one of `STYLES`."""
    return f"\x1b[{STYLES[style]}m{text}\x1b[0m"


def paint_card(text: str) -> str:
    """Return a card with its first line, the heads of its rows, counts of lines and the next command in colours."""
    lines = text.split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    heading = lines[first]
    lines[first] = styled(heading, "done" if DONE.match(heading) else "strong") if heading else ""
    lines[first + 1 :] = map(_paint_row, lines[first + 1 :])
    return "\n".join(lines)


def paint_rows(text: str) -> str:
    """Return the rows of a card, which has no heading, in colours."""
    return "\n".join(map(_paint_row, text.split("\n")))


def paint_diff(text: str) -> str:
    """Return a diff in the colours of git."""
    return "\n".join(map(_paint_diff_line, text.split("\n")))


def paint_error(text: str) -> str:
    """Return an error with its beginning, its fixes and the command that explains it in colours."""
    text = MORE.sub(lambda match: styled(match[0], "dim"), text)
    text = FIX.sub(lambda match: match[1] + styled(match[2], "ok"), text)
    return ERROR_HEAD.sub(styled("seatrial:", "error"), text, count=1)


def paint_help(text: str) -> str:
    """Return a help page with its titles, commands and flags in colours."""
    text = HELP_ROW.sub(lambda match: match[1] + styled(match[2], "note"), text)
    return TITLE.sub(lambda match: styled(match[0], "strong"), text)


def _paint_diff_line(line: str) -> str:
    if line.startswith(("+++", "---", "diff ")):
        return styled(line, "strong")
    style = {"+": "ok", "-": "removed", "@": "note"}.get(line[:1])
    return styled(line, style) if style else line


def _paint_row(line: str) -> str:
    if HEADING.match(line):
        return styled(line, "strong")
    counts = COUNTS.search(line)
    if counts:
        painted = " ".join(styled(count, COUNT_STYLES[count[0]]) for count in counts["counts"].split())
        line = line[: counts.start("counts")] + painted
    line = SHA256.sub(lambda match: styled(match[0], "dim"), line)
    row = ROW.match(line)
    if row is None:
        return line
    text = line[row.end() :]
    head = row[1] + styled(row[2], HEAD_STYLES.get(row[2], "dim")) + row[3]
    return head + (styled(text, "command") if row[2] == "next" else text)
