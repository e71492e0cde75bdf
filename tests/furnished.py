"""Small packages whose build environment is there already, as it is at every run but the first."""

from __future__ import annotations

import trial
from harbour import furnish
from trial import HERE, Trial


def package(project: Trial, *sessions: str, backend: str = "hatchling", pythons: tuple[str, ...] = (HERE,)) -> Trial:
    """Write a small healthy package as `trial.package` does, with what a build needs beside it."""
    trial.package(project, *sessions, backend=backend, pythons=pythons)
    furnish(project, backend)
    return project
