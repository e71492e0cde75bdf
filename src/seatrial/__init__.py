"""Nox sessions and invoke tasks that test, rehearse and release Python packages."""

from __future__ import annotations

import contextlib
import os
import sys

__all__ = ["__version__"]

__version__ = "0.1.0.dev0"


def _search_project_last() -> None:
    """Put the folder that a program runs in, and those above it, at the end of sys.path.

    invoke, and ``python -m``, put it first: then a project's own ``build.py`` or ``jinja2.py``, committed or not, would
    run in place of what seatrial depends on.
    """
    with contextlib.suppress(OSError):
        here = os.path.join(os.getcwd(), "")  # noqa: PTH109, PTH118 - each start waits for this, and not for pathlib
        sys.path.sort(key=lambda folder: here.startswith(os.path.join(folder, "")))  # noqa: PTH118


_search_project_last()
