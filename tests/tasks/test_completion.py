"""Completion of a command line in the shells that are installed, on a pseudo-terminal as a user has it."""

from __future__ import annotations

import os
import re
import select
import shutil
import signal
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from release_repo import make_release_repo
from sample_project import lines

if TYPE_CHECKING:
    from release_repo import ReleaseRepo


pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="no pseudo-terminal"),
]
PROMPT = "ready> "
SEQUENCE = re.compile(r"\x1b(\[[0-9;?<>=]*[a-zA-Z]|\][^\x07\x1b]*(\x07|\x1b\\)|[()][A-Z0-9]|[=>78])")
TAB, SHOW, INSERT_ALL, EMPTY = "\t", "\x07", "\x14", "\x15"
ANSWERS = {b"\x1b[c": b"\x1b[?62c", b"\x1b[0c": b"\x1b[?62c", b"\x1b[6n": b"\x1b[1;1R"}
"""What a terminal is asked by a shell, and answers."""


@dataclass(frozen=True)
class Shell:
    """A shell: its start file and the arguments that have it read that.

    In the file, Ctrl-G prints the line that is being edited, between ``<<`` and ``>>``.
    """

    name: str
    arguments: tuple[str, ...]
    start_file: str


SHELLS = (
    Shell(
        "bash",
        ("--noprofile", "--rcfile", "{folder}/start", "-i"),
        """
        eval "$(seatrial completion bash)"
        bind -x '"\\C-g": printf "<<%s>>\\n" "$READLINE_LINE"'
        bind '"\\C-t": insert-completions'
        PS1='ready> '
        """,
    ),
    Shell(
        "zsh",
        ("-i",),
        """
        autoload -Uz compinit && compinit -u -d "$ZDOTDIR/dump"
        eval "$(seatrial completion zsh)"
        show-buffer() { print -r -- "<<$BUFFER>>" }
        zle -N show-buffer
        bindkey '^G' show-buffer
        PROMPT='ready> '
        """,
    ),
    Shell(
        "fish",
        ("--no-config", "--interactive", "--init-command", "source {folder}/start"),
        """
        seatrial completion fish | source
        bind \\cg 'echo "<<"(commandline)">>"'
        function fish_prompt; echo 'ready> '; end
        function fish_greeting; end
        """,
    ),
)


@pytest.fixture(scope="module")
def repo(tmp_path_factory: pytest.TempPathFactory) -> ReleaseRepo:
    """Return a project with two releases."""
    repo = make_release_repo(tmp_path_factory.mktemp("port"))
    repo.project.git("tag", "v1.1.0")
    repo.project.git("tag", "v1.2.3")
    for shell in SHELLS:
        folder = repo.project.root.parent / shell.name
        folder.mkdir()
        for name in ("start", ".zshrc"):
            (folder / name).write_text(lines(shell.start_file), encoding="utf-8")
    return repo


def edited_lines(repo: ReleaseRepo, shell: Shell, keys: list[str]) -> list[str]:
    """Return what the line of a new prompt holds after each of ``keys`` was typed."""
    import pty  # noqa: PLC0415 - Windows has none

    program = shutil.which(shell.name)
    if program is None:
        pytest.skip(f"{shell.name} is not installed")
    folder = repo.project.root.parent / shell.name
    environ = {**repo.project.environ, "ZDOTDIR": str(folder), "TERM": "xterm", "COLUMNS": "200", "LINES": "50"}
    pid, terminal = pty.fork()
    if not pid:
        os.chdir(repo.project.root)
        arguments = (argument.format(folder=folder) for argument in shell.arguments)
        os.execve(program, (shell.name, *arguments), environ)  # noqa: S606 - a tuple, and no shell
    output, typed = b"", 0
    edited: list[str] = []
    try:
        while len(edited) < len(keys) and select.select([terminal], [], [], 60)[0]:
            piece = os.read(terminal, 65536)
            output += piece
            for question, answer in ANSWERS.items():
                if question in piece:
                    os.write(terminal, answer)
            text = SEQUENCE.sub("", output.decode(errors="replace"))
            edited = re.findall(r"<<(.*?)>>", text.replace("\r\n", ""))
            if PROMPT.strip() in text and len(edited) == typed < len(keys):
                os.write(terminal, f"{EMPTY}{keys[typed]}{SHOW}".encode())
                typed += 1
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(terminal)
    assert len(edited) == len(keys), output.decode(errors="replace")
    return edited


COMPLETED = {
    "seatrial rel": "seatrial release",
    "seatrial help und": "seatrial help undo",
    "seatrial release mi": "seatrial release minor",
    "seatrial release --dr": "seatrial release --dry-run",
    "seatrial release --part mi": "seatrial release --part minor",
    "seatrial release --part=mi": "seatrial release --part=minor",
    "seatrial verify 1.2": "seatrial verify 1.2.3",
    "seatrial verify --version 1.1": "seatrial verify --version 1.1.0",
    "seatrial news feat": "seatrial news feature",
    "seatrial explain TagT": "seatrial explain TagTaken",
    "seatrial explain META013": "seatrial explain META013",
    "seatrial completion z": "seatrial completion zsh",
    "seatrial verify --index test": "seatrial verify --index testpypi",
    "seatrial check READ": "seatrial check README.md",
    "seatrial --project sr": "seatrial --project src/",
    "seatrial sideways mi": "seatrial sideways mi",
}


@pytest.mark.parametrize("shell", SHELLS, ids=[shell.name for shell in SHELLS])
def test_word_is_completed(repo: ReleaseRepo, shell: Shell) -> None:
    """How a shell takes words apart and puts candidates in, no fast test could show."""
    edited = edited_lines(repo, shell, [line + TAB for line in COMPLETED])
    assert {line: text.rstrip() for line, text in zip(COMPLETED, edited)} == COMPLETED


def test_bash_offers_all_words(repo: ReleaseRepo) -> None:
    """Bash itself sorts and filters what the program prints."""
    typed = ["seatrial release m", "seatrial release --part=m", "seatrial verify ", "seatrial news ", "seatrial ci.v"]
    edited = edited_lines(repo, SHELLS[0], [line + INSERT_ALL for line in typed])
    assert [text.rstrip() for text in edited] == [
        "seatrial release major minor",
        "seatrial release --part=major minor",
        "seatrial verify 1.1.0 1.2.3",
        "seatrial news bugfix doc feature misc removal",
        "seatrial ci.verify ci.version",
    ]


def test_program_is_the_one_of_the_line(repo: ReleaseRepo) -> None:
    """Where it is called by its path, it is not looked for elsewhere."""
    (repo.project.root / "bin").mkdir()
    program = repo.project.root / "bin" / "seatrial"
    program.write_text("#!/bin/sh\necho another\n", encoding="utf-8")
    program.chmod(0o755)
    assert edited_lines(repo, SHELLS[0], [f"bin/seatrial {TAB}"]) == ["bin/seatrial another "]
