"""A release on an index, compared with its manifest: which files are there, and whether they are the same."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seatrial.index.client import IndexFile


class IndexState(Enum):
    """What became of a release on an index."""

    NOT_THERE = "not there"
    PARTLY = "partly there"
    OTHER_BYTES = "there with other bytes"
    YANKED = "yanked"
    PUBLISHED = "published, byte for byte"


@dataclass(frozen=True)
class ReleaseOnIndex:
    """A release on an index.

    ``index``: the address of its simple API, fit to be shown; ``wanted``: the files that were proved, names to SHA-256;
    ``served``: those of the version that the index has; ``known``: whether it knows the project at all;
    ``is_rebuilt``: whether what is wanted was built from the tag later, as the proof of the release is not here.
    """

    project: str
    version: str
    index: str
    wanted: Mapping[str, str]
    served: tuple[IndexFile, ...] = field(default=())
    known: bool = True
    is_rebuilt: bool = False

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of files that were proved and are not there."""
        there = {one.name for one in self.served}
        return tuple(name for name in self.wanted if name not in there)

    @property
    def different(self) -> tuple[IndexFile, ...]:
        """The files that are there with other bytes."""
        there = {one.name: one for one in self.served}
        found = (there[name] for name in self.wanted if name in there)
        return tuple(one for one in found if one.sha256 != self.wanted[one.name])

    @property
    def not_in_manifest(self) -> tuple[str, ...]:
        """The names of files that are there, and were not proved: wheels of CI for other platforms, most often."""
        return tuple(sorted(one.name for one in self.served if one.name not in self.wanted))

    @property
    def attestations_missing(self) -> tuple[str, ...]:
        """The names of files of which the index says that there is no attestation (PEP 740)."""
        return tuple(one.name for one in self.served if one.provenance == "")

    @property
    def attestations_unknown(self) -> tuple[str, ...]:
        """The names of files of which the index does not say whether there are attestations."""
        return tuple(one.name for one in self.served if one.provenance is None)

    @property
    def yanked(self) -> tuple[str, ...]:
        """The names of files that are yanked (PEP 592)."""
        return tuple(one.name for one in self.served if one.is_yanked)

    @property
    def state(self) -> IndexState:
        """What became of it; other bytes weigh more than anything else, because nothing mends them."""
        if self.different:
            return IndexState.OTHER_BYTES
        if set(self.yanked) & set(self.wanted):
            return IndexState.YANKED
        if not self.missing:
            return IndexState.PUBLISHED
        return IndexState.PARTLY if self.served else IndexState.NOT_THERE

    @property
    def counted(self) -> str:
        """How many of the files are there."""
        return f"{len(self.wanted) - len(self.missing)} of {len(self.wanted)} files"

    def __str__(self) -> str:
        """Return a line for each file, with what became of it."""
        there = {one.name: one for one in self.served}
        lines = [f"{name}  {_file_state(there.get(name), sha256)}" for name, sha256 in self.wanted.items()]
        lines += [REBUILT_REMARK] if self.is_rebuilt and self.different else []
        return "\n".join(
            [*lines, *(f"{name}  {EXTRA_FILE_REMARK}{_yanked_text(there[name])}" for name in self.not_in_manifest)]
        )


REBUILT_REMARK = (
    "compared with a build of the tag, which other versions of its tools make otherwise: the proof is not here"
)
EXTRA_FILE_REMARK = "is there too: more than was proved, and not compared"


def _yanked_text(found: IndexFile) -> str:
    return ", and yanked" if found.is_yanked else ""


def _file_state(found: IndexFile | None, sha256: str) -> str:
    if found is None:
        return "is not there"
    if found.sha256 != sha256:
        return f"has other bytes: sha256 {found.sha256}, and {sha256} was proved"
    return "is yanked" if found.is_yanked else f"sha256 {sha256}"
