"""Running ``python -m seatrial``, ``invoke`` and ``nox`` without loading them anew each time.

Starting them takes up to half of what a slow test takes. So one process per test run has loaded them, and forks
for each command: the child gets its own folder, environment, arguments and streams, runs the module as ``__main__``,
and ends by itself, but for taking its modules apart. What a new process makes truer (console scripts, start-up, another
locale, what an interpreter does last) starts a new one.

Run as a script, this is that process: it serves one request per connection of a Unix socket. A request holds the
streams (SCM_RIGHTS) and JSON, the fields of `Request`; the answer is the exit code as text,
negative for a signal.
"""

from __future__ import annotations

import array
import atexit
import contextlib
import gc
import importlib
import json
import os
import pkgutil
import random
import runpy
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


MODULES = ("seatrial", "invoke", "nox")
"""What can be run so."""

RUN_BY_SEATRIAL = (
    "bumpversion.cli",
    "comrak",
    "cryptography.hazmat.primitives.asymmetric.rsa",
    "email_validator",
    "encodings.cp437",
    "invoke.program",
    "jwt",
    "nox._cli",
    "pygments.styles.default",
    "python_discovery",
    "readme_renderer.markdown",
    "stdlib_list",
    "towncrier._shell",
    "trustme",
    "twine.__main__",
    "twine.commands.check",
    "twine.commands.upload",
    "uv",
    "validate_pyproject.api",
    "virtualenv.run",
)
"""Modules that are loaded along. Their byte code is kept: else each process that runs one compiles it again."""

READ_BY_PYTHON = ("PYTHON", "LANG", "LC_")
"""How the names of variables begin that Python reads when it starts."""

LENGTH = struct.Struct("!I")

LONGEST_ADDRESS = 100
"""Bytes in the path of a socket that every system takes (unix(7): 108 with the zero at the end, elsewhere 104)."""

IN_A_SESSION = ("setsid", "--wait")
"""What a command begins with that is to lead a session of its own (setsid(1)): a signal to its process group, as Ctrl-C
sends, reaches its children and nothing else."""


def can_run(args: Sequence[str], env: Mapping[str, str], usual: Mapping[str, str]) -> bool:
    """Whether a command can be run here; ``usual``: the environment in which the server was started."""
    command = _without_session(args)
    if sys.platform == "win32" or command[:2] != (sys.executable, "-m") or command[2] not in MODULES:
        return False
    return all(env.get(name) == usual.get(name) for name in {*env, *usual} if name.startswith(READ_BY_PYTHON))


def _without_session(args: Sequence[str]) -> tuple[str, ...]:
    return tuple(args[len(IN_A_SESSION) :] if tuple(args[: len(IN_A_SESSION)]) == IN_A_SESSION else args)


class Server:
    """The process that has loaded the tools, started when the first command needs it."""

    def __init__(self, folder: Path, env: Mapping[str, str]) -> None:
        """``folder``: where the socket lies; ``env``: the environment that the server is started in."""
        self.env = dict(env)
        self._path = folder / f"{os.getpid()}.socket"
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def run(self, args: Sequence[str], cwd: Path, env: Mapping[str, str]) -> tuple[int, bytes]:
        """Run ``python -m MODULE …``; return its exit code, and all that it printed on both streams."""
        self._start()
        command = _without_session(args)
        leads = len(command) < len(args)
        reader, writer = os.pipe()
        try:
            with socket.socket(socket.AF_UNIX) as connection, Path(os.devnull).open("rb") as nothing:
                connection.connect(str(self._path))
                request = json.dumps(
                    {"argv": command[2:], "cwd": str(cwd), "env": dict(env), "leads_session": leads}
                ).encode()
                descriptors = array.array("i", [nothing.fileno(), writer])
                ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, descriptors)]
                connection.sendmsg([LENGTH.pack(len(request))], ancillary)
                connection.sendall(request)
                os.close(writer)
                writer = -1
                with open(reader, "rb", closefd=False) as stream:
                    output = stream.read()
                return int(connection.makefile().read()), output
        finally:
            os.close(reader)
            if writer >= 0:
                os.close(writer)

    @property
    def is_reachable(self) -> bool:
        """Whether the path of its socket is short enough: below a long TMPDIR commands start new processes."""
        return len(os.fsencode(self._path)) <= LONGEST_ADDRESS

    def stop(self) -> None:
        """End the process."""
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._path.unlink()

    def _start(self) -> None:
        with self._lock:
            if self._process is None:
                args = (sys.executable, str(Path(__file__).resolve()), str(self._path))
                self._process = subprocess.Popen(args, env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
                assert self._process.stdout is not None
                assert self._process.stdout.readline() == b"ready\n"


def main(path: str) -> None:
    """Load the tools and serve; in the process of a command, run it and end as Python ends."""
    exit_codes: list[int] = []
    # What is registered first is called last.
    atexit.register(_end, exit_codes)
    _load()
    request = _next_request(path)
    _become(request)
    try:
        runpy.run_module(request.argv[0], run_name="__main__", alter_sys=True)
    except SystemExit as error:
        if error.code is None or isinstance(error.code, int):
            exit_codes.append(error.code or 0)
        raise
    exit_codes.append(0)


def _end(exit_codes: list[int]) -> None:
    """End a command that has ended with an exit code: its threads have ended, and what is called at exit was called.

    Only its modules are not taken apart, which takes longer than most commands: each touches all memory of the server.
    """
    if exit_codes:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(exit_codes[0] & 0xFF)


@dataclass(frozen=True)
class Request:
    """A command: what follows ``python -m``, its folder, its environment, and its two streams.

    ``leads_session``: whether it leads a session of its own.
    """

    argv: list[str]
    cwd: str
    env: dict[str, str]
    leads_session: bool
    standard_input: int
    output: int


def _load() -> None:
    import seatrial  # noqa: PLC0415 - by the server alone

    sys.dont_write_bytecode = False
    for module in pkgutil.walk_packages(seatrial.__path__, "seatrial."):
        if not module.name.endswith(("__main__", ".combine_coverage")):
            importlib.import_module(module.name)
    for name in RUN_BY_SEATRIAL:
        # Other releases of the tools have other modules.
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    # Else each process of a command looks through all of it for garbage when it ends, and has a copy made of it.
    gc.collect()
    gc.freeze()


def _next_request(path: str) -> Request:
    """Serve for ever; returns in the process of each command."""
    signal.signal(signal.SIGCHLD, _reap)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(path)
        listening.listen(16)
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while True:
            connection, _ = listening.accept()
            if not os.fork():
                break
            connection.close()
    return _serve(connection)


def _reap(_signal: int, _frame: object) -> None:
    """Wait for the processes that have ended: the processor time of an ignored child counts nowhere."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def _serve(connection: socket.socket) -> Request:
    """Start the process of a command, and answer with its exit code; returns in that process."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    head, ancillary, _, _ = connection.recvmsg(LENGTH.size, socket.CMSG_SPACE(8))
    streams = array.array("i")
    for _, _, data in ancillary:
        streams.frombytes(data)
    with connection.makefile("rb") as stream:
        fields = json.loads(stream.read(*LENGTH.unpack(head)))
    child = os.fork()
    if not child:
        connection.close()
        return Request(fields["argv"], fields["cwd"], fields["env"], fields["leads_session"], *streams)
    for stream_of_child in streams:
        os.close(stream_of_child)
    _, status = os.waitpid(child, 0)
    connection.sendall(str(os.waitstatus_to_exitcode(status)).encode())
    os._exit(0)


def _become(request: Request) -> None:
    """Make this process what a new one would be for a command."""
    if request.leads_session:
        os.setsid()
    for descriptor, stream in ((request.standard_input, 0), (request.output, 1), (request.output, 2)):
        os.dup2(descriptor, stream)
    os.closerange(3, max(request.standard_input, request.output) + 1)
    os.chdir(request.cwd)
    os.environ.clear()
    os.environ.update(request.env)
    time.tzset()
    random.seed()
    tempfile.tempdir = None
    sys.dont_write_bytecode = bool(request.env.get("PYTHONDONTWRITEBYTECODE"))
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the process
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False)  # noqa: SIM115
    sys.path[0] = request.cwd
    sys.argv = list(request.argv)


if __name__ == "__main__":
    main(sys.argv[1])
