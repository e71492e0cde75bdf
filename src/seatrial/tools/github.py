"""The runs of CI on GitHub, asked through ``gh``, which is logged in where it is used at all."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from seatrial import shell
from seatrial.errors import CommandFailed

if TYPE_CHECKING:
    from pathlib import Path

FIELDS = "databaseId,workflowName,headSha,event,status,conclusion,url"
PATIENCE = 30
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

    def __str__(self) -> str:
        """Say what became of it."""
        return f"{self.workflow}: {self.conclusion if self.is_over else self.status.replace('_', ' ')}, {self.url}"


def runs(folder: Path, repository: str, tag: str, commit: str) -> tuple[Run, ...] | None:
    """Return the runs that the push of a tag has started, the newest first; None where gh can't tell.

    ``repository``: OWNER/NAME.
    """
    listed = ("run", "list", "--repo", repository, "--branch", tag, "--limit", "50", "--json", FIELDS)
    try:
        done = shell.apart(("gh", *listed), cwd=folder, env=shell.environment(NO_COLOR="1"), seconds=PATIENCE)
        found = json.loads(done.output) if not done.returncode else None
        return None if found is None else tuple(_run(one) for one in found if one["headSha"] == commit)
    except (CommandFailed, ValueError, KeyError, TypeError):
        return None


def _run(told: dict[str, Any]) -> Run:
    return Run(
        int(told["databaseId"]),
        str(told["workflowName"]),
        str(told["status"]),
        str(told.get("conclusion") or ""),
        str(told["url"]),
    )
