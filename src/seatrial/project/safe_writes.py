"""Writing into a project: never through a link that leads outside, and put back when a tool fails half-way."""

from __future__ import annotations

import contextlib
import difflib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from seatrial.errors import ProjectError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


@dataclass(frozen=True)
class FileBackup:
    """Files as they were: contents by path, None for one that was not there."""

    contents: tuple[tuple[Path, bytes | None], ...]

    @classmethod
    def of(cls, paths: Iterable[Path]) -> FileBackup:
        """Read the files."""
        return cls(tuple((path, path.read_bytes() if path.is_file() else None) for path in dict.fromkeys(paths)))

    def put_back(self) -> None:
        """Write them as they were."""
        for path, content in self.contents:
            if content is None:
                path.unlink(missing_ok=True)
            elif not path.is_file() or path.read_bytes() != content:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)

    def restore_line_ends(self) -> None:
        """Give each file that was rewritten the line ends that it had."""
        for path, old in self.contents:
            if old is not None and path.is_file():
                new = path.read_bytes()
                restored = restore_line_ends(old, new)
                if restored != new:
                    path.write_bytes(restored)


@contextlib.contextmanager
def put_back_on_failure(paths: Iterable[Path]) -> Iterator[FileBackup]:
    """Read files, and write them as they were when the block raises."""
    backup = FileBackup.of(paths)
    try:
        yield backup
    except BaseException:
        backup.put_back()
        raise


def restore_line_ends(old: bytes, new: bytes) -> bytes:
    """Return ``new`` with the line ends of ``old``: a line that stayed keeps its own, a new one gets the usual one."""
    if b"\r\n" not in old:
        return new
    ends = [line.endswith(b"\r") for line in old.split(b"\n")[:-1]] or [False]
    usual = ends.count(True) * 2 >= len(ends)
    *before, _ = _without_line_ends(old)
    *after, unended = _without_line_ends(new)
    carriage = [usual] * len(after)
    if not all(ends):
        for block in difflib.SequenceMatcher(None, before, after, autojunk=False).get_matching_blocks():
            carriage[block.b : block.b + block.size] = ends[block.a : block.a + block.size]
    return b"".join(line + (b"\r\n" if has else b"\n") for line, has in zip(after, carriage)) + unended


def _without_line_ends(text: bytes) -> list[bytes]:
    """Return the lines without their ends, the last one being what follows the last end."""
    return text.replace(b"\r\n", b"\n").split(b"\n")


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
    for path in dict.fromkeys(paths):
        if leaves_repository(root, path):
            target = path.readlink() if path.is_symlink() else path
            raise ProjectError(
                f"{path} leads out of the repository, to {target}: nothing is written there",
                code="NotMine",
                fix="replace the link with a file or a folder, and commit it",
            )
