"""Colours of cards, errors, diffs and help pages: which parts of a text stand out, and that the text stays the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from seatrial.terminal import paint_card, paint_diff, paint_error, paint_help, paint_rows, styled, wants_colour

if TYPE_CHECKING:
    from collections.abc import Callable

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
