"""The command ``seatrial``: the same tasks as a program, for a project without a tasks.py."""

from __future__ import annotations

from invoke.program import Program

from seatrial import __version__
from seatrial.tasks import ns


def main() -> None:
    """Run the task that the command line names."""
    Program(name="seatrial", binary="seatrial", namespace=ns, version=__version__).run()
