"""Writing what was proposed: every file whole or not at all, so that a run that was cut short can be run again."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from seatrial import line_ends
from seatrial.errors import ProjectError
from seatrial.tools import checkout

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from seatrial.adoption.looking import Found
    from seatrial.adoption.proposal import Proposal
    from seatrial.facts.repository import Repository

UNFINISHED = ".seatrial"
"""How the name of a file ends that is not in its place yet."""


def write(found: Found, proposal: Proposal) -> None:
    """Write all files. Raises `OSError` before the first of them is changed where one can't be written."""
    ready: list[tuple[Path, Path]] = []
    try:
        for one in proposal:
            target = (found.repository.root / one.path).resolve()
            target.parent.mkdir(parents=True, exist_ok=True)
            old = target.read_bytes() if one.old is not None else b""
            _insist_on_writable(target)
            # The same name in every run: what one that was killed has left, the next one takes.
            new = target.with_name(f".{target.name}{UNFINISHED}")
            ready.append((new, target))
            new.write_bytes(line_ends.restored(old, one.new.encode()))
            if one.old is not None:
                new.chmod(target.stat().st_mode)
        for new, target in ready:
            new.replace(target)
    finally:
        for new, _ in ready:
            with contextlib.suppress(FileNotFoundError):
                new.unlink()


def insist(found: Found, proposal: Proposal) -> None:
    """Raise `NotMine` for a file with unfinished work in it, or outside of the repository."""
    repository = found.repository
    known = set(checkout.files(replace(repository, prefix=""))) if repository.commit else set()
    unfinished = {Path(repository.root, name).resolve() for name in repository.unfinished}
    for one in proposal:
        path = repository.root / one.path
        if repository.root.resolve() not in path.resolve().parents:
            raise ProjectError(
                f"{path} leads out of the repository, to {path.resolve()}",
                code="NotMine",
                fix="make it a file of its own",
            )
        if one.path in known and path.resolve() in unfinished:
            raise ProjectError(
                f"{path} has changes that are not committed, and seatrial would write into it",
                code="NotMine",
                fix=_commands(repository, one.path),
            )


def _commands(repository: Repository, path: PurePosixPath) -> str:
    # From the top of the repository (gitglossary(7), "pathspec"): nobody knows from where it is typed.
    top = ":/" if repository.prefix else ""
    return f"git commit {top}{path}; or, to put it aside: git stash"


def _insist_on_writable(target: Path) -> None:
    """Open a file for writing: a file that is read-only is meant to stay, although it could be replaced."""
    if target.exists():
        with target.open("r+b"):
            pass
