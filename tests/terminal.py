"""A command on a pseudo-terminal, and keys that are typed as soon as it shows a text."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import shutil
import signal
import struct
import termios
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path


SEQUENCE = re.compile(r"\x1b(\[[0-9;?<>=]*[a-zA-Z]|\][^\x07\x1b]*(\x07|\x1b\\)|[()][A-Z0-9]|[=>78])")
ANSWERS = {b"\x1b[c": b"\x1b[?62c", b"\x1b[0c": b"\x1b[?62c", b"\x1b[6n": b"\x1b[1;1R"}
"""The questions that a program asks a terminal, and their answers."""

CTRL_C = b"\x03"
SILENCE = 120
"""Seconds without output after which a command counts as stuck."""


@dataclass(frozen=True)
class TerminalRun:
    """What a command did on a terminal: ``output`` is without control sequences."""

    returncode: int
    output: str


def run_on_terminal(
    command: tuple[str, ...],
    folder: Path,
    environ: Mapping[str, str],
    dialog: Iterable[tuple[str, bytes]],
    *,
    columns: int = 100,
) -> TerminalRun:
    """Run a command; ``dialog``: texts to wait for, each after the one before, and the keys that follow."""
    import pty  # noqa: PLC0415 - Windows has none

    program = shutil.which(command[0], path=environ["PATH"])
    assert program
    pid, terminal = pty.fork()
    if not pid:
        # Set here, it is known before the command reads it.
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
        os.chdir(folder)
        os.execve(program, command, {"TERM": "xterm-256color", **environ})  # noqa: S606 - a tuple, and no shell
    output, start, waiting = b"", 0, list(dialog)
    with contextlib.suppress(OSError):
        # On Linux, reading ends with an error when the child has ended.
        while select.select([terminal], [], [], SILENCE)[0]:
            piece = os.read(terminal, 65536)
            if not piece:
                break
            output += piece
            for question, answer in ANSWERS.items():
                if question in piece:
                    os.write(terminal, answer)
            text = _plain(output)
            if waiting and waiting[0][0] in text[start:]:
                start = len(text)
                os.write(terminal, waiting.pop(0)[1])
        else:
            # It leads a session of its own, so this ends what it has started, too.
            os.killpg(pid, signal.SIGKILL)
    status = os.waitpid(pid, 0)[1]
    os.close(terminal)
    assert not waiting, f"{waiting[0][0]!r} was not shown:\n{_plain(output)}"
    return TerminalRun(os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status), _plain(output))


def _plain(output: bytes) -> str:
    return SEQUENCE.sub("", output.decode(errors="replace")).replace("\r\n", "\n")
