"""Shared by all tasks: errors become messages, texts are rendered and shown, and the folder of the project."""

from __future__ import annotations

import contextlib
import json
import os
import shlex
import signal
import sys
from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING, Any, Callable, NamedTuple, TextIO

from invoke.exceptions import Exit

from seatrial.commands import Command, Invocation
from seatrial.errors import (
    ENDING_SIGNALS,
    CommandFailed,
    ProjectError,
    ReleaseError,
    SeatrialError,
    ToolError,
    file_error,
)
from seatrial.terminal import ask_key, ask_text, for_stream, paint_error, wants_colour

if TYPE_CHECKING:
    from seatrial.console import Console


INTERRUPTED = 130
"""The exit code of a program that Ctrl-C ended: 128 and the number of the signal."""


def _is_of_cache(name: object) -> bool:
    """Whether a file is in the folder for caches, or that folder itself: a scratch clone lies there."""
    # Loaded here because only a message needs it.
    from platformdirs import user_cache_path  # noqa: PLC0415

    path = Path(os.fsdecode(name)) if isinstance(name, (str, bytes)) else Path()
    return user_cache_path() in (path, *path.parents)


@contextlib.contextmanager
def errors_as_messages(interrupted: str = "") -> Iterator[None]:
    """Turn an error of seatrial into a message and an exit code, instead of a traceback.

    ``interrupted``: what the message says after Ctrl-C; by default, which command shows the state. After Ctrl-C at a
    question it is the effect of "no".
    """
    try:
        yield
    except SeatrialError as error:
        # Whoever has answered "no" needs no explanation.
        is_answer = error.code == "Declined" and not error.fix
        if is_answer:
            raise _exit(str(error), error.exit_code, paint=str) from None
        raise _exit(error.explained_text, error.exit_code) from None
    except OSError as error:
        if isinstance(error, BrokenPipeError):
            # The reader of the output has closed it.
            raise Exit(code=1) from None
        unusable = file_error(error)
        if unusable is None:
            raise
        elsewhere = ", or name another folder for caches: XDG_CACHE_HOME=FOLDER" if _is_of_cache(error.filename) else ""
        unusable.fix = f"{unusable.fix}{elsewhere}; then: {Command('status')}"
        raise _exit(unusable.explained_text, unusable.exit_code) from None
    except UnicodeEncodeError as error:
        encoding = sys.getfilesystemencoding()
        if encoding == "utf-8":
            raise
        what = f"Python has file names in {encoding} here, and can't name {error.object}"
        unusable = ToolError(what, code="FileUnusable", fix="PYTHONUTF8=1, or LC_ALL=C.UTF-8, in the environment")
        raise _exit(unusable.explained_text, unusable.exit_code) from None
    except KeyboardInterrupt as interrupt:
        hint = interrupted or f"{Command('status')} shows the state"
        effect = "; ".join(map(str, interrupt.args)) or hint
        raise _exit(f"interrupted; {effect}", INTERRUPTED, paint=str) from None


def _exit(text: str, code: int, paint: Callable[[str], str] = paint_error) -> Exit:
    """Return what ends the program with a message, which invoke or the program prints to standard error."""
    return Exit(_fitting(f"seatrial: {text}", sys.stderr, paint), code=code)


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
    """Treat requests to end as Ctrl-C, so that everything is cleaned up; what nohup has ignored stays ignored."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    numbers = [number for number in ENDING_SIGNALS if signal.getsignal(number) != signal.SIG_IGN]
    handlers = [(number, signal.signal(number, interrupt)) for number in numbers]
    try:
        yield
    finally:
        for number, handler in handlers:
            signal.signal(number, handler)


def show(text: object, stream: TextIO | None = None, paint: Callable[[str], str] = str) -> None:
    """Print a text at once, to standard output by default; characters that the stream cannot encode are escaped.

    ``paint``: gives it colours, where the stream takes any.
    """
    stream = stream or sys.stdout
    print(for_stream(_fitting(text, stream, paint), stream), file=stream, flush=True)


def _fitting(text: object, stream: TextIO, paint: Callable[[str], str]) -> str:
    """Return a text as a stream takes it: rendered, broken into lines that fit a terminal, and painted."""
    rendered = render(text)
    if stream.isatty():
        from seatrial.console import fit_text  # noqa: PLC0415 - a pipe does without

        rendered = fit_text(rendered, stream)
    return paint(rendered) if wants_colour(_environ(), is_terminal=stream.isatty()) else rendered


def _environ() -> Mapping[str, str]:
    """Return the variables of the process, and ``NO_COLOR`` for ``--no-color``, which a wrong command line has too."""
    is_plain = PRESENTATION.get().no_color or NO_COLOR in sys.argv
    return {**os.environ, "NO_COLOR": "1"} if is_plain else os.environ


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
    """The options of every command: how its output is shown."""

    quiet: bool = False
    verbose: bool = False
    no_color: bool = False


NO_COLOR = "--no-color"

DEFAULT_PRESENTATION = Presentation()
PRESENTATION: ContextVar[Presentation] = ContextVar("PRESENTATION", default=DEFAULT_PRESENTATION)
"""The values of ``-q``, ``-v`` and ``--no-color`` for the command that runs."""


def open_console(command: str, stream: TextIO | None = None) -> Console:
    """Return the console of a command; in a git repository it keeps a log, and the durations of the steps."""
    from seatrial.console import Console, Memory  # noqa: PLC0415 - `invoke -l` shows no steps

    folder = git_folder(project_folder())
    memory = Memory.load(folder / "seatrial", command) if folder else None
    presentation = PRESENTATION.get()
    return Console.of(
        _environ(),
        stream,
        is_quiet=presentation.quiet,
        is_verbose=presentation.verbose,
        memory=memory,
        render=render,
    )


def git_folder(folder: Path) -> Path | None:
    """Return the git folder that all work trees of a repository share; None outside of git.

    It is read from the files (gitrepository-layout(5)), without a process.
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


def page_text(text: str) -> None:
    """Show a text in the user's pager, as git would (git-var(1), GIT_PAGER)."""
    from seatrial import process  # noqa: PLC0415 - few commands start one

    text = render(text)
    with contextlib.suppress(CommandFailed):
        pager = process.run(("git", "var", "GIT_PAGER"), cwd=Path.cwd(), env=process.user_environment()).strip()
        words = shlex.split(pager) if sys.stdout.isatty() else []
        env = process.user_environment(LESS="FRX")
        if words and process.run_interactively(tuple(words), cwd=Path.cwd(), env=env, text=text) == 0:
            return
    show(text)


def is_interactive() -> bool:
    """Whether standard input is a terminal, where a user can answer."""
    return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()


def confirm(
    console: Console,
    question: str,
    *,
    effect: str,
    fix: str | Command,
    views: Mapping[str, Callable[[], None]] | None = None,
) -> None:
    """Ask a question that yes or no answers, no by default. Raises `Declined`.

    ``effect``: what "no" leaves as it was, such as "nothing was written"; ``fix``: how to answer without a terminal;
    ``views``: what a further answer shows before the question is asked again, by its word.
    """
    if not is_interactive():
        raise ReleaseError(f"there is no terminal to ask on: {effect}", code="Declined", fix=fix)
    console.pause()
    views = views or {}
    words = ("yes", "no", *views)
    while True:
        try:
            key = ask_key(question, {word[0]: word for word in words}, "n", show=console.show)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(effect) from None
        if key == "y":
            return
        if key == "n":
            raise ReleaseError(effect, code="Declined")
        next(view for word, view in views.items() if word[0] == key)()


def confirm_name(console: Console, question: str, name: str, *, effect: str, fix: str | Command) -> None:
    """Have the user type a name, to confirm what cannot be undone. Raises `Declined`."""
    if not is_interactive():
        raise ReleaseError(f"there is no terminal to ask on: {effect}", code="Declined", fix=fix)
    console.pause()
    if not ask_text(question, name, show=console.show):
        raise ReleaseError(effect, code="Declined")


PROJECT_OPTION: ContextVar[Path | None] = ContextVar("PROJECT_OPTION", default=None)
"""The folder of ``seatrial --project FOLDER``: invoke gives a task only the task's own flags."""


def project_folder() -> Path:
    """Return the folder of the project: that of ``--project``, or the nearest with a pyproject.toml, from here up.

    Raises `PyprojectMissing` if ``--project`` names no folder.
    """
    option, here = PROJECT_OPTION.get(), Path.cwd()
    if option is not None:
        folder = (here / option).resolve()
        if not folder.is_dir():
            raise ProjectError(
                f"the folder {folder} does not exist",
                code="PyprojectMissing",
                fix=f"{Command('--project', 'FOLDER', program_only=True)}, with its pyproject.toml",
            )
        return folder
    return next((folder for folder in (here, *here.parents) if (folder / "pyproject.toml").is_file()), here)
