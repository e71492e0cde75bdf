"""The tools that a generated workflow installs next to a token, pinned with the hashes of their wheels.

Such a job has no checkout, so the hashes are written into the workflow. ``.ci/lock`` writes the files, for Linux;
newer ones come with a newer seatrial, which reports the workflows as outdated.
"""

from __future__ import annotations

from pathlib import Path

LOCKED_PYTHON = "3.13"
"""The Python of the wheels."""


def locked_install_lines(tool: str) -> tuple[str, ...]:
    """Return the lines of the command that installs a tool: wheels alone, for an sdist runs code when it is built."""
    requirements = Path(__file__).with_name(f"{tool}.txt").read_text(encoding="utf-8").splitlines()
    command = "python -m pip install --require-hashes --no-deps --only-binary :all: --requirement /dev/stdin <<'END'"
    return (command, *requirements, "END")
