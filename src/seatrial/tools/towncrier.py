"""towncrier, through its command line: it has no public Python API."""

from __future__ import annotations

import contextlib
import json
import sys
from typing import TYPE_CHECKING

from seatrial import shell
from seatrial.errors import CommandFailed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from seatrial.shell import Begun

IN_ORDER = """\
import contextlib
import json
import os
import pathlib
import re
import runpy
import sys
with contextlib.suppress(ImportError):
    import towncrier.build, towncrier.create
    import jinja2
listed = os.listdir
def key(name):
    parts = [(int(part), "") if part.isdigit() else (0, part) for part in re.split("[.]", os.fsdecode(name))]
    return [(-1, "") if part == (0, "md") or part == (0, "rst") else part for part in parts]
os.listdir = lambda *args: sorted(listed(*args), key=key)
told = json.load(sys.stdin)
os.chdir(told["folder"])
sys.argv = ["towncrier", *told["args"]]
runpy.run_module("towncrier", run_name="__main__", alter_sys=True)
"""
"""towncrier keeps several fragments of one issue in the order in which the folder lists them, which is another on every
machine. Run so, it finds them sorted. (pathlib is loaded first, because before Python 3.10 it makes a method of what it
finds in os.) What to do, and where, it reads when it has loaded what it needs: half of its time it can spend ahead."""


@contextlib.contextmanager
def begun(folder: Path) -> Iterator[Begun]:
    """Start towncrier, which takes a tenth of a second before it does anything, ahead of its work."""
    with shell.begun((sys.executable, "-c", IN_ORDER), cwd=folder, env=shell.environment(NO_COLOR="1")) as process:
        yield process


def render(root: Path, version: str, date: str, ahead: Begun | None = None) -> str:
    """Return the entry of ``version``; nothing is written, and git is not used.

    ``ahead``: a towncrier that was begun before. Raises `CommandFailed`.
    """
    return _run(root, ("build", "--draft", "--version", version, "--date", date), ahead)


def create(root: Path, name: str, content: str) -> str:
    """Write a fragment and return what towncrier says of it. Raises `CommandFailed`."""
    return _run(root, ("create", name, "--content", content))


def _run(root: Path, args: tuple[str, ...], ahead: Begun | None = None) -> str:
    with contextlib.ExitStack() as stack:
        process = ahead or stack.enter_context(begun(root))
        try:
            return process.finish(json.dumps({"folder": str(root), "args": args}))
        except CommandFailed as error:
            # The user knows it by its name.
            raise CommandFailed(shell.shown(("towncrier", *args)), error.returncode, error.output) from None
