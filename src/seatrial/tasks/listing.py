"""What the machine has for the project."""

# What a task does is loaded when it runs: `invoke -l` does without.
# ruff: noqa: PLC0415

from __future__ import annotations

import json as json_
import os
from typing import TYPE_CHECKING

from invoke.tasks import task

from seatrial.tasks.facing import one_message, project_folder, show

if TYPE_CHECKING:
    from invoke.context import Context


@task(help={"json": "print the list as JSON"})
def pythons(context: Context, json: bool = False) -> None:  # noqa: ARG001, FBT001, FBT002 - invoke's shape
    """List the project's Pythons, and where each is installed.

    Example: invoke pythons --json
    """
    from seatrial import interpreters, report
    from seatrial.facts.project import Project

    with one_message():
        versions = Project.from_directory(project_folder()).pythons
        found = {one.version: one for one in interpreters.find(versions, os.environ)}
        missing = {
            version: interpreters.how_to_get(version, os.environ) for version in versions if version not in found
        }
        if json:
            paths = {version: str(found[version].path) if version in found else None for version in versions}
            show(json_.dumps([{"python": version, "path": path} for version, path in paths.items()]))
        else:
            show(report.pythons(versions, found, missing))
