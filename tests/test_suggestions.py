"""Which words a user may have meant."""

from __future__ import annotations

import pytest

from seatrial.errors import CLOSE_CODE, did_you_mean, nearest

COMMANDS = ("release", "rehearse", "preflight", "publish", "push", "verify", "version", "ci.verify", "ci.built")


@pytest.mark.parametrize(
    ("word", "choices", "expected"),
    [
        ("relase", COMMANDS, ("release",)),
        ("publsh", COMMANDS, ("publish", "push")),
        ("verfy", COMMANDS, ("verify",)),
        ("pre", COMMANDS, ("preflight",)),
        ("ci", COMMANDS, ("ci.verify", "ci.built")),
        ("VERIFY", COMMANDS, ("verify",)),
        ("p", COMMANDS, ()),
        ("sideways", COMMANDS, ()),
        ("", COMMANDS, ()),
        ("release", (), ()),
        ("--prat", ("--wait", "--part", "--project"), ("--part",)),
        ("--dry", ("--yes", "--dry-run"), ("--dry-run",)),
        ("DIST20", ("DIST020", "DIST201", "DIST202", "DIST203", "DIST204"), ("DIST201", "DIST202", "DIST203")),
    ],
)
def test_nearest_words_come_first(word: str, choices: tuple[str, ...], expected: tuple[str, ...]) -> None:
    assert nearest(word, choices) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [("DIST999", ()), ("DSIT201", ("DIST201",)), ("dist201", ("DIST201",)), ("DIST3", ("DIST301",))],
)
def test_code_has_to_be_closer(code: str, expected: tuple[str, ...]) -> None:
    assert nearest(code, ("DIST129", "DIST201", "DIST301"), CLOSE_CODE) == expected


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ((), ""),
        (("a",), "; did you mean a?"),
        (("a", "b"), "; did you mean a or b?"),
        (("a", "b", "c"), "; did you mean a, b or c?"),
    ],
)
def test_words_are_one_question(words: tuple[str, ...], expected: str) -> None:
    assert did_you_mean(words) == expected
