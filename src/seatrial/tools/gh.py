"""gh, GitHub's own command, where it is installed and logged in: it is asked, and starts runs."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

from seatrial import shell

if TYPE_CHECKING:
    from pathlib import Path


def is_there() -> bool:
    """Whether it is installed."""
    return shutil.which("gh") is not None


def ask(folder: Path, path: str) -> Any:
    """Return what GitHub answers; None when there is no gh, nobody is logged in, or there is no such thing."""
    if not is_there():
        return None
    done = shell.attempt(("gh", "api", path), cwd=folder, env=shell.environment(GH_PROMPT_DISABLED="1"))
    try:
        return json.loads(done.output) if not done.returncode else None
    except ValueError:
        return None


def start(folder: Path, repository: str, workflow: str, ref: str) -> str:
    """Start a workflow that can be started by hand, and return what gh says. Raises `CommandFailed`."""
    command = ("gh", "workflow", "run", workflow, "--repo", repository, "--ref", ref)
    return shell.run(command, cwd=folder, env=shell.environment(GH_PROMPT_DISABLED="1")).strip()
