"""What all tasks share: an error is one message, a question needs a terminal, and a version can be the first word."""

from __future__ import annotations

import contextlib
import errno
import json
import os
import shlex
import signal
import sys
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO

from invoke.exceptions import Exit

from seatrial.commands import Command
from seatrial.errors import CommandFailed, ProjectError, SeatrialError, ToolError
from seatrial.invocation import Invocation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from seatrial.console import Console


INTERRUPTED = 130
"""The exit code of a program that Ctrl-C ended: 128 and the number of the signal."""


@contextlib.contextmanager
def errors_as_messages(interrupted: str = "") -> Iterator[None]:
    """Make of what seatrial raises on purpose one message and an exit code, instead of a traceback.

    ``interrupted``: what there is to say when somebody ends it, where that is not how to see where things stand.
    """
    try:
        yield
    except SeatrialError as error:
        raise _exit(error.explained_text, error.exit_code) from None
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            # Whoever read the output has had enough of it.
            raise Exit(code=1) from None
        if error.filename is None and error.errno != errno.ENOSPC:
            raise
        what = f"{error.filename}: {error.strerror}" if error.filename else str(error.strerror)
        known = ToolError(
            what,
            code="FileUnusable",
            fix=f"make room, or let yourself read and write it; then: {Command('status')}",
        )
        raise _exit(known.explained_text, known.exit_code) from None
    except KeyboardInterrupt:
        stands = f"{Command('status')} says where things stand"
        raise _exit(f"interrupted; {interrupted or stands}", INTERRUPTED) from None


def _exit(text: str, code: int) -> Exit:
    return Exit(render(f"seatrial: {text}"), code=code)


def current_invocation() -> Invocation:
    """Return how the program was called."""
    return Invocation(tuple(sys.argv), os.environ)


def render(text: object) -> str:
    """Return a text with the commands of seatrial in it as the user can type them."""
    return current_invocation().render(text)


def repeated_command(task: str, option: str) -> str:
    """Return the command that was typed, with a further option for one of its tasks."""
    return current_invocation().repeated(task, option)


@contextlib.contextmanager
def termination_as_interrupt() -> Iterator[None]:
    """Take the request to end (SIGTERM), and a terminal that is closed (SIGHUP), for Ctrl-C: then all is cleaned up."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signs = [signal.SIGTERM, *([signal.SIGHUP] if sys.platform != "win32" else [])]
    before = [(sign, signal.signal(sign, interrupt)) for sign in signs]
    try:
        yield
    finally:
        for sign, handler in before:
            signal.signal(sign, handler)


def show(text: object, stream: TextIO | None = None) -> None:
    """Print a text at once, to standard output by default; what the terminal or the file can't take is escaped."""
    to = stream or sys.stdout
    encoding = to.encoding or "utf-8"
    print(render(text).encode(encoding, "backslashreplace").decode(encoding), file=to, flush=True)


def show_json(value: object, *, indent: int | None = 2) -> None:
    """Print a value as JSON, with its texts rendered."""
    print(json.dumps(_rendered(value), indent=indent), flush=True)


def _rendered(value: Any) -> Any:
    """Return a value for JSON with its texts rendered."""
    if isinstance(value, str):
        return render(value)
    if isinstance(value, dict):
        return {key: _rendered(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return list(map(_rendered, value))
    return value


class Presentation(NamedTuple):
    """How the options want a command to be shown."""

    quiet: bool = False
    verbose: bool = False
    no_color: bool = False


AS_USUAL = Presentation()
PRESENTATION: ContextVar[Presentation] = ContextVar("PRESENTATION", default=AS_USUAL)
"""What ``-q``, ``-v`` and ``--no-color`` say, which every command takes."""


def open_console(command: str, stream: TextIO | None = None) -> Console:
    """Return the console of a command; in a git repository it keeps a log, and what the steps took."""
    from seatrial.console import Console, Memory  # noqa: PLC0415 - `invoke -l` shows no steps

    folder = git_folder(project_folder())
    memory = Memory.load(folder / "seatrial", command) if folder else None
    wanted = PRESENTATION.get()
    environ = {**os.environ, "NO_COLOR": "1"} if wanted.no_color else os.environ
    return Console.of(environ, stream, is_quiet=wanted.quiet, is_verbose=wanted.verbose, memory=memory, render=render)


def git_folder(folder: Path) -> Path | None:
    """Return the git folder that all work trees of the repository around a folder share; None outside of git.

    It is read from the files (gitrepository-layout(5)), which starts no process.
    """
    for parent in (folder, *folder.parents):
        path = parent / ".git"
        if path.is_dir():
            return path
        if path.is_file():
            with contextlib.suppress(OSError):
                own = parent / path.read_text(encoding="utf-8", errors="surrogateescape").partition(":")[2].strip()
                common = own / "commondir"
                return own / common.read_text(encoding="utf-8").strip() if common.is_file() else own
    return None


def say(line: str, stream: TextIO | None = None) -> None:
    """Tell what goes on, while it does; with ``--quiet``, nothing."""
    if not PRESENTATION.get().quiet:
        show(f"seatrial > {line}", stream)


def page_text(text: str) -> None:
    """Show a text in the user's pager, as git would (git-var(1), GIT_PAGER)."""
    text = render(text)
    from seatrial import process  # noqa: PLC0415 - only a user who asks for it sees one

    with contextlib.suppress(CommandFailed):
        pager = process.run(("git", "var", "GIT_PAGER"), cwd=Path.cwd(), env=process.user_environment()).strip()
        words = shlex.split(pager) if sys.stdout.isatty() else []
        if words and process.page(tuple(words), text, cwd=Path.cwd(), env=process.user_environment(LESS="FRX")) == 0:
            return
    show(text)


def is_interactive() -> bool:
    """Whether somebody is there to answer."""
    return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()


def ask_user(question: str) -> str:
    """Ask, and return the answer, "" when there is none."""
    try:
        return input(question).strip()
    except EOFError:
        return ""


PROJECT_OPTION: ContextVar[Path | None] = ContextVar("CHOSEN", default=None)
"""The folder that ``seatrial --project FOLDER`` names: invoke hands a task nothing but the task's own flags."""


def project_folder() -> Path:
    """Return the folder of the project: the one that was named, or the nearest with a pyproject.toml, from here up.

    Raises `PyprojectMissing` where the folder that was named is none.
    """
    chosen, here = PROJECT_OPTION.get(), Path.cwd()
    if chosen is not None:
        folder = (here / chosen).resolve()
        if not folder.is_dir():
            raise ProjectError(
                f"there is no folder {folder}",
                code="PyprojectMissing",
                fix=f"{Command('--project', 'FOLDER', program_only=True)}, with its pyproject.toml",
            )
        return folder
    return next((folder for folder in (here, *here.parents) if (folder / "pyproject.toml").is_file()), here)
