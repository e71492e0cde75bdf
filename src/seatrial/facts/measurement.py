"""Whether a project measures what its tests run (coverage, "Configuration reference")."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seatrial.facts.project import Project

SESSION = "coverage"
"""The session that brings together what the tests on all Pythons have measured."""

DATA = ".nox/.cache/seatrial/coverage"
"""Where each of them leaves it, in the project's folder, unless the noxfile has its environments elsewhere."""

HANDED = "SEATRIAL_MEASURED"
"""The environment variable that names a folder with what other jobs have measured: then no test is run again."""


def is_used(project: Project) -> bool:
    """Whether coverage is configured."""
    return project.configures("coverage", ".coveragerc") or project.configures_in_ini(
        "coverage:run", "setup.cfg", "tox.ini"
    )
