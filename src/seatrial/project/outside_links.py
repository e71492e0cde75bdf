"""Symbolic links that lead out of a repository: nothing is written through them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from seatrial.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def leaves_repository(root: Path, path: Path) -> bool:
    """Whether a path leads out of the repository around ``root``, by a symbolic link or otherwise."""
    top = next((folder for folder in (root, *root.parents) if (folder / ".git").exists()), root)
    try:
        target = path.resolve()
    except (OSError, RuntimeError):
        # Python before 3.13 raises RuntimeError for links in a circle.
        return True
    return top.resolve() not in (target, *target.parents)


def require_inside(root: Path, paths: Iterable[Path]) -> None:
    """Raise `NotMine` for a path that leads out of the repository around ``root``."""
    for path in paths:
        if leaves_repository(root, path):
            target = path.readlink() if path.is_symlink() else path
            raise ProjectError(
                f"{path} leads out of the repository, to {target}: nothing is written there",
                code="NotMine",
                fix="replace the link with a file or a folder, and commit it",
            )
