# /// script
# requires-python = ">=3.10"
# dependencies = ["pyte>=0.8", "rich>=13", "seatrial"]
#
# [tool.uv.sources]
# seatrial = { path = "..", editable = true }
# ///
"""Records docs/images/rehearsal.svg: the rehearsal of a new package, in a pseudo-terminal.

    uv run docs/record.py

The package is created by `seatrial new` in a temporary folder and pushed to a bare repository next to it. pyte turns
what the terminal receives into a screen; rich draws the last screen.
"""

from __future__ import annotations

import fcntl
import io
import itertools
import os
import pty
import re
import struct
import subprocess
import sys
import tempfile
import termios
from pathlib import Path

import pyte
from rich.console import Console
from rich.style import Style
from rich.terminal_theme import MONOKAI
from rich.text import Text

from seatrial.index.destination import pip_index_url

EXAMPLE_INDEX = "https://pkg.test/simple/"
"""What the image has for the index that pip installs from on this machine."""

IMAGE = Path(__file__).resolve().parent / "images/rehearsal.svg"
NAME = "seatrial-sample"
COLUMNS, ROWS = 110, 90
SEATRIAL = str(Path(sys.executable).with_name("seatrial"))
COMMAND = ("rehearse", "minor")
BRIGHT = re.compile("^bright(?=.)")


def main() -> None:
    """Create the package, rehearse its first release, and write the image."""
    with tempfile.TemporaryDirectory() as folder:
        package, remote = Path(folder, NAME), Path(folder, "remote.git")
        environ = {**os.environ, "HOME": folder, "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        # The caches of uv and pip are below the home that this process has.
        environ.setdefault("UV_CACHE_DIR", str(Path.home() / ".cache/uv"))
        environ.setdefault("PIP_CACHE_DIR", str(Path.home() / ".cache/pip"))
        environ.setdefault("PYENV_ROOT", str(Path.home() / ".pyenv"))
        for name, value in (("user.name", NAME), ("user.email", f"{NAME}@example.org")):
            run(environ, folder, "git", "config", "--global", name, value)
        address = f"https://github.com/acme/{NAME}.git"
        run(environ, folder, SEATRIAL, "new", NAME, "--description", "A sample.", "--remote", address, "--yes")
        run(environ, folder, "git", "init", "--quiet", "--bare", "--initial-branch=main", str(remote))
        run(environ, package, "git", "config", f"url.{remote}.insteadOf", address)
        run(environ, package, "git", "push", "--quiet", "--set-upstream", "origin", "HEAD")
        run(environ, package, "git", "remote", "set-head", "origin", "--auto")
        screen = pyte.Screen(COLUMNS, ROWS)
        play(screen, package, environ)
    IMAGE.parent.mkdir(exist_ok=True)
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), color_system="truecolor")
    console.print(Text.assemble(("$ ", "bold green"), " ".join(("seatrial", *COMMAND))))
    for line in lines_of(screen):
        console.print(line, no_wrap=True, overflow="crop")
    image = console.export_svg(title="seatrial", theme=MONOKAI, unique_id="rehearsal")
    IMAGE.write_text(image.replace(pip_index_url(os.environ), EXAMPLE_INDEX), encoding="utf-8")
    print(f"{IMAGE}: {IMAGE.stat().st_size:,} bytes")


def run(environ: dict[str, str], folder: str | Path, *args: str) -> None:
    """Run a command without its output."""
    subprocess.run(args, cwd=folder, env=environ, check=True, stdout=subprocess.DEVNULL)


def play(screen: pyte.Screen, folder: Path, environ: dict[str, str]) -> None:
    """Run the command in a pseudo-terminal until it ends, and feed what it writes to the screen."""
    stream = pyte.ByteStream(screen)
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    process = subprocess.Popen(
        (SEATRIAL, *COMMAND), cwd=folder, env=environ, stdin=child, stdout=child, stderr=child, start_new_session=True
    )
    os.close(child)
    while True:
        try:
            data = os.read(parent, 1 << 16)
        except OSError:  # Linux: the other end is closed
            break
        if not data:
            break
        stream.feed(data)
    os.close(parent)
    if process.wait():
        raise SystemExit("\n".join(["the rehearsal failed:", *(line.plain for line in lines_of(screen))]))


def lines_of(screen: pyte.Screen) -> list[Text]:
    """Return the lines of the screen with their styles, without empty ones at the end."""
    lines = []
    for row in range(screen.lines):
        cells = (screen.buffer[row][column] for column in range(screen.columns))
        line = Text()
        for style, run_of_cells in itertools.groupby(cells, style_of):
            line.append("".join(cell.data for cell in run_of_cells), style)
        line.rstrip()
        lines.append(line)
    while lines and not lines[-1].plain:
        lines.pop()
    return lines


def style_of(cell: pyte.screens.Char) -> Style:
    """Return the style of a cell; pyte names colours as ANSI does, or by six hexadecimal digits."""
    return Style(
        color=colour_of(cell.fg), bgcolor=colour_of(cell.bg), bold=cell.bold, italic=cell.italics, reverse=cell.reverse
    )


def colour_of(name: str) -> str | None:
    """Return the name that rich has for a colour."""
    if name == "default":
        return None
    if re.fullmatch("[0-9a-f]{6}", name):
        return f"#{name}"
    # pyte calls ANSI's yellow brown.
    return BRIGHT.sub("bright_", name).replace("brown", "yellow")


if __name__ == "__main__":
    main()
