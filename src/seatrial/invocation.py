"""How this program was called, and therefore what a user types to call it again.

Every seatrial command in a message is rendered here.
"""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.redaction import redact

if TYPE_CHECKING:
    from seatrial.errors import SeatrialError

INVOKE, PROGRAM = "invoke", "seatrial"
NAMES = (INVOKE, "inv", PROGRAM)
"""The programs that run tasks."""

CALLED_VARIABLE = "SEATRIAL_CALLED"
"""The environment variable that tells a child how its parent was called: what the child prints is read by the same."""

MODULE = "__main__.py"


def task_command(words: str) -> str:
    """Return the command that runs a task of seatrial on this project; ``words``: the task and its options."""
    return f"{command_prefix()} {words}"


def program_command(words: str) -> str:
    """Return a command that only the program takes, and invoke does not: ``--project``, or a list of files."""
    return f"{_typable_program(PROGRAM)} {words}"


def command_prefix() -> str:
    """Return what stands before a task: the program, as it can be typed here, and the project that was named.

    Where something else runs (nox), it is invoke.
    """
    name = _program_name()
    folder = split_project_option(sys.argv[1:])[0] if name == PROGRAM or "init" in sys.argv else ""
    if folder:
        return f"{_typable_program(PROGRAM)} --project {shlex.quote(folder)}"
    return os.environ.get(CALLED_VARIABLE) or (_typable_program(name) if name else INVOKE)


def error_text(error: SeatrialError) -> str:
    """Return an error as a user reads it: what is wrong, the fix, and the command that explains it."""
    return f"{error}\nmore: {program_command(' '.join(('explain', *error.explained)))}"


def repeat_command(task: str, option: str) -> str:
    """Return the very command that was typed, with an option more for one of its tasks."""
    words = sys.argv[1:]
    at = [place for place, word in enumerate(words, 1) if word.rpartition(".")[2] == task]
    if not _program_name() or not at:
        return task_command(f"{task} {option}")
    return redact(f"{_typable_program(_program_name())} {shlex.join([*words[: at[-1]], option, *words[at[-1] :]])}")


def split_project_option(words: list[str]) -> tuple[str, list[str]]:
    """Return the folder that ``--project`` names, "" without one, and the words without it.

    It is taken before a task and after it.
    """
    for at, word in enumerate(words[: words.index("--")] if "--" in words else words):
        if word == "--project" and words[at + 1 :] and not words[at + 1].startswith("-"):
            return words[at + 1], [*words[:at], *words[at + 2 :]]
        if word.startswith("--project="):
            return word.partition("=")[2], [*words[:at], *words[at + 1 :]]
    return "", words


def _program_name() -> str:
    """Return the name of the program that runs, "" for one that runs no tasks."""
    path = Path(sys.argv[0])
    name = path.parent.name if path.name == MODULE else path.stem
    return name if name in NAMES else ""


def _typable_program(name: str) -> str:
    """Return a program as it can be typed: its name, where that leads to this environment, else the way to it."""
    scripts = str(Path(sys.executable).parent)
    path = os.environ.get("PATH", "").split(os.pathsep)
    # uv puts the environment that it runs something in before all others, and takes it away again.
    of_uv = "UV" in os.environ and path[0] == scripts
    is_itself = name == _program_name() and Path(sys.argv[0]).name != MODULE
    here = shutil.which(sys.argv[0]) if is_itself else shutil.which(name, path=scripts)
    usual = shutil.which(name, path=os.pathsep.join(path[1:] if of_uv else path))
    if here and usual and Path(here).samefile(usual):
        return name
    if of_uv:
        return f"{'uv run' if 'UV_RUN_RECURSION_DEPTH' in os.environ else 'uvx'} {name}"
    return shlex.join([here] if here else [sys.executable, "-m", name])
