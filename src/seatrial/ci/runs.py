"""CI runs on GitHub, read with gh where it is installed and logged in."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial import process
from seatrial.errors import CommandFailed

if TYPE_CHECKING:
    from pathlib import Path


RUN_FIELDS = "databaseId,workflowName,headSha,event,status,conclusion,url"
GH_TIMEOUT = 30
"""Seconds that gh may take."""


@dataclass(frozen=True)
class Run:
    """A run: ``number``: its id; ``status``: queued, in_progress, completed; ``conclusion``: that of one that is."""

    number: int
    workflow: str
    status: str
    conclusion: str
    url: str

    @property
    def is_over(self) -> bool:
        """Whether nothing more will come from it."""
        return self.status == "completed"

    @property
    def has_failed(self) -> bool:
        """Whether it is over, and not well."""
        return self.is_over and self.conclusion not in {"success", "neutral", "skipped"}

    def as_dict(self) -> dict[str, object]:
        """Return it as a JSON object, as gh reports it."""
        return {
            "number": self.number,
            "workflow": self.workflow,
            "status": self.status,
            "conclusion": self.conclusion or None,
            "url": self.url,
        }

    def __str__(self) -> str:
        """Say what became of it."""
        return f"{self.workflow}: {self.conclusion if self.is_over else self.status.replace('_', ' ')}, {self.url}"


def has_gh() -> bool:
    """Whether it is installed."""
    return shutil.which("gh") is not None


def query_github(folder: Path, path: str) -> Any:
    """Return what GitHub answers; None without gh, without a login, or without such a resource."""
    return _gh_json(folder, "api", path)


def runs_for_tag(folder: Path, repository: str, tag: str, commit: str) -> tuple[Run, ...] | None:
    """Return the runs that the push of a tag has started, the newest first; None where gh does not answer.

    ``repository``: OWNER/NAME.
    """
    options = ("--repo", repository, "--branch", tag, "--limit", "50", "--json", RUN_FIELDS)
    listed = _gh_json(folder, "run", "list", *options)
    try:
        return None if listed is None else tuple(_run(run) for run in listed if run["headSha"] == commit)
    except (ValueError, KeyError, TypeError):
        return None


def start_workflow(folder: Path, repository: str, workflow: str, ref: str) -> str:
    """Start a workflow that can be started by hand, and return what gh says. Raises `CommandFailed`."""
    command = ("gh", "workflow", "run", workflow, "--repo", repository, "--ref", ref)
    return process.run(command, cwd=folder, env=_environment()).strip()


def _gh_json(folder: Path, *args: str) -> Any:
    """Return the JSON that gh prints, None where it prints none."""
    try:
        done = process.run_detached(("gh", *args), cwd=folder, env=_environment(), seconds=GH_TIMEOUT)
        return json.loads(done.output) if not done.returncode else None
    except (CommandFailed, ValueError):
        return None


def _environment() -> dict[str, str]:
    return process.user_environment(GH_PROMPT_DISABLED="1", NO_COLOR="1")


def _run(run: dict[str, Any]) -> Run:
    return Run(
        int(run["databaseId"]),
        str(run["workflowName"]),
        str(run["status"]),
        str(run.get("conclusion") or ""),
        str(run["url"]),
    )
