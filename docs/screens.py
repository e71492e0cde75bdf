# /// script
# requires-python = ">=3.10"
# dependencies = ["pyte>=0.8", "rich>=13", "seatrial"]
#
# [tool.uv.sources]
# seatrial = { path = "..", editable = true }
# ///
"""Writes an SVG of each screen of seatrial, from real runs in a pseudo-terminal.

    uv run docs/screens.py FOLDER [NAME ...]

The screens show a package that `seatrial new` creates, with a bare repository as its remote.
"""

from __future__ import annotations

import fcntl
import io
import os
import pty
import select
import struct
import subprocess
import sys
import tempfile
import termios
import time
from dataclasses import dataclass
from pathlib import Path

import pyte
from record import NAME, SEATRIAL, lines_of, run
from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

ROWS = 70
SILENCE = 300
"""Seconds without output after which a command counts as stuck."""


@dataclass(frozen=True)
class Screen:
    """A screen: ``words``: what is typed after ``seatrial``; ``dialog``: texts to wait for, and the keys that follow.

    ``stop_at``: the text at which the screen is taken, and the command interrupted; ``folder``: below the work folder.
    """

    words: tuple[str, ...]
    dialog: tuple[tuple[str, bytes], ...] = ()
    stop_at: str = ""
    columns: int = 100
    folder: str = NAME
    environ: tuple[tuple[str, str], ...] = ()


SCREENS = {
    "help": Screen(("--help",)),
    "new": Screen(("new", "tide-pool", "--description", "A sample.", "--yes"), folder=""),
    "init": Screen(("init", "--no-try"), (("tasks.py     yes", b"\r"), ("(n) ", b"n\n")), folder="existing"),
    "status": Screen(("status",)),
    "preflight": Screen(("preflight", "minor")),
    "findings": Screen(("preflight", "minor"), folder="existing"),
    "menu": Screen(("release",), (("3  ", b""),), stop_at="3  "),
    "plan": Screen(("release", "minor"), (("(n) ", b"n\n"),)),
    "running": Screen(("rehearse", "minor"), stop_at="tests-"),
    "card": Screen(("rehearse", "minor")),
    "narrow": Screen(("rehearse", "minor", "--no-tests"), columns=60),
    "no-colour": Screen(("status",), environ=(("NO_COLOR", "1"),)),
    "failing": Screen(("release", "minor", "--yes")),
}


def main() -> None:
    """Make the package, and write the screens that were named, or all."""
    target = Path(sys.argv[1]).resolve()
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        environ = make_package(Path(work))
        for name in sys.argv[2:] or SCREENS:
            if name == "failing":
                fail_tests(Path(work, NAME), environ)
            screen = SCREENS[name]
            started = time.monotonic()
            lines = take(screen, Path(work, screen.folder), environ)
            console = Console(record=True, width=screen.columns, file=io.StringIO(), color_system="truecolor")
            console.print(Text.assemble(("$ ", "bold green"), " ".join(("seatrial", *screen.words))))
            for line in lines:
                console.print(line, no_wrap=True, overflow="crop")
            path = target / f"{name}.svg"
            path.write_text(console.export_svg(title="seatrial", theme=MONOKAI, unique_id=name), encoding="utf-8")
            print(f"{path}: {path.stat().st_size:,} bytes, {time.monotonic() - started:.0f} s")


def make_package(work: Path) -> dict[str, str]:
    """Make the package, its remote, and a project without seatrial; return the environment."""
    environ = {**os.environ, "HOME": str(work), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
    for variable, folder in (("UV_CACHE_DIR", ".cache/uv"), ("PIP_CACHE_DIR", ".cache/pip"), ("PYENV_ROOT", ".pyenv")):
        environ.setdefault(variable, str(Path.home() / folder))
    for key, value in (("user.name", NAME), ("user.email", f"{NAME}@example.org")):
        run(environ, work, "git", "config", "--global", key, value)
    address = f"https://github.com/acme/{NAME}.git"
    run(environ, work, SEATRIAL, "new", NAME, "--description", "A sample.", "--remote", address, "--yes")
    package, remote = work / NAME, work / "remote.git"
    run(environ, work, "git", "init", "--quiet", "--bare", "--initial-branch=main", str(remote))
    run(environ, package, "git", "config", f"url.{remote}.insteadOf", address)
    run(environ, package, "git", "push", "--quiet", "--set-upstream", "origin", "HEAD")
    run(environ, package, "git", "remote", "set-head", "origin", "--auto")
    existing = work / "existing"
    (existing / "src/harbour").mkdir(parents=True)
    (existing / "src/harbour/__init__.py").write_text('"""A sample."""\n\n__version__ = "1.2.0"\n')
    (existing / "tests").mkdir()
    (existing / "tests/test_harbour.py").write_text(
        "import harbour\n\n\ndef test_version() -> None:\n    assert harbour\n"
    )
    (existing / "pyproject.toml").write_text(
        '[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"\n\n[project]\nname = "harbour"\n'
        'version = "1.2.0"\ndescription = "A sample."\nrequires-python = ">=3.10"\n'
    )
    run(environ, existing, "git", "init", "--quiet", "--initial-branch=main")
    run(environ, existing, "git", "remote", "add", "origin", "https://github.com/acme/harbour.git")
    run(environ, existing, "git", "add", "--all")
    run(environ, existing, "git", "commit", "--quiet", "--message", "Begin")
    return environ


def fail_tests(package: Path, environ: dict[str, str]) -> None:
    """Commit and push a test that fails."""
    (package / "tests/test_failing.py").write_text("def test_arithmetic() -> None:\n    assert 1 + 1 == 3\n")
    run(environ, package, "git", "add", "--all")
    run(environ, package, "git", "commit", "--quiet", "--message", "Add a test")
    run(environ, package, "git", "push", "--quiet")


def take(screen: Screen, folder: Path, environ: dict[str, str]) -> list[Text]:
    """Run a command in a pseudo-terminal, and return its screen at the end, or at ``stop_at``."""
    terminal = pyte.Screen(screen.columns, ROWS)
    stream = pyte.ByteStream(terminal)
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, screen.columns, 0, 0))
    process = subprocess.Popen(
        (SEATRIAL, *screen.words),
        cwd=folder,
        env={**environ, **dict(screen.environ)},
        stdin=child,
        stdout=child,
        stderr=child,
        start_new_session=True,
    )
    os.close(child)
    waiting, lines = list(screen.dialog), None
    while select.select([parent], [], [], SILENCE)[0]:
        try:
            data = os.read(parent, 1 << 16)
        except OSError:  # Linux: the other end is closed
            break
        if not data:
            break
        stream.feed(data)
        if b"\x1b[6n" in data:
            os.write(parent, b"\x1b[1;1R")
        text = "\n".join(terminal.display)
        if screen.stop_at and screen.stop_at in text and lines is None:
            lines = lines_of(terminal)
            process.terminate()
        if waiting and waiting[0][0].rstrip() in text:
            os.write(parent, waiting.pop(0)[1])
    os.close(parent)
    process.wait()
    return lines if lines is not None else lines_of(terminal)


if __name__ == "__main__":
    main()
