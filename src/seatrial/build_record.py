"""What was built from which tree, kept in a file so that nothing is built twice."""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from seatrial import __version__, errors
from seatrial.errors import BuildError, SeatrialError
from seatrial.facts.distribution import Distribution

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from seatrial.source_tree import SourceTree


NEIGHBOURS = (".gitignore", ".gitkeep")
"""What else may lie in ``dist/``: build tools put it there."""

COMPANION = re.compile(r"\.(publish\.attestation|asc|sig)$")
"""How the name of a file goes on that belongs to a distribution."""

RACILY_CLEAN = 2_000_000_000
"""Nanoseconds before a look in which a write may have left no trace in the times."""


@dataclass(frozen=True)
class Built:
    """The distributions that were built from one tree.

    ``wheel``: the one that is tested. It lies in ``dist/``, to be published, only if it is the same wherever it was
    built: one that was compiled here is of use on this machine alone.
    ``needs``: the requirements of the wheel; ``modules``: those that may come from the wheel alone, dotted names;
    ``extra``: files of the tree that went into the build although git ignores them.
    """

    sdist: Distribution
    wheel: Distribution
    needs: tuple[str, ...]
    modules: tuple[str, ...]
    extra: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Distribution]:
        """Yield what is published: the sdist, then the wheel if it is for any machine."""
        return iter((self.sdist, self.wheel) if self.wheel.is_for_any_machine else (self.sdist,))


@dataclass(frozen=True)
class Look:
    """How a tree looked at one moment: ``when`` in nanoseconds since 1970, its signature and its content."""

    when: int
    signature: str
    content: str

    @classmethod
    def at(cls, tree: SourceTree) -> Look:
        """Look at a tree now."""
        return cls(time.time_ns(), tree.signature(), tree.content())


@dataclass(frozen=True)
class BuildRecord:
    """The file ``path`` that says what ``dist`` holds, and how the tree looked that it was built from."""

    path: Path
    dist: Path

    def find(self, tree: SourceTree) -> Built | None:
        """Return what was built from this very tree, if ``dist`` still holds that untouched and nothing beside it."""
        try:
            known: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
            look = Look(**known["look"])
            sdist, wheel = (Distribution(self.dist / name, *rest) for name, *rest in known["built"])
            wheel = replace(wheel, path=self.place(sdist, wheel))
            built = Built(sdist, wheel, *(tuple(known[name]) for name in ("needs", "modules", "extra")))
            both = (sdist, wheel)
            is_ours = known["seatrial"] == __version__ and [_written(one.path) for one in both] == known["written"]
            if not is_ours or set(self.lying()) != {one.path.name for one in built}:
                return None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        now = tree.with_files(PurePosixPath(name) for name in built.extra)
        # A file written just after the last look can differ although its times do not (git calls such an entry
        # racily clean), and file systems round times, FAT to 2 s: then the content decides.
        if look.signature == now.signature() and now.latest() < look.when - RACILY_CLEAN:
            return built
        return built if look.content == now.content() else None

    def place(self, sdist: Distribution, wheel: Distribution) -> Path:
        """Return where a wheel lies: in ``dist``, or, if it is for machines like this one, beside those for others."""
        folder = self.dist if wheel.is_for_any_machine else compiled(self.path.parent, sdist)
        return folder / wheel.path.name

    def lying(self) -> tuple[str, ...]:
        """Return the names of the files in ``dist``, without those that build tools put beside distributions."""
        found = (path.name for path in self.dist.iterdir() if path.name not in NEIGHBOURS)
        return tuple(sorted(name for name in found if not COMPANION.search(name)))

    def names(self) -> tuple[str, ...]:
        """Return the names of the files that were built last, whether or not they are there still."""
        try:
            known = json.loads(self.path.read_text(encoding="utf-8"))
            return tuple(str(name) for name, *_ in known["built"])
        except (OSError, ValueError, KeyError, TypeError):
            return ()

    def fail(self, run: str, error: SeatrialError) -> None:
        """Remember that building failed in this run."""
        known = {"run": run, "error": type(error).__name__, "what": error.what, "code": error.code, "fix": error.fix}
        self._failure.write_text(json.dumps(known), encoding="utf-8")

    def failure(self, run: str) -> SeatrialError | None:
        """Return how building failed before in this run: the sessions that come after need not try again."""
        try:
            known = json.loads(self._failure.read_text(encoding="utf-8"))
            kind: type[SeatrialError] = getattr(errors, known["error"], BuildError)
            return kind(known["what"], code=known["code"], fix=known["fix"]) if known["run"] == run else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    @property
    def _failure(self) -> Path:
        return self.path.with_suffix(".failed")

    def keep(self, look: Look, built: Built) -> None:
        """Remember what was built from the tree that looked so."""
        known = {
            "seatrial": __version__,
            "look": {"when": look.when, "signature": look.signature, "content": look.content},
            "built": [[one.path.name, one.size, one.sha256] for one in (built.sdist, built.wheel)],
            "needs": built.needs,
            "modules": built.modules,
            "extra": built.extra,
            "written": [_written(one.path) for one in (built.sdist, built.wheel)],
        }
        new = self.path.with_suffix(f".{os.getpid()}")
        new.write_text(json.dumps(known), encoding="utf-8")
        new.replace(self.path)


def compiled(state: Path, sdist: Distribution) -> Path:
    """Return the folder, below that for what is remembered, of the wheels that were compiled from an sdist."""
    return state / "compiled" / sdist.sha256[:16]


def _written(path: Path) -> list[int]:
    found = path.stat()
    return [found.st_size, found.st_mtime_ns]
