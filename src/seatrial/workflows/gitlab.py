"""The pipeline of GitLab (GitLab, "CI/CD YAML syntax reference")."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from seatrial.workflows.shape import Shape


def pipeline(shape: Shape) -> str:
    """Return the pipeline."""
    return f"# {shape.name}\n"
