"""Questions on a terminal, answered through a pseudo-terminal as a user does; and the colours of a text."""

from __future__ import annotations

import io
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from seatrial.errors import printable
from seatrial.terminal import (
    Choice,
    ask_key,
    ask_text,
    choose,
    for_stream,
    match_choice,
    paint_card,
    paint_diff,
    paint_error,
    paint_help,
    paint_rows,
    read_line,
    styled,
    wants_colour,
)
from terminal import run_on_terminal

if TYPE_CHECKING:
    from collections.abc import Callable

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


PLAN = """\
demo 1.2.3 → 1.3.0

  ## 1.3.0 (2026-11-27)

  - It returns -1 now.

files    CHANGELOG.md +6
         src/demo/__init__.py +1 -1
also     1 commit that origin does not have yet
"""
ERROR = """\
seatrial: main is behind
fix:  git pull
log:  .git/x.log
more: seatrial explain BranchBehind"""
HELP = """\
Usage: seatrial new NAME [OPTIONS]

Options:
  -h, --help  print this help
      --yes   do not ask: all is as it is
"""
DIFF = "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new\n same"


@pytest.mark.parametrize(
    ("paint", "text", "styles"),
    [
        (
            paint_card,
            PLAN,
            [
                ("demo 1.2.3 → 1.3.0", "strong"),
                ("  ## 1.3.0 (2026-11-27)", "strong"),
                ("files", "dim"),
                ("+6", "ok"),
                ("+1", "ok"),
                ("-1", "removed"),
                ("also", "warning"),
            ],
        ),
        (paint_card, "demo 1.3.0 is released, in 9 s", [("demo 1.3.0 is released, in 9 s", "done")]),
        (
            paint_card,
            "\ndemo\nnext  invoke verify",
            [("demo", "strong"), ("next", "dim"), ("invoke verify", "command")],
        ),
        (paint_card, "", []),
        (
            paint_rows,
            "  new      a.py  +3\n  changed  b c.py  +1",
            [("new", "ok"), ("+3", "ok"), ("changed", "warning")],
        ),
        (paint_rows, "files    x.whl  sha256 00ff", [("files", "dim"), ("sha256 00ff", "dim")]),
        (
            paint_error,
            ERROR,
            [
                ("seatrial:", "error"),
                ("fix:", "ok"),
                ("log:  .git/x.log", "dim"),
                ("more: seatrial explain BranchBehind", "dim"),
            ],
        ),
        (
            paint_help,
            HELP,
            [("Usage:", "strong"), ("Options:", "strong"), ("-h, --help", "note"), ("--yes", "note")],
        ),
        (
            paint_diff,
            DIFF,
            [
                ("--- a/x", "strong"),
                ("+++ b/x", "strong"),
                ("@@ -1 +1 @@", "note"),
                ("-old", "removed"),
                ("+new", "ok"),
            ],
        ),
    ],
)
def test_parts_stand_out_and_the_text_stays(
    paint: Callable[[str], str], text: str, styles: list[tuple[str, str]]
) -> None:
    painted = paint(text)
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == text
    assert re.findall(r"\x1b\[[1-9][0-9;]*m.*?\x1b\[0m", painted) == [styled(*part) for part in styles]


@pytest.mark.parametrize(
    ("environ", "is_terminal", "expected"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ({"TERM": "dumb"}, True, False),
    ],
)
def test_colours_are_wanted_as_the_conventions_say(
    environ: dict[str, str], *, is_terminal: bool, expected: bool
) -> None:
    assert wants_colour(environ, is_terminal=is_terminal) is expected


@pytest.mark.parametrize(
    ("text", "painted", "plain"),
    [
        ("a\r\nb\r\r\nc\r", "a\nb\nc", "a\nb\nc"),
        ("10 %\r20 %\n", "10 %\\r20 %\n", "10 %\\r20 %\n"),
        ("\x1b[1;31mred\x1b[0m\x1b[K", "\x1b[1;31mred\x1b[0m", "red"),
        ("\x1b]8;id=1;https://a\x07link\x1b]8;;\x07", "link", "link"),
        ("\x1b]0;never ended\n\x07", "\\x1b]0;never ended\n\\x07", "\\x1b]0;never ended\n\\x07"),
        ("a\xa0b\u200dc\te", "a\xa0b\u200dc\te", "a\\xa0b\\u200dc\te"),
    ],
)
def test_sequences_are_left_out_and_other_controls_are_shown(text: str, painted: str, plain: str) -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    assert (for_stream(text, stream), printable(text)) == (painted, plain)
