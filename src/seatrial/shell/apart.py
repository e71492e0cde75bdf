"""Running a command in a session of its own, so that all that it starts ends with it.

It has no terminal: nothing that may ask for a password is run so.
"""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, Callable

from seatrial.errors import CommandFailed
from seatrial.masking import mask
from seatrial.shell.commands import Completed, shown, text_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

GRACE = 10
"""Seconds that a command has to clean up when it is interrupted."""

LOOK = 0.2
"""Seconds between two looks at a command that prints nothing: whether it has ended."""

PIECE = 1 << 16


def apart(args: tuple[str, ...], *, cwd: Path, env: Mapping[str, str], seconds: float | None = None) -> Completed:
    """Run a command to its end and return how it went.

    Raises `CommandFailed` with exit code 127 when it can't be started, and with -9 when it has not ended after
    ``seconds``.
    """
    with _leading(args, cwd, env, subprocess.PIPE) as process:
        try:
            output, errors = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise CommandFailed(shown(args), -9, f"it had not ended after {seconds} s") from None
    return Completed(process.returncode, text_of(output), text_of(errors))


def follow(args: tuple[str, ...], *, cwd: Path, env: Mapping[str, str], say: Callable[[str], None]) -> Completed:
    """Run a command, hand on each line that it prints as it comes, masked, and return how it went.

    ``output`` has both of its streams. Raises `CommandFailed` with exit code 127 when it can't be started.
    """
    printed = []
    with _leading(args, cwd, env, subprocess.STDOUT) as process:
        for line in _lines(process):
            printed.append(mask(text_of(line)))
            say(printed[-1].rstrip("\n"))
        process.wait()
    return Completed(process.returncode, "".join(printed), "")


@contextlib.contextmanager
def undisturbed() -> Iterator[None]:
    """Hold back Ctrl-C and requests to end (SIGINT, SIGTERM, SIGHUP), and let them in afterwards.

    In between stands what has to be whole: a process that is started and not yet known, a folder that is removed.
    A signal that is ignored, as a shell does for ``command &``, stays ignored; a process that is started in between can
    be interrupted all the same, because it starts without handlers of ours.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    signs = [signal.SIGINT, signal.SIGTERM, *([signal.SIGHUP] if sys.platform != "win32" else [])]
    before = {sign: signal.signal(sign, lambda number, _: came.append(number)) for sign in signs}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)
        for number in came[:1]:
            signal.raise_signal(number)


@contextlib.contextmanager
def _leading(
    args: tuple[str, ...], cwd: Path, env: Mapping[str, str], errors: int
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a command that leads a session of its own; at the end all that it has started is ended."""
    process = None
    pipe, null = subprocess.PIPE, subprocess.DEVNULL
    try:
        with undisturbed():
            process = subprocess.Popen(  # noqa: S603 - a tuple, and no shell
                args, cwd=cwd, env=dict(env), stdin=null, stdout=pipe, stderr=errors, start_new_session=True
            )
        yield process
    except OSError as error:
        if process is not None:
            raise
        raise CommandFailed(shown(args), 127, str(error)) from error
    finally:
        if process is not None:
            with undisturbed():
                _end(process)
                for stream in (process.stdout, process.stderr):
                    if stream is not None:
                        stream.close()


def _lines(process: subprocess.Popen[bytes]) -> Iterator[bytes]:
    """Yield what a command prints, a line at a time, until it ends.

    What it has started can go on, and keep its output open: nobody waits for that.
    """
    stream = process.stdout
    if stream is None or sys.platform == "win32":
        yield from stream or ()
        return
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while True:
            # What it printed before it ended can still be read after.
            has_ended = process.poll() is not None
            if selector.select(timeout=0 if has_ended else LOOK):
                piece = os.read(stream.fileno(), PIECE)
                *whole, rest = (rest + piece).split(b"\n")
                yield from (line + b"\n" for line in whole)
                if piece:
                    continue
                break
            if has_ended:
                break
    if rest:
        yield rest


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a command and all that it has started: asked first, while it runs, then made to."""
    if sys.platform == "win32":
        process.kill()
        process.wait()
        return
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(process.pid, signal.SIGINT)
            process.wait(timeout=GRACE)
    # Where nothing is left of it, nobody is there to be told.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
