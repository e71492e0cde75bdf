"""towncrier, through its command line: it has no public Python API."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from seatrial import shell
from seatrial.errors import CommandFailed

if TYPE_CHECKING:
    from pathlib import Path

IN_ORDER = """\
import os
import pathlib
import re
import runpy
import sys
listed = os.listdir
def key(name):
    parts = [(int(part), "") if part.isdigit() else (0, part) for part in re.split("[.]", os.fsdecode(name))]
    return [(-1, "") if part == (0, "md") or part == (0, "rst") else part for part in parts]
os.listdir = lambda *args: sorted(listed(*args), key=key)
sys.argv[0] = "towncrier"
runpy.run_module("towncrier", run_name="__main__", alter_sys=True)
"""
"""towncrier keeps several fragments of one issue in the order in which the folder lists them, which is another on every
machine. Run so, it finds them sorted. (pathlib is loaded first, because before Python 3.10 it makes a method of what it
finds in os.)"""


def render(root: Path, version: str, date: str) -> str:
    """Return the entry of ``version``; nothing is written, and git is not used. Raises `CommandFailed`."""
    return _run(root, "build", "--draft", "--version", version, "--date", date)


def create(root: Path, name: str, content: str) -> str:
    """Write a fragment and return what towncrier says of it. Raises `CommandFailed`."""
    return _run(root, "create", name, "--content", content)


def _run(root: Path, *args: str) -> str:
    command = (sys.executable, "-c", IN_ORDER, *args)
    try:
        return shell.run(command, cwd=root, env=shell.environment(NO_COLOR="1"))
    except CommandFailed as error:
        # The user knows it by its name.
        raise CommandFailed(shell.shown(("towncrier", *args)), error.returncode, error.output) from None
