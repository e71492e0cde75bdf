"""The only door to a subprocess.

A command is a tuple of arguments and never passes a shell. Where it runs and which environment variables it gets
are always explicit. Secrets are redacted in everything that is shown or raised.
"""

from __future__ import annotations

import contextlib
import fnmatch
import hashlib
import os
import re
import selectors
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

from seatrial.errors import ENDING_SIGNALS, CommandFailed
from seatrial.redaction import PUBLISHING_VARIABLE, is_for_installers, is_secret, redact, redact_values, secrets_of

WITHOUT_FOLDER = """\
import sys
sys.path[:] = [folder for folder in sys.path if folder]
"""
"""What keeps modules in the folder that a script is run in from being imported by it; sys is built in."""

MODULE = f"""\
{WITHOUT_FOLDER}import runpy
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


@dataclass(frozen=True)
class Completed:
    """What a command printed (``output``: standard output; ``errors``: standard error) and its exit code."""

    returncode: int
    output: str
    errors: str


def run(args: tuple[str, ...], *, cwd: Path, env: Mapping[str, str], umask: int = -1, on_terminal: bool = False) -> str:
    """Run a command to its end and return its standard output.

    Raises `CommandFailed` when it ends with an exit code other than 0 or can't be started. ``umask`` -1 keeps the
    one that is set; Windows has none. ``on_terminal``: as for `attempt`.
    """
    done = attempt(args, cwd=cwd, env=env, umask=umask, on_terminal=on_terminal)
    if done.returncode:
        # A build backend may show all that it finds in its environment.
        output = redact_values(done.output + done.errors, secrets_of(env))
        raise CommandFailed(render_command(args), done.returncode, output)
    return done.output


def attempt(
    args: tuple[str, ...], *, cwd: Path, env: Mapping[str, str], umask: int = -1, on_terminal: bool = False
) -> Completed:
    """Run a command to its end and return how it went, whatever its exit code.

    Raises `CommandFailed` with exit code 127 when it can't be started. Standard input is empty, so nothing waits
    for an answer. When this program is interrupted or terminated, so is all that the command has started; one that
    may ask on the terminal (``on_terminal``), such as git for a passphrase, is asked to end what it has started.
    """
    # Any: typeshed has a separate overload for each text mode, which no dict of options fits.
    options: dict[str, Any] = {} if sys.platform == "win32" else {"umask": umask}
    done: list[Completed] = []

    def end(process: subprocess.Popen[bytes]) -> None:
        # What has ended by itself may leave others running, such as gpg-agent.
        if not done:
            (_ask_to_end if on_terminal else _end)(process)

    with _running(args, cwd, env, end, start_new_session=not on_terminal, **options) as process:
        done.append(_completed(process, *process.communicate()))
    return done[0]


def _ask_to_end(process: subprocess.Popen[bytes]) -> None:
    """End a command in the session of this program, which is to end itself what it has started."""
    if process.poll() is None:
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=GRACE_SECONDS)
        process.kill()
        process.wait()


def run_interactively(args: tuple[str, ...], *, cwd: Path, env: Mapping[str, str], text: str | None = None) -> int:
    """Run a command that talks with the user on the terminal, and return its exit code.

    ``text``: what it reads, such as a pager; None for the words of the user. Raises `CommandFailed` with exit code 127
    when it can't be started. Nothing is masked.
    """
    sys.stdout.flush()
    read = None if text is None else text.encode()
    try:
        return subprocess.run(args, input=read, cwd=cwd, env=dict(env), check=False).returncode  # noqa: S603
    except OSError as error:
        raise CommandFailed(render_command(args), 127, str(error)) from error


@contextlib.contextmanager
def start_waiting(args: tuple[str, ...], *, cwd: Path, env: Mapping[str, str]) -> Iterator[WaitingCommand]:
    """Start a command that waits for its standard input, and see that it is gone at the end, with what it has started.

    Raises `CommandFailed` with exit code 127 when it can't be started.
    """

    def end(process: subprocess.Popen[bytes]) -> None:
        if process.returncode is None:
            _kill(process)
            process.wait()

    with _running(args, cwd, env, end, stdin=subprocess.PIPE) as process:
        yield WaitingCommand(args, process)


@dataclass(frozen=True)
class WaitingCommand:
    """A command that was started ahead, and waits for its task on standard input."""

    args: tuple[str, ...]
    process: subprocess.Popen[bytes]

    def finish(self, text: str) -> str:
        """Tell it, and return its standard output at its end. Raises `CommandFailed`."""
        done = self.attempt(text)
        if done.returncode:
            raise CommandFailed(render_command(self.args), done.returncode, redact(done.output + done.errors))
        return done.output

    def attempt(self, text: str, seconds: float | None = None) -> Completed:
        """Tell it, and return how it went, with `OUT_OF_TIME` as `run_detached` raises it; it is gone then."""
        try:
            output, errors = self.process.communicate(text.encode("utf-8", "surrogateescape"), seconds)
        except subprocess.TimeoutExpired:
            raise out_of_time(self.args, seconds) from None
        finally:
            # At once: the number of a process that has ended can be that of another later.
            _kill(self.process)
        return _completed(self.process, output, errors)


def script_command(script: str, *args: str) -> tuple[str, ...]:
    """Return the command that runs a script of ours with this Python; it imports nothing from the folder it runs in."""
    return (sys.executable, "-c", WITHOUT_FOLDER + script, *args)


def module_command(name: str) -> tuple[str, ...]:
    """Return the command that runs a module of this environment as a program, as ``python -m`` does.

    The folder that it is run in is not on its path: a project's own ``build.py`` is not the one that is meant.
    """
    return (sys.executable, "-c", MODULE, name)


def render_command(args: tuple[str, ...]) -> str:
    """Return a command as one line that can be pasted into a POSIX shell, secrets masked."""
    if MODULE in args:
        args = (args[0], "-m", *args[args.index(MODULE) + 1 :])
    return redact(" ".join(shlex.quote(arg) for arg in args))


def _completed(process: subprocess.Popen[bytes], output: bytes, errors: bytes) -> Completed:
    return Completed(process.returncode, text_of(output), text_of(errors))


def text_of(printed: bytes) -> str:
    """Return what was printed as text, with LF for its line ends."""
    # What is not UTF-8, such as a file name from git -z, keeps its bytes and can be encoded back.
    return printed.decode("utf-8", errors="surrogateescape").replace("\r\n", "\n")


GRACE_SECONDS = 10
"""Seconds that a command has to clean up when it is interrupted."""

POLL_SECONDS = 0.2
"""Seconds between two looks at a command that prints nothing: whether it has ended."""

PIECE = 1 << 16

OUT_OF_TIME = -9
"""The exit code of a command that is ended because it takes too long."""


def out_of_time(args: tuple[str, ...], seconds: float | None) -> CommandFailed:
    """Return the error about a command that is ended because it takes longer than it may."""
    return CommandFailed(render_command(args), OUT_OF_TIME, f"it had not ended after {seconds:g} s")


def run_detached(
    args: tuple[str, ...], *, cwd: Path, env: Mapping[str, str], seconds: float | None = None
) -> Completed:
    """Run a command to its end and return how it went.

    Raises `CommandFailed` with exit code 127 when it can't be started, and with `OUT_OF_TIME` when it has not ended
    after ``seconds``.
    """
    with _running(args, cwd, env, _end) as process:
        try:
            return _completed(process, *process.communicate(timeout=seconds))
        except subprocess.TimeoutExpired:
            raise out_of_time(args, seconds) from None


@dataclass
class Deadline:
    """When a command has to have ended: ``seconds`` from now on; whoever reads its output can put it off."""

    seconds: float

    def __post_init__(self) -> None:
        self.put_off(self.seconds)

    def put_off(self, seconds: float) -> None:
        """Count as many seconds anew."""
        self.seconds, self._end = seconds, time.monotonic() + seconds

    @property
    def remaining(self) -> float:
        """How many seconds are left, 0 when the time is up."""
        return max(0, self._end - time.monotonic())


def run_streaming(
    args: tuple[str, ...],
    *,
    cwd: Path,
    env: Mapping[str, str],
    say: Callable[[str], None],
    deadline: Deadline | None = None,
) -> Completed:
    """Run a command, hand on each line that it prints as it comes, masked, and return how it went.

    ``output`` has both of its streams. Raises `CommandFailed` with exit code 127 when it can't be started, and with
    `OUT_OF_TIME` when it has not ended at the ``deadline`` (on Windows, none holds).
    """
    printed, secrets = [], secrets_of(env)
    with _running(args, cwd, env, _end, stderr=subprocess.STDOUT) as process:
        for line in _lines(process, deadline):
            printed.append(redact_values(text_of(line), secrets))
            say(printed[-1].rstrip("\n"))
        try:
            process.wait(deadline.remaining if deadline else None)
        except subprocess.TimeoutExpired as error:
            raise out_of_time(args, deadline.seconds if deadline else error.timeout) from None
    return Completed(process.returncode, "".join(printed), "")


@contextlib.contextmanager
def signals_held() -> Iterator[None]:
    """Hold back Ctrl-C and `errors.ENDING_SIGNALS`, and let them in afterwards.

    Meanwhile runs what must not be cut: starting a process until its id is stored, removing a folder.
    A signal that is ignored, as a shell does for ``command &``, stays ignored; a process that is started in between can
    be interrupted all the same, because it starts without handlers of ours.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    received: list[int] = []
    signs = (signal.SIGINT, *ENDING_SIGNALS)
    before = {sign: signal.signal(sign, lambda number, _: received.append(number)) for sign in signs}
    try:
        yield
    finally:
        for sign, handler in before.items():
            signal.signal(sign, handler)
        for number in received[:1]:
            signal.raise_signal(number)


@contextlib.contextmanager
def _running(
    args: tuple[str, ...],
    cwd: Path,
    env: Mapping[str, str],
    end: Callable[[subprocess.Popen[bytes]], None],
    **more: Any,
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a command, by default in a session of its own, and ``end`` it; ``more``: as for `subprocess.Popen`.

    Raises `CommandFailed` with exit code 127 when it can't be started.
    """
    options = {"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE, "start_new_session": True, **more}
    process = None
    try:
        with signals_held():
            process = subprocess.Popen(args, cwd=cwd, env=dict(env), stdout=subprocess.PIPE, **options)  # noqa: S603
        yield process
    except OSError as error:
        if process is not None:
            raise
        raise CommandFailed(render_command(args), 127, str(error)) from error
    finally:
        if process is not None:
            with signals_held():
                end(process)
                for stream in (process.stdin, process.stdout, process.stderr):
                    if stream is not None:
                        stream.close()


def _lines(process: subprocess.Popen[bytes], deadline: Deadline | None = None) -> Iterator[bytes]:
    """Yield what a command prints, a line at a time, until it ends or the time is up.

    What it has started can go on, and keep its output open: that is not waited for.
    """
    stream = process.stdout
    if stream is None or sys.platform == "win32":
        yield from stream or ()
        return
    partial = b""
    with selectors.DefaultSelector() as selector:
        selector.register(stream, selectors.EVENT_READ)
        while deadline is None or deadline.remaining:
            # What it printed before it ended can still be read after.
            has_ended = process.poll() is not None
            if selector.select(timeout=0 if has_ended else POLL_SECONDS):
                piece = os.read(stream.fileno(), PIECE)
                *whole, partial = (partial + piece).split(b"\n")
                yield from (line + b"\n" for line in whole)
                if piece:
                    continue
                break
            if has_ended:
                break
    if partial:
        yield partial


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a command and all that it has started: asked first, while it runs, then made to."""
    if sys.platform == "win32":
        process.kill()
        process.wait()
        return
    if process.poll() is None:
        with contextlib.suppress(ProcessLookupError, subprocess.TimeoutExpired):
            os.killpg(process.pid, signal.SIGINT)
            process.wait(timeout=GRACE_SECONDS)
    _kill(process)
    process.wait()


def _kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a command that leads a session of its own, and all that it has started in it."""
    if sys.platform == "win32":
        process.kill()
        return
    # It may have ended already.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)


REPOSITORY_LOCAL = frozenset(
    (
        *("GIT_ALTERNATE_OBJECT_DIRECTORIES", "GIT_ATTR_SOURCE", "GIT_COMMON_DIR", "GIT_CONFIG", "GIT_DIR"),
        *("GIT_GLOB_PATHSPECS", "GIT_GRAFT_FILE", "GIT_ICASE_PATHSPECS", "GIT_IMPLICIT_WORK_TREE", "GIT_INDEX_FILE"),
        *("GIT_LITERAL_PATHSPECS", "GIT_NAMESPACE", "GIT_NOGLOB_PATHSPECS", "GIT_OBJECT_DIRECTORY", "GIT_PREFIX"),
        *("GIT_QUARANTINE_PATH", "GIT_REPLACE_REF_BASE", "GIT_SHALLOW_FILE", "GIT_WORK_TREE"),
    )
)
"""What git sets for a hook, and what would lead a git command of ours into another repository.

From ``git rev-parse --local-env-vars``, with what gives paths and attributes another meaning (git(1)); its
``GIT_CONFIG_*`` stay, because CI images set ``safe.directory`` so.
"""

SYSTEM_VARIABLE = (
    r"PATH|USER|USERNAME|LOGNAME|SHELL|TERM|LANG|LC_.*|TMPDIR|TMP|TEMP|NO_COLOR"
    # Windows: where the system and its programs are.
    r"|PATHEXT|COMSPEC|OS|SYSTEM(DRIVE|ROOT)|WINDIR|ALLUSERSPROFILE|PROGRAM(DATA|FILES.*)"
    r"|COMMONPROGRAM.*|HOME(DRIVE|PATH)|PROCESSOR_.*|NUMBER_OF_PROCESSORS"
    # The network: proxies, certificates, and the index that requirements come from.
    r"|(ALL|HTTPS?|NO|FTP)_PROXY|(CURL|REQUESTS)_CA_BUNDLE|SSL_CERT_(DIR|FILE)|NODE_EXTRA_CA_CERTS"
    r"|(PIP|UV)_(.*INDEX.*|CERT|CACHE_DIR|FIND_LINKS|TRUSTED_HOST|OFFLINE|NATIVE_TLS|DEFAULT_TIMEOUT|HTTP_TIMEOUT)"
    # Where compilers, their libraries and agents are found.
    r"|CC|CXX|LD|AR|FC|F77|SDKROOT|DEVELOPER_DIR|(LD_)?LIBRARY_PATH|CPATH|INCLUDE|LIB|LIBPATH|PKG_CONFIG_(PATH|LIBDIR)"
    r"|NIX_.*|CONDA_.*|V[SC][A-Z0-9]*(INSTALL|TOOLS|COMNTOOLS).*|(CARGO|RUSTUP|JAVA|PYENV|NVM)_(HOME|ROOT|DIR)|RUSTUP_TOOLCHAIN"
    r"|GOPATH|GOROOT|GOCACHE|GOMODCACHE|GOPROXY|SSH_AUTH_SOCK|SSH_AGENT_PID|GIT_(SSH.*|CONFIG_(COUNT|KEY_.*|VALUE_.*)|ASKPASS)"
)
"""The variables of the machine that a build of a commit gets: they find programs, folders, the network and the user.

It is a text, because few runs need it, and it takes longer to compile than the rest of this module to load.

Any other can change what is built: SETUPTOOLS_SCM_PRETEND_VERSION, HATCH_BUILD_NO_HOOKS, PYTHONOPTIMIZE, one that the
project's own setup.py reads."""

MODULES_VARIABLE = "PYTHONPATH"
"""Where every Python looks for modules first, before it looks into its own folders."""

NOT_INHERITED = frozenset(("LANGUAGE", "PYTHONINSPECT", "SEATRIAL_CALLED"))
"""The variables that no child inherits: how this program was called, that Python asks for commands at its end, and the
language of messages, which a glibc before 2.39 puts above a locale of C.UTF-8 (gettext, "Specifying a Priority List of
Languages")."""


def child_environment(pass_env: Collection[str] = (), /, **extra: str) -> dict[str, str]:
    """Return this process's environment for a child that runs code of the project, with ``extra`` set.

    Left out: `REPOSITORY_LOCAL`, `NOT_INHERITED`, and secrets (`redaction.is_secret`) but for those that ``pass_env``
    names (shell patterns, ``[tool.seatrial] pass-env``). Messages come in English.
    """
    return _environment(lambda name, value: is_secret(name, value) and not _matches(name, pass_env), extra)


def code_environment(pass_env: Collection[str] = (), /, **extra: str) -> dict[str, str]:
    """Return the environment of `child_environment` for a child that installs nothing, such as a build backend.

    Without the credentials for an index that requirements come from, unless ``pass_env`` names them.
    """
    inherited = child_environment(pass_env).items()
    kept = {name: value for name, value in inherited if not is_for_installers(name, value) or _matches(name, pass_env)}
    return {**kept, **extra}


def commit_environment(home: Path, pass_env: Collection[str] = (), /, **extra: str) -> dict[str, str]:
    """Return an environment for a build of a commit, which no variable and no configuration of this machine changes.

    Of `code_environment` it has `SYSTEM_VARIABLE` alone, and what ``pass_env`` names. ``home``: a folder for it.
    """
    inherited = code_environment(pass_env)
    kept = {
        name: value
        for name, value in inherited.items()
        if re.fullmatch(SYSTEM_VARIABLE, name, re.IGNORECASE) or _matches(name, pass_env)
    }
    return {**toolchains(), **kept, **home_variables(home), **extra}


def home_variables(home: Path) -> dict[str, str]:
    """Return the variables with which programs take a folder for the home of the user."""
    return {
        "HOME": str(home),
        "USERPROFILE": str(home),
        "APPDATA": str(home / "appdata"),
        "LOCALAPPDATA": str(home / "localappdata"),
        "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_DATA_HOME": str(home / "data"),
    }


def toolchains() -> dict[str, str]:
    """Return the variable for rustup's compilers, which it would look for in the home: cargo is one of its commands."""
    folder = Path.home() / ".rustup"
    return {"RUSTUP_HOME": str(folder)} if folder.is_dir() else {}


def user_environment(**extra: str) -> dict[str, str]:
    """Return this process's environment for a program that acts for the user, such as git, gh, uv and pip.

    They find the user's tokens in it, but nothing that lets them publish to an index.
    """
    return _environment(lambda name, _: PUBLISHING_VARIABLE.fullmatch(name) is not None, extra)


def publishing_environment(**extra: str) -> dict[str, str]:
    """Return this process's environment for the one child that uploads: with what lets its holder publish."""
    return _environment(lambda *_: False, extra)


def _environment(is_left_out: Callable[[str, str], bool], extra: Mapping[str, str]) -> dict[str, str]:
    unwanted = REPOSITORY_LOCAL | NOT_INHERITED
    kept = {name: value for name, value in os.environ.items() if name not in unwanted and not is_left_out(name, value)}
    return {**_without_project(kept), "LC_ALL": "C.UTF-8", **extra}


def _without_project(environ: dict[str, str]) -> dict[str, str]:
    """Return an environment without the folder of the project, and its ``src``, in PYTHONPATH."""
    value = environ.pop(MODULES_VARIABLE, "")
    own = (Path.cwd(), Path("src").absolute()) if value else ()
    folders = [folder for folder in value.split(os.pathsep) if folder and Path(folder).absolute() not in own]
    return {**environ, MODULES_VARIABLE: os.pathsep.join(folders)} if folders else environ


def _matches(name: str, patterns: Collection[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)


def names_of_variables() -> frozenset[str]:
    """Return the names of all environment variables of this process."""
    return frozenset(os.environ)


def withheld_variables(pass_env: Collection[str] = ()) -> list[str]:
    """Return the names of the variables that `code_environment` leaves out and `user_environment` has."""
    return sorted(user_environment().keys() - code_environment(pass_env).keys())


def publishing_removed() -> dict[str, str | None]:
    """Return what takes publishing secrets out of a session's environment: nox leaves out what is None."""
    return {name: None for name in os.environ if PUBLISHING_VARIABLE.fullmatch(name)}


def secrets_removed(pass_env: Collection[str] = ()) -> dict[str, str | None]:
    """Return `publishing_removed`, with the credentials of installers, for a command that installs nothing.

    ``pass_env``: as for `child_environment`.
    """
    environ = {name: value for name, value in os.environ.items() if not _matches(name, pass_env)}
    return {**publishing_removed(), **{name: None for name in environ if is_for_installers(name, environ[name])}}


def hash_of_variables(pattern: str | re.Pattern[str]) -> str:
    """Return a hash of the environment variables whose names match, "" if none is set: a value can be a secret."""
    variables = sorted((name, value) for name, value in os.environ.items() if re.fullmatch(pattern, name))
    return hashlib.sha256(repr(variables).encode("utf-8", "surrogateescape")).hexdigest() if variables else ""
