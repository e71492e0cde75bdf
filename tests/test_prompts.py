"""Questions on a terminal, answered through a pseudo-terminal as a user does."""

from __future__ import annotations

import contextlib
import os
import select
import sys

import pytest

from seatrial.prompts import Choice, ask_key, ask_text, choose, match_choice

CHOICES = (Choice("minor", "1.4.0"), Choice("patch", "1.3.1"), Choice("major", "2.0.0"))
SCRIPT = """\
from seatrial.prompts import Choice, choose
choices = [Choice("minor", "1.4.0"), Choice("patch", "1.3.1"), Choice("major", "2.0.0")]
print("chosen:", choose("Which part?", choices, has_cursor=True, show=print))
"""
WHERE_IS_THE_CURSOR, AT_THE_TOP = b"\x1b[6n", b"\x1b[1;1R"
SHOWN = b"3  major"
"""The end of the menu: it takes keys once that is there."""


def choose_with_keys(keys: bytes) -> str:
    """Return what the menu returns when a user types these keys."""
    import pty  # noqa: PLC0415 - Windows has none

    pid, terminal = pty.fork()
    if not pid:
        os.execv(sys.executable, (sys.executable, "-c", SCRIPT))  # noqa: S606 - a tuple, and no shell
    output, is_typed = b"", False
    with contextlib.suppress(OSError):
        # Reading ends with an error when the child has ended.
        while select.select([terminal], [], [], 60)[0]:
            piece = os.read(terminal, 4096)
            output += piece
            if WHERE_IS_THE_CURSOR in piece:
                os.write(terminal, AT_THE_TOP)
            if SHOWN in output and not is_typed:
                is_typed = True
                os.write(terminal, keys)
    os.waitpid(pid, 0)
    os.close(terminal)
    return output.decode().rpartition("chosen: ")[2].strip()


@pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminal")
@pytest.mark.parametrize(
    ("keys", "word"),
    [
        (b"\r", "minor"),
        (b"\x1b[B\r", "patch"),
        (b"\x1b[A\r", "major"),
        (b"3\r", "major"),
        (b"9\r", "minor"),
        (b"pa\r", "patch"),
        (b"maj\r", "major"),
        (b"x\x1b[B\r", "patch"),
        (b"q", "None"),
        (b"\x03", "None"),
        (b"\x04", "None"),
    ],
)
def test_menu_takes_arrows_numbers_and_words(keys: bytes, word: str) -> None:
    assert choose_with_keys(keys) == word


@pytest.mark.parametrize(
    ("answer", "index"),
    [
        ("", 0),
        ("1", 0),
        ("3", 2),
        ("0", None),
        ("4", None),
        ("patch", 1),
        ("p", 1),
        ("m", None),
        ("MAJ", 2),
        ("x", None),
    ],
)
def test_answer_means_a_number_a_word_or_the_one_beginning_of_a_word(answer: str, index: int | None) -> None:
    assert match_choice(answer, CHOICES) == index


def answers(monkeypatch: pytest.MonkeyPatch, *lines: str) -> list[str]:
    """Have these lines typed; return where the prompts are kept."""
    prompts: list[str] = []
    typed = iter(lines)

    def read(prompt: str) -> str:
        prompts.append(prompt)
        try:
            return next(typed)
        except StopIteration:
            raise EOFError from None

    monkeypatch.setattr("builtins.input", read)
    return prompts


@pytest.mark.parametrize(("lines", "word"), [(("5", "2"), "patch"), (("q",), None), ((), None), (("",), "minor")])
def test_dumb_terminal_gets_numbers_and_a_wrong_answer_asks_again(
    monkeypatch: pytest.MonkeyPatch, lines: tuple[str, ...], word: str | None
) -> None:
    answers(monkeypatch, *lines)
    printed: list[str] = []
    assert choose("Which part?", CHOICES, has_cursor=False, show=printed.append) == word
    menu = ["Which part?", "  1  minor  1.4.0", "  2  patch  1.3.1", "  3  major  2.0.0"]
    assert printed == [*menu, *(["invalid choice '5'"] if "5" in lines else [])]


@pytest.mark.parametrize(
    ("lines", "key"),
    [(("",), "n"), (("Y",), "y"), (("yes",), "y"), (("maybe", "d"), "d"), ((), "n"), (("q",), "n"), (("Quit",), "n")],
)
def test_question_takes_a_key_or_its_word(monkeypatch: pytest.MonkeyPatch, lines: tuple[str, ...], key: str) -> None:
    prompts = answers(monkeypatch, *lines)
    printed: list[str] = []
    assert ask_key("release?", {"y": "yes", "n": "no", "d": "diff"}, "n", show=printed.append) == key
    assert set(prompts) == {"release? [y]es [n]o [d]iff (n) "}
    assert printed == (["invalid choice 'maybe'"] if "maybe" in lines else [])


@pytest.mark.parametrize(
    ("lines", "is_confirmed"),
    [(("demo",), True), (("demos", "demo"), True), (("",), False), ((), False), (("Q",), False), (("demos",), False)],
)
def test_text_confirms_when_it_is_typed_as_it_is(
    monkeypatch: pytest.MonkeyPatch, lines: tuple[str, ...], *, is_confirmed: bool
) -> None:
    prompts = answers(monkeypatch, *lines)
    printed: list[str] = []
    assert ask_text("type demo:", "demo", show=printed.append) is is_confirmed
    assert set(prompts) == {"type demo: (q leaves) "}
    assert printed == ["invalid answer 'demos'"] * ("demos" in lines)
