"""Writes the proposed files, each atomically, so that an interrupted run can be repeated."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial.errors import ProjectError
from seatrial.git.repository import files_of_commit
from seatrial.project.safe_writes import restore_line_ends

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from seatrial.git.repository import Repository
    from seatrial.init.detect import DetectedProject
    from seatrial.init.files import Proposal


UNFINISHED_SUFFIX = ".seatrial"
"""The suffix of a file that is written and then moved into place."""


def write_proposal(detected: DetectedProject, proposal: Proposal) -> None:
    """Write all files. Raises `OSError` before any file is changed when one can't be written."""
    ready: list[tuple[Path, Path]] = []
    try:
        for file in proposal:
            target = (detected.repository.root / file.path).resolve()
            target.parent.mkdir(parents=True, exist_ok=True)
            old = target.read_bytes() if file.old is not None else b""
            _require_writable(target)
            # The same name in every run, so that the leftover of a run that was killed is replaced.
            new = target.with_name(f".{target.name}{UNFINISHED_SUFFIX}")
            ready.append((new, target))
            new.write_bytes(restore_line_ends(old, file.new.encode()))
            if file.old is not None:
                new.chmod(target.stat().st_mode)
        for new, target in ready:
            new.replace(target)
    finally:
        for new, _ in ready:
            with contextlib.suppress(FileNotFoundError):
                new.unlink()


def require_clean_files(detected: DetectedProject, proposal: Proposal) -> None:
    """Raise `NotMine` for a file with uncommitted changes, or outside of the repository."""
    repository = detected.repository
    committed = set(files_of_commit(replace(repository, prefix=""))) if repository.commit else set()
    unfinished = {Path(repository.root, name).resolve() for name in repository.unfinished}
    for file in proposal:
        path = repository.root / file.path
        if repository.root.resolve() not in path.resolve().parents:
            raise ProjectError(
                f"{path} leads out of the repository, to {path.resolve()}",
                code="NotMine",
                fix="make it a file of its own",
            )
        if file.path in committed and path.resolve() in unfinished:
            raise ProjectError(
                f"{path} has changes that are not committed, and seatrial would write into it",
                code="NotMine",
                fix=_commands(repository, file.path),
            )


def _commands(repository: Repository, path: PurePosixPath) -> str:
    # From the top of the repository (gitglossary(7), "pathspec"), because it can be typed in any folder.
    top = ":/" if repository.prefix else ""
    return f"git commit {top}{path}; or, to put it aside: git stash"


def _require_writable(target: Path) -> None:
    """Open a file for writing: a read-only file must not change, although it could be replaced."""
    if target.exists():
        with target.open("r+b"):
            pass
