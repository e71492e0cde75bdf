"""The only door to a subprocess.

A command is a tuple of arguments and never passes a shell; where it runs and what it finds in its environment is
always said; what it printed is shown, and raised, with secrets masked.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shlex
import signal
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable

from seatrial.errors import CommandFailed
from seatrial.masking import mask

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

PUBLISHING = re.compile(
    r"(TWINE_|UV_PUBLISH_|FLIT_|HATCH_INDEX_|POETRY_PYPI_TOKEN_|POETRY_HTTP_BASIC_|PDM_PUBLISH_|MATURIN_"
    r"|ACTIONS_ID_TOKEN_REQUEST_).*|.*_ID_TOKEN|.*PYPI.*(TOKEN|PASSWORD).*"
)
"""Names of environment variables that let their holder publish: no build and no test ever sees them."""

GRACE = 10
"""Seconds that a command has to clean up when it is interrupted."""

REPOSITORY_LOCAL = frozenset(
    (
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_DIR",
        "GIT_GRAFT_FILE",
        "GIT_INDEX_FILE",
        "GIT_NAMESPACE",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_QUARANTINE_PATH",
        "GIT_REPLACE_REF_BASE",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    )
)
"""What git sets for a hook, and what would lead a git command of ours into another repository.

From ``git rev-parse --local-env-vars``; its ``GIT_CONFIG_*`` stay, because CI images set ``safe.directory`` so.
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
        raise CommandFailed(shown(args), done.returncode, mask(done.output + done.errors))
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
    return Completed(done.returncode, _text(done.stdout), _text(done.stderr))


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


def apart(args: tuple[str, ...], *, cwd: Path, env: Mapping[str, str], seconds: float | None = None) -> Completed:
    """Run a command in a session of its own, so that all that it starts ends with it, and return how it went.

    Raises `CommandFailed` with exit code 127 when it can't be started, and with -9 when it has not ended after
    ``seconds``. It has no terminal: nothing that may ask for a password is run so.
    """
    pipe, null = subprocess.PIPE, subprocess.DEVNULL
    try:
        process = subprocess.Popen(  # noqa: S603 - a tuple, and no shell
            args, cwd=cwd, env=dict(env), stdin=null, stdout=pipe, stderr=pipe, start_new_session=True
        )
    except OSError as error:
        raise CommandFailed(shown(args), 127, str(error)) from error
    with process:
        try:
            output, errors = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            _end(process)
            raise CommandFailed(shown(args), -9, f"it had not ended after {seconds} s") from None
        except BaseException:
            _end(process)
            raise
    return Completed(process.returncode, _text(output), _text(errors))


def follow(args: tuple[str, ...], *, cwd: Path, env: Mapping[str, str], say: Callable[[str], None]) -> Completed:
    """Run a command, hand on each line that it prints as it comes, masked, and return how it went.

    ``output`` has both of its streams. Raises `CommandFailed` with exit code 127 when it can't be started.
    """
    pipe, null, both = subprocess.PIPE, subprocess.DEVNULL, subprocess.STDOUT
    printed = []
    try:
        process = subprocess.Popen(  # noqa: S603 - a tuple, and no shell
            args, cwd=cwd, env=dict(env), stdin=null, stdout=pipe, stderr=both, start_new_session=True
        )
    except OSError as error:
        raise CommandFailed(shown(args), 127, str(error)) from error
    with process:
        try:
            for line in process.stdout or ():
                printed.append(mask(_text(line)))
                say(printed[-1].rstrip("\n"))
        except BaseException:
            _end(process)
            raise
    return Completed(process.returncode, "".join(printed), "")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a command that leads a session of its own, and all that it has started: asked first, then made to."""
    if sys.platform == "win32":
        process.kill()
        return
    for sign in (signal.SIGINT, signal.SIGKILL):
        # Nobody is left to be asked where all of it is gone.
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(process.pid, sign)
            process.communicate(timeout=GRACE)


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
            raise CommandFailed(shown(self.args), self.process.returncode, mask(_text(output) + _text(errors)))
        return _text(output)


def environment(**extra: str) -> dict[str, str]:
    """Return this process's environment for a child, with ``extra`` set.

    Left out: `REPOSITORY_LOCAL`, and whatever lets its holder publish. Messages come in English.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if name not in REPOSITORY_LOCAL and not PUBLISHING.fullmatch(name)
    }
    return {**kept, "LC_ALL": "C.UTF-8", **extra}


def without_secrets() -> dict[str, str | None]:
    """Return what takes publishing secrets out of a session's environment: nox leaves out what is None."""
    return {name: None for name in os.environ if PUBLISHING.fullmatch(name)}


def hash_of_variables(names: re.Pattern[str]) -> str:
    """Return a hash of the environment variables whose names match, "" if none is set: a value can be a secret."""
    found = sorted((name, value) for name, value in os.environ.items() if names.fullmatch(name))
    return hashlib.sha256(repr(found).encode("utf-8", "surrogateescape")).hexdigest() if found else ""


def shown(args: tuple[str, ...]) -> str:
    """Return a command as one line that can be pasted into a POSIX shell, secrets masked."""
    return mask(" ".join(shlex.quote(arg) for arg in args))


def _text(printed: bytes) -> str:
    # What is not UTF-8, such as a file name from git -z, keeps its bytes and can be encoded back.
    return printed.decode("utf-8", errors="surrogateescape").replace("\r\n", "\n")
