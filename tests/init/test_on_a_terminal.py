"""The question of `seatrial init` on a pseudo-terminal: each of its answers, and that "yes" alone writes files."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from sample_project import SampleProject, environment, lines
from terminal import CTRL_C, run_on_terminal
from unadopted_project import METADATA, begin_project

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminal")]

MENU, QUESTION = "5  tasks.py     yes", "write 3 files? [y]es [n]o [d]iff [f]iles (n) "
TABLE = lines("""
  new      .gitignore  +2
  new      noxfile.py  +11
  new      tasks.py    +3

- releases go without a changelog; to begin one: seatrial init --changelog unreleased
- no tests: a release verifies only that the package builds and installs
""")
TASKS = lines("""
from seatrial.tasks import ns

__all__ = ["ns"]
""")
DIFF_END = "--- /dev/null\n+++ b/tasks.py\n@@ -0,0 +1,3 @@\n" + "".join(f"+{line}\n" for line in TASKS.splitlines())
FILES_END = f"==> tasks.py <==\n{TASKS}"
NOTHING = "seatrial: nothing was written\n"
WRITTEN = "\n✓ 3 files, 16 lines written\nnext  commit them, then: seatrial rehearse patch\n"


@pytest.mark.parametrize(
    ("answers", "code", "texts"),
    [
        ((b"n\n",), 5, (TABLE, "n\n", NOTHING)),
        ((b"\n",), 5, (TABLE, "\n", NOTHING)),
        ((CTRL_C,), 130, (TABLE, "^C\n", "seatrial: interrupted; nothing was written\n")),
        ((b"d\n", b"n\n"), 5, ("d\n--- /dev/null\n+++ b/.gitignore\n", DIFF_END, "n\n", NOTHING)),
        ((b"f\n", b"maybe\n", b"y\n"), 0, ("f\n==> .gitignore <==\n", FILES_END, "invalid choice 'maybe'\n", WRITTEN)),
        ((b"y\n",), 0, (TABLE, "y\n", WRITTEN)),
    ],
    ids=["no", "nothing", "Ctrl-C", "diff", "files, then yes", "yes"],
)
def test_answer_to_the_question_is_obeyed(
    tmp_path: Path, answers: tuple[bytes, ...], code: int, texts: tuple[str, ...]
) -> None:
    (tmp_path / "home").mkdir()
    (tmp_path / "tidepool").mkdir()
    project = SampleProject(tmp_path / "tidepool", environment(tmp_path / "home"))
    begin_project(project, {"pyproject.toml": METADATA})
    dialog = [(MENU, b"\r"), *((QUESTION, answer) for answer in answers)]
    environ = {**project.environ, "GIT_PAGER": "cat", "LANG": "C.UTF-8"}
    ran = run_on_terminal(("seatrial", "init", "--no-try"), project.root, environ, dialog)
    assert ran.returncode == code, ran.output
    position = 0
    for text in texts:
        assert text in ran.output[position:], ran.output
        position = ran.output.index(text, position) + len(text)
    assert ran.output[position:] == ""
    assert ran.output.count(QUESTION) == len(answers)
    assert project.git("status", "--porcelain") == ("?? .gitignore\n?? noxfile.py\n?? tasks.py\n" if not code else "")
