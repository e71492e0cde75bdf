"""The words that a command line can be completed with."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

import pytest

from release_repo import make_release_repo
from sample_project import lines
from seatrial.tasks import ns
from seatrial.tasks.completion import candidates

if TYPE_CHECKING:
    from pathlib import Path

COMMANDS = {name: ns[name] for name in ns.task_names}
SHARED = "--project --quiet --verbose --no-color --help"
PARTS = "major minor patch a b rc final dev post calendar auto"


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("rel", "release"),
        ("re", "rehearse release"),
        ("ci.v", "ci.version ci.verify"),
        ("help un", "undo"),
        ("frob", ""),
        ("frob mi", ""),
        ("release ''", PARTS),
        ("release m", "major minor"),
        ("release minor ''", ""),
        ("release 1.2.3 ''", ""),
        ("release --part minor ''", ""),
        ("release --yes m", "major minor"),
        ("release --part ''", PARTS),
        ("release --part=m", "--part=major --part=minor"),
        ("release --part = m", "major minor"),
        ("release --part =", PARTS),
        ("release -p m", "major minor"),
        ("release --part minor --part=m", "--part=major --part=minor"),
        ("release --no", "--no-tests --no-color"),
        ("verify --limit 0 -", f"--version --index --attestations --no-install --json {SHARED}"),
        ("-", SHARED),
        ("-q --v", "--verbose"),
        ("--pro", "--project"),
        ("--project ''", ":folders"),
        ("--project=s", ":folders"),
        ("--project x rel", "release"),
        ("check ''", ":files"),
        ("check a.whl b", ":files"),
        ("check -- -", ":files"),
        ("verify --limit ''", ""),
        ("verify --index t", "testpypi"),
        ("explain tagt", "TagTaken"),
        ("explain dist206", "DIST206"),
        ("completion ''", "bash zsh fish"),
        ("news ''", ""),
        ("verify ''", ""),
    ],
)
def test_words_of_a_command_line_outside_of_a_project(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, words: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert [text for text, _ in candidates(shlex.split(line), COMMANDS)] == words.split()


@pytest.mark.slow
def test_words_of_a_project_have_a_description(tmp_path: Path) -> None:
    """A real repository has the tags."""
    repo = make_release_repo(tmp_path)
    repo.project.git("tag", "v1.1.0")
    repo.project.git("tag", "v1.2.3")
    for words, expected in (
        (
            ("release", "m"),
            """
            major\t1.2.3 → 2.0.0
            minor\t1.2.3 → 1.3.0
            """,
        ),
        (
            ("release", "1"),
            """
            1.3.0\tminor
            1.2.4\tpatch
            1.3.0rc1\trc
            """,
        ),
        (
            ("undo", ""),
            """
            1.2.3\tv1.2.3
            1.1.0\tv1.1.0
            """,
        ),
        (
            ("ci.verify", "--tag", ""),
            """
            v1.1.0
            v1.2.3
            """,
        ),
        (("news", "f"), "feature\n"),
    ):
        ran = repo.project.seatrial("__complete", *words)
        assert (ran.returncode, ran.output) == (0, lines(expected)), words
    elsewhere = repo.project.run("seatrial", "__complete", "--project", "/dev/null", "release", "m")
    assert elsewhere.output == "major\nminor\n"
