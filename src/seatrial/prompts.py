"""Questions on a terminal: a choice with arrow keys, words or numbers, and a question that one key answers.

Whoever leaves with Ctrl-C, Escape or ``q`` answers None. A wrong answer is asked again.
"""

from __future__ import annotations

import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from prompt_toolkit.formatted_text import StyleAndTextTuples
    from prompt_toolkit.key_binding import KeyPressEvent


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
    sys.stdout.write(prompt)
    sys.stdout.flush()
    try:
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
    import select  # noqa: PLC0415 - few commands ask
    import socket  # noqa: PLC0415

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
    application: Application[Any] = Application(layout=Layout(window), key_bindings=keys, erase_when_done=True)
    result: str | None = application.run()
    return result
