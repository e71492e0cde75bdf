"""The nox face: each call in a noxfile registers one session, or one for each Python.

Keyword arguments enter, nox sessions leave, through `registration`. Start with `build`.

    import nox
    from seatrial import sessions

    nox.options.default_venv_backend = "uv|virtualenv"

    sessions.build()
    sessions.check()
    sessions.tests()
    sessions.mypy()
    sessions.lint()

What a session needs is read from pyproject.toml; keyword arguments customise it.
"""

from __future__ import annotations

from seatrial.sessions.build import build, check
from seatrial.sessions.tests import lint, mypy, tests

__all__ = ["build", "check", "lint", "mypy", "tests"]
