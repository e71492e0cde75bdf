"""Questions on a terminal, answered through a pseudo-terminal as a user does."""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from seatrial.terminal import Choice, ask_key, ask_text, choose, match_choice, read_line
from terminal import run_on_terminal

CHOICES = (Choice("minor", "1.4.0"), Choice("patch", "1.3.1"), Choice("major", "2.0.0"))
SCRIPT = """\
from seatrial.terminal import Choice, choose
choices = [Choice("minor", "1.4.0"), Choice("patch", "1.3.1"), Choice("major", "2.0.0")]
print("chosen:", choose("Which part?", choices, has_cursor=True, show=print))
"""


def choose_with_keys(keys: bytes) -> str:
    """Return what the menu returns when a user types these keys."""
    ran = run_on_terminal((sys.executable, "-c", SCRIPT), Path.cwd(), os.environ, [("3  major", keys)])
    return ran.output.rpartition("chosen: ")[2].strip()


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


def answers(monkeypatch: pytest.MonkeyPatch, *lines: str) -> None:
    """Have these lines typed."""
    monkeypatch.setattr("sys.stdin", io.StringIO("".join(f"{line}\n" for line in lines)))


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
def test_question_takes_a_key_or_its_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], lines: tuple[str, ...], key: str
) -> None:
    answers(monkeypatch, *lines)
    printed: list[str] = []
    assert ask_key("release?", {"y": "yes", "n": "no", "d": "diff"}, "n", show=printed.append) == key
    assert set(capsys.readouterr().out.split("release? ")) == {"", "[y]es [n]o [d]iff (n) "}
    assert printed == (["invalid choice 'maybe'"] if "maybe" in lines else [])


@pytest.mark.parametrize(
    ("lines", "is_confirmed"),
    [(("demo",), True), (("demos", "demo"), True), (("",), False), ((), False), (("Q",), False), (("demos",), False)],
)
def test_text_confirms_when_it_is_typed_as_it_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], lines: tuple[str, ...], *, is_confirmed: bool
) -> None:
    answers(monkeypatch, *lines)
    printed: list[str] = []
    assert ask_text("type demo:", "demo", show=printed.append) is is_confirmed
    assert set(capsys.readouterr().out.split("type demo: ")) == {"", "(q leaves) "}
    assert printed == ["invalid answer 'demos'"] * ("demos" in lines)


def test_ctrl_c_in_a_question_ends_its_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt() -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr("builtins.input", interrupt)
    with pytest.raises(KeyboardInterrupt):
        read_line("release? ")
    assert capsys.readouterr().out == "release? \n"
