"""The nox face: each call in a noxfile registers one session.

    import nox
    from seatrial import sessions

    nox.options.default_venv_backend = "uv|virtualenv"

    sessions.build()
    sessions.check()
    sessions.tests()
    sessions.mypy()
    sessions.lint()

What a session has to know it reads in pyproject.toml; keyword arguments bend it.
"""

from __future__ import annotations

from seatrial.sessions.artefacts import build, check
from seatrial.sessions.linting import lint
from seatrial.sessions.matrix import mypy, tests

__all__ = ["build", "check", "lint", "mypy", "tests"]
