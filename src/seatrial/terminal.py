"""Questions and colours on a terminal: a choice with arrow keys, words or numbers, and a question that one key answers.

Whoever leaves with Ctrl-C, Escape or ``q`` answers None. A wrong answer is asked again.

Colours for texts on a terminal: cards, errors and help pages, by the form of their lines.
"""

from __future__ import annotations

import re
import select
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, TextIO

from seatrial.errors import printable

if TYPE_CHECKING:
    from prompt_toolkit.formatted_text import StyleAndTextTuples
    from prompt_toolkit.key_binding import KeyPressEvent


def can_encode(text: str, encoding: str) -> bool:
    """Whether a stream with this encoding can take a text as it is."""
    try:
        text.encode(encoding)
    except (UnicodeEncodeError, LookupError):
        return False
    return True


LEAVE = ("q", "quit")
"""What leaves a question that a line answers."""


@dataclass(frozen=True)
class Choice:
    """An answer: ``word`` is what chooses it and what is returned; ``about``: what it leads to, in a line."""

    word: str
    about: str = ""


def choose(title: str, choices: Sequence[Choice], *, has_cursor: bool, show: Callable[[str], None]) -> str | None:
    """Return the word of the choice that the user takes, the first one by default; None when the user leaves.

    ``has_cursor``: whether the terminal can move its cursor; else the choices are numbered, and a line is read.
    """
    if has_cursor:
        return _choose_with_keys(title, choices)
    show(title)
    for number, row in enumerate(_rows(choices), 1):
        show(f"  {number}  {row}")
    while True:
        answer = read_line(f"[1-{len(choices)}, or a word; q leaves] ")
        if answer is None or answer.lower() in LEAVE:
            return None
        index = match_choice(answer, choices)
        if index is not None:
            return choices[index].word
        show(f"invalid choice {answer!r}")


def match_choice(answer: str, choices: Sequence[Choice]) -> int | None:
    """Return the index of the choice that an answer means: its number, its word, or the one beginning of a word.

    No answer means the first.
    """
    if not answer:
        return 0
    if answer.isdecimal():
        return int(answer) - 1 if 1 <= int(answer) <= len(choices) else None
    words = [choice.word for choice in choices]
    if answer in words:
        return words.index(answer)
    matching = [index for index, word in enumerate(words) if word.startswith(answer.lower())]
    return matching[0] if len(matching) == 1 else None


def read_line(prompt: str) -> str | None:
    """Return a line that the user types, None at the end of the input."""
    try:
        sys.stdout.write(prompt)
        sys.stdout.flush()
        if sys.stdin.isatty() and sys.platform != "win32":
            _wait_for_line()
        return input().strip()
    except EOFError:
        return None
    except KeyboardInterrupt:
        # The message that follows begins a line.
        sys.stdout.write("\n")
        raise


def _wait_for_line() -> None:
    """Wait until the terminal holds a line, or Ctrl-C.

    `input` alone misses a Ctrl-C that arrives after the prompt and before it reads: it would wait for another key.
    """
    receiving, sending = socket.socketpair()
    with receiving, sending:
        sending.setblocking(False)
        previous = signal.set_wakeup_fd(sending.fileno())
        try:
            while sys.stdin not in select.select([sys.stdin, receiving], [], [])[0]:
                receiving.recv(1024)  # a signal that ends nothing
        finally:
            signal.set_wakeup_fd(previous)


def ask_line(question: str, default: str) -> str:
    """Return the line that the user types, "" for the default, which the question shows."""
    return read_line(f"{question} ({default}) ") or ""


def ask_key(question: str, answers: Mapping[str, str], default: str, *, show: Callable[[str], None]) -> str:
    """Return the key of the answer that a line begins with, such as y of ``yes``; ``default`` for no answer.

    ``answers``: the word of each key, such as ``{"y": "yes", "n": "no"}``.
    """
    hint = " ".join(f"[{key}]{word[len(key) :]}" for key, word in answers.items())
    leaves = {word: "n" for word in LEAVE if "n" in answers}
    while True:
        answer = read_line(f"{question} {hint} ({default}) ")
        if not answer:
            return default
        matching = [key for key, word in answers.items() if answer.lower() in (key, word)]
        if matching:
            return matching[0]
        if answer.lower() in leaves:
            return leaves[answer.lower()]
        show(f"invalid choice {answer!r}")


def ask_text(question: str, text: str, *, show: Callable[[str], None]) -> bool:
    """Return whether the user types a text, as a confirmation; no answer, or one of `LEAVE`, declines."""
    while True:
        answer = read_line(f"{question} (q leaves) ")
        if answer == text:
            return True
        if not answer or answer.lower() in LEAVE:
            return False
        show(f"invalid answer {answer!r}")


def _rows(choices: Sequence[Choice]) -> list[str]:
    width = max(len(choice.word) for choice in choices)
    return [f"{choice.word:{width}}  {choice.about}".rstrip() for choice in choices]


@dataclass
class Menu:
    """A menu while it is shown: ``index`` is that of the choice under the cursor, ``typed`` the beginning of a word."""

    title: str
    choices: Sequence[Choice]
    index: int = 0
    typed: str = ""

    def text(self) -> StyleAndTextTuples:
        """Return what is shown, as pairs of a style and a text."""
        hint = self.typed or "(arrows, word or number; q leaves)"
        lines: StyleAndTextTuples = [("bold", self.title), ("ansibrightblack", f"  {hint}\n")]
        for index, row in enumerate(_rows(self.choices)):
            is_current = index == self.index
            style = "bold ansicyan" if is_current else ""
            lines.append((style, f"{'>' if is_current else ' '} {index + 1}  {row}\n"))
        return lines

    def move(self, step: int) -> None:
        """Move the cursor, around the ends too."""
        self.index, self.typed = (self.index + step) % len(self.choices), ""

    def type(self, key: str) -> None:
        """Move the cursor to the choice with this number, or to the first that begins with what was typed."""
        typed = self.typed + key
        if typed.isdecimal():
            index = match_choice(typed, self.choices)
        else:
            words = [choice.word for choice in self.choices]
            index = next((index for index, word in enumerate(words) if word.startswith(typed.lower())), None)
        if index is not None:
            self.index, self.typed = index, "" if typed.isdecimal() else typed


def _choose_with_keys(title: str, choices: Sequence[Choice]) -> str | None:
    # Few commands have a menu.
    from prompt_toolkit.application import Application  # noqa: PLC0415
    from prompt_toolkit.key_binding import KeyBindings  # noqa: PLC0415
    from prompt_toolkit.layout import FormattedTextControl, Layout, Window  # noqa: PLC0415
    from prompt_toolkit.output import create_output  # noqa: PLC0415

    menu, keys = Menu(title, choices), KeyBindings()
    keys.add("up")(lambda _: menu.move(-1))
    keys.add("down")(lambda _: menu.move(1))
    keys.add("enter")(lambda event: event.app.exit(result=choices[menu.index].word))
    for key in ("c-c", "c-d", "escape"):
        keys.add(key, eager=True)(lambda event: event.app.exit(result=None))

    @keys.add("<any>")
    def type_key(event: KeyPressEvent) -> None:
        if not menu.typed and event.data == LEAVE[0]:
            event.app.exit(result=None)
        else:
            menu.type(event.data)

    window = Window(FormattedTextControl(menu.text, show_cursor=False), dont_extend_height=True, wrap_lines=True)
    output = create_output()
    # A terminal that does not say where its cursor is gets no warning: nothing here needs to know it.
    output.enable_cpr = False  # type: ignore[attr-defined]
    application: Application[Any] = Application(
        layout=Layout(window), key_bindings=keys, erase_when_done=True, output=output
    )
    result: str | None = application.run()
    return result


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


def for_stream(text: str, stream: TextIO) -> str:
    """Return a text with what controls a terminal, or can't be encoded for it, as Python writes it in a literal.

    What is shown can come from an index, a remote or a tool.
    """
    encoding = stream.encoding or "utf-8"
    return printable(text, with_styles=True).encode(encoding, "backslashreplace").decode(encoding)


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
