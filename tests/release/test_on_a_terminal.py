"""A release as a user sees it: the menu, the plan, the question, the steps and the card, on a pseudo-terminal."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

import pytest

from release_repo import release_happened, scratch_clones
from terminal import CTRL_C, TerminalRun, run_on_terminal

if TYPE_CHECKING:
    from release_repo import ReleaseRepo


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminal"),
]
MENU, QUESTION = "3  major  2.0.0", "release tidepool 1.3.0? [y]es [n]o [d]iff (n) "
DOWN, ENTER = b"\x1b[B", b"\r"


def release(repo: ReleaseRepo, *dialog: tuple[str, bytes], options: tuple[str, ...] = ()) -> TerminalRun:
    """Run ``seatrial release --no-tests`` and answer it."""
    environ = {**repo.project.environ, "GIT_PAGER": "cat"}
    return run_on_terminal(("seatrial", "release", "--no-tests", *options), repo.project.root, environ, dialog)


PLAN = """\
tidepool 1.2.3 → 1.3.0

  ## 1.3.0

  ### Features

  - Tides rise. (#1)

  ### Bugfixes

  - Tides fall.

files    CHANGELOG.md +11
         pyproject.toml +1 -1
         src/tidepool/__init__.py +1 -1
removes  changelog.d/+fall.bugfix.md
         changelog.d/1.feature.md
commit   Release 1.3.0
tag      v1.3.0
push     main and v1.3.0 to origin (../remote.git), both or neither
CI       no CI file listens to tags: nothing will be published

"""
CARD = """\
tidepool 1.3.0 is released, in N s
pushed   main and v1.3.0 to origin
CI       no file listens to tags
next     seatrial publish --version 1.3.0

"""


def test_menu_plan_diff_and_question_lead_to_a_release(repo: ReleaseRepo) -> None:
    ran = release(repo, (MENU, ENTER), (QUESTION, b"maybe\n"), (QUESTION, b"d\n"), (QUESTION, b"y\n"))
    assert ran.returncode == 0, ran.output
    release_happened(repo)
    assert ran.output[ran.output.index("tidepool 1.2.3 →") : ran.output.index(QUESTION)] == PLAN
    card = ran.output[ran.output.rindex("tidepool 1.3.0 is released") :]
    assert re.sub(r"in \d+ s", "in N s", card) == CARD
    position = 0
    for text in (
        "Release tidepool 1.2.3 as",
        "the fragments ask for it",
        QUESTION,
        "invalid choice 'maybe'",
        QUESTION,
        '+version = "1.3.0"',
        QUESTION,
        "✓ build",
        "✓ push",
        "tidepool 1.3.0 is released, in ",
    ):
        assert text in ran.output[position:], ran.output
        position = ran.output.index(text, position) + 1


def test_arrow_chooses_another_part(repo: ReleaseRepo) -> None:
    repo.project.git("rm", "-q", "changelog.d/1.feature.md")
    repo.project.git("commit", "-qm", "Remove a fragment")
    repo.project.git("push", "-q")
    ran = release(repo, ("3  major", DOWN + ENTER), ("? [y]es", b"q\n"))
    assert ran.returncode == 5
    assert "release tidepool 1.3.0?" in ran.output


@pytest.mark.parametrize(
    ("dialog", "code", "end"),
    [
        ([(MENU, CTRL_C)], 5, "not released; nothing has changed"),
        ([(MENU, b"q")], 5, "not released; nothing has changed"),
        ([(MENU, ENTER), (QUESTION, b"\n")], 5, "not released; nothing has changed"),
        ([(MENU, ENTER), (QUESTION, CTRL_C)], 130, "interrupted; not released; nothing has changed"),
        ([(MENU, ENTER), (QUESTION, b"y\n"), ("build", CTRL_C)], 130, "interrupted; seatrial status shows the state"),
    ],
    ids=["Ctrl-C in the menu", "q in the menu", "no", "Ctrl-C in the question", "Ctrl-C in a step"],
)
def test_who_leaves_finds_everything_as_it_was(
    repo: ReleaseRepo, dialog: list[tuple[str, bytes]], code: int, end: str
) -> None:
    before = repo.state()
    ran = release(repo, *dialog)
    assert (ran.returncode, repo.state()) == (code, before), ran.output
    assert f"seatrial: {end}" in ran.output
    assert "Traceback" not in ran.output
    assert scratch_clones(repo) == []


@pytest.mark.parametrize("command", ["verify", "publish", "undo"])
def test_command_that_asks_an_index_says_at_once_what_it_waits_for(repo: ReleaseRepo, command: str) -> None:
    """Without the line, a terminal is silent until git and the index have answered."""
    environ = {**repo.project.environ, "PIP_INDEX_URL": "http://127.0.0.1:9/simple/"}
    waiting = [("reading the repository", b"")]
    ran = run_on_terminal(("seatrial", command, "9.9"), repo.project.root, environ, waiting)
    assert ran.returncode != 0
    assert "Traceback" not in ran.output
    assert "9.9" in ran.output.partition("reading the repository")[2]
