"""Running a command to its end."""

from __future__ import annotations

import contextlib
import shlex
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial.errors import CommandFailed
from seatrial.masking import mask, mask_values, secrets_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MODULE = """\
import runpy, sys
sys.path[:] = [place for place in sys.path if place]
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


@dataclass(frozen=True)
class Completed:
    """What a command printed (``output``: standard output; ``errors``: standard error) and its exit code."""

    returncode: int
    output: str
    errors: str


def run(args: tuple[str, ...], *, cwd: Path, env: Mapping[str, str], umask: int = -1) -> str:
    """Run a command to its end and return its standard output.

    Raises `CommandFailed` when it ends with an exit code other than 0 or can't be started. ``umask`` -1 keeps the
    one that is set; Windows has none.
    """
    done = attempt(args, cwd=cwd, env=env, umask=umask)
    if done.returncode:
        # A build backend may show all that it finds in its environment.
        said = mask_values(done.output + done.errors, secrets_of(env))
        raise CommandFailed(shown(args), done.returncode, said)
    return done.output


def attempt(args: tuple[str, ...], *, cwd: Path, env: Mapping[str, str], umask: int = -1) -> Completed:
    """Run a command to its end and return how it went, whatever its exit code.

    Raises `CommandFailed` with exit code 127 when it can't be started. Standard input is empty, so nothing waits
    for an answer.
    """
    # Any: typeshed has a separate overload for each text mode, which no dict of options fits.
    options: dict[str, Any] = {} if sys.platform == "win32" else {"umask": umask}
    try:
        done = subprocess.run(  # noqa: S603 - a tuple, and no shell
            args, cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL, capture_output=True, check=False, **options
        )
    except OSError as error:
        raise CommandFailed(shown(args), 127, str(error)) from error
    return Completed(done.returncode, text_of(done.stdout), text_of(done.stderr))


def show(args: tuple[str, ...], *, cwd: Path, env: Mapping[str, str]) -> int:
    """Run a command whose output is for the user to see as it comes, and return its exit code.

    Raises `CommandFailed` with exit code 127 when it can't be started. Nothing is masked: it has no secrets to print.
    """
    sys.stdout.flush()
    try:
        done = subprocess.run(args, cwd=cwd, env=dict(env), stdin=subprocess.DEVNULL, check=False)  # noqa: S603
    except OSError as error:
        raise CommandFailed(shown(args), 127, str(error)) from error
    return done.returncode


def converse(args: tuple[str, ...], *, cwd: Path, env: Mapping[str, str]) -> int:
    """Run a command that talks with the user on the terminal, and return its exit code.

    Raises `CommandFailed` with exit code 127 when it can't be started. Nothing is masked.
    """
    sys.stdout.flush()
    try:
        return subprocess.run(args, cwd=cwd, env=dict(env), check=False).returncode  # noqa: S603
    except OSError as error:
        raise CommandFailed(shown(args), 127, str(error)) from error


@contextlib.contextmanager
def begun(args: tuple[str, ...], *, cwd: Path, env: Mapping[str, str]) -> Iterator[Begun]:
    """Start a command that waits for its standard input, and see that it is gone at the end.

    Raises `CommandFailed` with exit code 127 when it can't be started.
    """
    pipe = subprocess.PIPE
    try:
        process = subprocess.Popen(args, cwd=cwd, env=dict(env), stdin=pipe, stdout=pipe, stderr=pipe)  # noqa: S603
    except OSError as error:
        raise CommandFailed(shown(args), 127, str(error)) from error
    with process:
        try:
            yield Begun(args, process)
        finally:
            process.kill()


@dataclass(frozen=True)
class Begun:
    """A command that was started and waits to be told, on its standard input, what to do."""

    args: tuple[str, ...]
    process: subprocess.Popen[bytes]

    def finish(self, told: str) -> str:
        """Tell it, and return its standard output at its end. Raises `CommandFailed`."""
        output, errors = self.process.communicate(told.encode("utf-8", "surrogateescape"))
        if self.process.returncode:
            raise CommandFailed(shown(self.args), self.process.returncode, mask(text_of(output) + text_of(errors)))
        return text_of(output)


def module(name: str) -> tuple[str, ...]:
    """Return the command that runs a module of this environment as a program, as ``python -m`` does.

    The folder that it is run in is not on its path: a project's own ``build.py`` is not the one that is meant.
    """
    return (sys.executable, "-c", MODULE, name)


def shown(args: tuple[str, ...]) -> str:
    """Return a command as one line that can be pasted into a POSIX shell, secrets masked."""
    if MODULE in args:
        args = (args[0], "-m", *args[args.index(MODULE) + 1 :])
    return mask(" ".join(shlex.quote(arg) for arg in args))


def text_of(printed: bytes) -> str:
    """Return what was printed as text, with LF for its line ends."""
    # What is not UTF-8, such as a file name from git -z, keeps its bytes and can be encoded back.
    return printed.decode("utf-8", errors="surrogateescape").replace("\r\n", "\n")
