"""What would be written into a project: values, and the diff that shows them."""

from __future__ import annotations

import difflib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import PurePosixPath


@dataclass(frozen=True)
class ProposedFile:
    """A file as it is and as it would be, below the top of the repository; ``old`` is None where there is none.

    The line ends of both texts are LF.
    """

    path: PurePosixPath
    old: str | None
    new: str

    @property
    def diff(self) -> str:
        """The change as a unified diff, headed as git heads it."""
        before = f"a/{self.path}" if self.old is not None else "/dev/null"
        old, new = (self.old or "").splitlines(keepends=True), self.new.splitlines(keepends=True)
        told = "".join(_whole(line) for line in difflib.unified_diff(old, new, before, f"b/{self.path}"))
        return told or f"--- {before}\n+++ b/{self.path}\n"

    @property
    def lines(self) -> int:
        """How many lines are added or taken away."""
        return sum(line[:1] in "+-" and line[:3] not in {"+++", "---"} for line in self.diff.splitlines())


@dataclass(frozen=True)
class Proposal:
    """All that would be written, and ``remarks`` about what is left to the user."""

    files: tuple[ProposedFile, ...] = ()
    remarks: tuple[str, ...] = field(default=())

    @property
    def diff(self) -> str:
        """All changes, one after the other."""
        return "".join(one.diff for one in self.files)

    @property
    def lines(self) -> int:
        """How many lines change."""
        return sum(one.lines for one in self.files)

    def __iter__(self) -> Iterator[ProposedFile]:
        return iter(self.files)


def _whole(line: str) -> str:
    """Return a line of a diff that ends; git says so of one that did not."""
    return line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
