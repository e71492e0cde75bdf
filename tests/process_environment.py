"""The environment of the tests, the same however they are started: variables, umask, time zone, signals."""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

from sample_project import environment

if TYPE_CHECKING:
    from collections.abc import Iterator


NPM_PREFIX = "npm_config_"
"""How the names of variables begin, in either case, that say where npm installs from, and that what installs needs."""

PYTEST_PREFIXES = ("COVERAGE_", "COV_CORE_", "HYPOTHESIS_", "PYTEST_")
"""How the names of variables begin that steer the run itself, and that its workers get."""

GH_VARIABLE = "PYTEST_GH"
"""The variable with the path of gh: only its own tests find it, because what seatrial says depends on it."""

SIGNALS = (
    signal.SIGINT,
    signal.SIGTERM,
    *((signal.SIGHUP, signal.SIGQUIT) if sys.platform != "win32" else ()),
)
"""Signals that a shell (``command &``), nohup or pytest-xdist has ignored in what it starts."""


def isolate() -> None:
    """Give this process, and so all tests and commands, an environment of its own, time in UTC and a plain umask.

    The variables are those of a command in a small project (`sample_project.environment`), and a HOME that is empty.
    """
    home = Path(tempfile.mkdtemp(prefix="seatrial-home-"))
    atexit.register(shutil.rmtree, home, ignore_errors=True)
    _hide_gh(home / "bin")
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(PYTEST_PREFIXES) or name.lower().startswith(NPM_PREFIX)
    }
    npm = {"NPM_CONFIG_USERCONFIG": str(Path.home() / ".npmrc")}
    # hypothesis keeps what it computes of Unicode and of the modules: not in the checkout.
    storage = {"HYPOTHESIS_STORAGE_DIRECTORY": str(home / "hypothesis")}
    variables = {**storage, **npm, **kept, **environment(home), "TZ": "UTC"}
    # Only commands are kept from colours here: pytest itself is coloured as its user chooses.
    variables.pop("NO_COLOR")
    os.environ.clear()
    os.environ.update(variables)
    os.umask(0o022)
    if sys.platform != "win32":
        time.tzset()


def _hide_gh(links: Path) -> None:
    """Take gh off PATH: links to all other programs of its folders, in ``links``, replace these folders."""
    folders = os.environ["PATH"].split(os.pathsep)
    for number, folder in enumerate(folders):
        gh = Path(folder, "gh")
        if sys.platform == "win32" or not gh.exists():
            continue
        os.environ[GH_VARIABLE] = str(gh)
        folders[number] = str(links / str(number))
        Path(folders[number]).mkdir(parents=True)
        for program in gh.parent.iterdir():
            if program != gh:
                Path(folders[number], program.name).symlink_to(program)
    os.environ["PATH"] = os.pathsep.join(folders)


@contextlib.contextmanager
def default_signals() -> Iterator[None]:
    """Have signals end a process: a test that sends one to itself or to a command would otherwise not end."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    usual = {number: signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL for number in SIGNALS}
    ignored = [number for number in SIGNALS if signal.getsignal(number) is signal.SIG_IGN]
    for number in ignored:
        signal.signal(number, usual[number])
    try:
        yield
    finally:
        for number in ignored:
            signal.signal(number, signal.SIG_IGN)
