"""The invoke face: ``ns`` is the collection of tasks that a project's tasks.py hands on.

from seatrial.tasks import ns
"""

from __future__ import annotations

import json as json_
import os
from pathlib import Path
from typing import TYPE_CHECKING

from invoke.collection import Collection
from invoke.exceptions import Exit
from invoke.tasks import task

if TYPE_CHECKING:
    from invoke.context import Context

__all__ = ["ns"]


@task(help={"json": "print the list as JSON"})
def pythons(context: Context, json: bool = False) -> None:  # noqa: ARG001, FBT001, FBT002 - invoke's shape
    """List the project's Pythons, and where each is installed.

    Example: invoke pythons --json
    """
    # Loaded when the task runs: `invoke -l` does without.
    from seatrial import interpreters, report  # noqa: PLC0415
    from seatrial.errors import SeatrialError  # noqa: PLC0415
    from seatrial.facts.project import Project  # noqa: PLC0415

    try:
        versions = Project.from_directory(Path.cwd()).pythons
    except SeatrialError as error:
        raise Exit(f"seatrial: {error}", code=error.exit_code) from None
    found = {one.version: one for one in interpreters.find(versions, os.environ)}
    missing = {version: interpreters.how_to_get(version, os.environ) for version in versions if version not in found}
    if json:
        listed = [
            {"python": version, "path": str(found[version].path) if version in found else None} for version in versions
        ]
        print(json_.dumps(listed))
    else:
        print(report.pythons(versions, found, missing))


ns = Collection("seatrial", pythons)
