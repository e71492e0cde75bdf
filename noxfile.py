"""seatrial tests itself with its own sessions: this is all that a project's noxfile needs."""

from __future__ import annotations

import nox

from seatrial.sessions.build import build, check
from seatrial.sessions.tests import lint, mypy, tests

nox.options.default_venv_backend = "uv|virtualenv"

# Slow tests get a worker for each core (tests/conftest.py).
PYTEST = ["pytest", "-n", "auto"]

build()
check()
# The newest Python runs all tests, the others the fast ones; `lowest` runs a selection of the slow ones: longest first.
tests(tags=["ci"], pythons=["3.13", "3.9", "3.10", "3.11", "3.12"], command=PYTEST)
tests(
    name="fast",
    pythons=["3.13", "3.9"],
    command=["pytest", "--layer", "fast"],
    tags=["release"],
    default=False,
)
tests(
    name="workflows",
    pythons=["3.13"],
    groups=["workflows"],
    command=["pytest", "-m", "linters", "tests/workflows"],
    tags=["ci"],
    default=False,
)
mypy(tags=["ci"])
lint()


@nox.session(python="3.9", venv_backend="uv", default=False, tags=["ci"])
def lowest(session: nox.Session) -> None:
    """Run the fast tests and the selection on the oldest Python with the oldest dependencies of pyproject.toml."""
    lowest_direct = ("--resolution", "lowest-direct")
    session.install("--group", "test", ".", *lowest_direct)
    session.run(*PYTEST, "--layer", "selection", *session.posargs)
