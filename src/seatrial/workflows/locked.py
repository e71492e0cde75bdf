"""The tools that a generated workflow brings beside a token: with the hashes of their wheels, written out.

Such a job has no checkout, so there is no file of the project to install them from, and none that could be changed.
``.ci/lock`` writes the files, for Linux; a newer one comes with a newer seatrial, and then the workflows have drifted.
"""

from __future__ import annotations

from pathlib import Path

PYTHON = "3.13"
"""The Python of the wheels."""


def installing(tool: str) -> tuple[str, ...]:
    """Return the lines of the command that installs a tool: wheels alone, for an sdist runs code when it is built."""
    requirements = Path(__file__).with_name(f"{tool}.txt").read_text(encoding="utf-8").splitlines()
    command = "python -m pip install --require-hashes --no-deps --only-binary :all: --requirement /dev/stdin <<'END'"
    return (command, *requirements, "END")
