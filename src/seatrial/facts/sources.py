"""A project at a commit, with all of it that is promised to those who install it or run its tests."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from seatrial.facts.listing import Listing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seatrial.facts.project import Project
    from seatrial.facts.workflow import Workflow

TYPES = {".md": "text/markdown", ".markdown": "text/markdown", ".rst": "text/x-rst", ".txt": "text/plain"}
"""What the suffix of a README says of its format (the pyproject.toml specification, ``readme``)."""


@dataclass(frozen=True)
class Sources:
    """``files``: those that git knows, below the project; ``home``: owner and name of the repository on the forge."""

    project: Project
    files: tuple[PurePosixPath, ...]
    listing: Listing = field(default_factory=Listing)
    workflows: tuple[Workflow, ...] = ()
    home: tuple[str, str] = ("", "")

    @property
    def table(self) -> Mapping[str, Any]:
        """The ``[project]`` of pyproject.toml, empty where the metadata stand elsewhere."""
        found: Mapping[str, Any] = self.project.table.get("project", {})
        return found

    @property
    def says_all(self) -> bool:
        """Whether the metadata stand in ``[project]``."""
        return "project" in self.project.table

    def is_open(self, key: str) -> bool:
        """Whether the build backend fills in a key of ``[project]``."""
        dynamic = self.table.get("dynamic")
        return isinstance(dynamic, list) and key in dynamic

    @property
    def readme(self) -> PurePosixPath | None:
        """The file that ``readme`` names, None when it names none."""
        told = self.table.get("readme")
        name = told.get("file") if isinstance(told, dict) else told
        return PurePosixPath(name) if isinstance(name, str) and name else None

    @property
    def readme_type(self) -> str:
        """The format that ``readme`` names, or that the suffix of its file stands for; "" for none."""
        told = self.table.get("readme")
        if isinstance(told, dict) and isinstance(told.get("content-type"), str):
            return str(told["content-type"]).partition(";")[0].strip().lower()
        return TYPES.get(self.readme.suffix.lower(), "") if self.readme else ""

    @property
    def readme_text(self) -> str:
        """What the README says, "" when it can't be read."""
        try:
            return (self.project.root / self.readme).read_text(encoding="utf-8") if self.readme else ""
        except (OSError, ValueError):
            return ""

    @property
    def urls(self) -> dict[str, str]:
        """The ``[project.urls]``."""
        told = self.table.get("urls")
        return {str(label): str(url) for label, url in told.items()} if isinstance(told, dict) else {}
