"""A release on an index, compared with its manifest: which files are there, and whether they are the same."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from packaging.version import Version

from seatrial.redaction import redacted_address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from seatrial.index.client import IndexFile, ProjectFiles
    from seatrial.release.manifest import Manifest


class IndexState(Enum):
    """The state of a release on an index."""

    NOT_THERE = "not there"
    PARTLY = "partly there"
    OTHER_BYTES = "there with other bytes"
    YANKED = "yanked"
    PUBLISHED = "published, byte for byte"


@dataclass(frozen=True)
class ReleaseOnIndex:
    """A release on an index.

    ``index``: the address of its simple API, secrets masked; ``hashes``: the files of the manifest, names to SHA-256;
    ``served``: the files of the version on the index; ``has_project``: whether the index has the project at all;
    ``is_rebuilt``: whether the manifest was built again from the tag, because that of the release was lost.
    """

    project: str
    version: str
    index: str
    hashes: Mapping[str, str]
    served: tuple[IndexFile, ...] = ()
    has_project: bool = True
    is_rebuilt: bool = False

    @classmethod
    def compare(cls, manifest: Manifest, project: str, simple: str, project_files: ProjectFiles) -> ReleaseOnIndex:
        """Compare a manifest with the files of a project on the index whose simple API is at ``simple``."""
        version = Version(manifest.version)
        return cls(
            project=project,
            version=str(version),
            index=redacted_address(simple),
            hashes=manifest.hashes,
            served=project_files.of_release(version),
            has_project=bool(project_files.files),
            is_rebuilt=manifest.is_rebuilt,
        )

    @property
    def _by_name(self) -> dict[str, IndexFile]:
        return {file.name: file for file in self.served}

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of files of the manifest that the index lacks."""
        return tuple(name for name in self.hashes if name not in self._by_name)

    @property
    def different(self) -> tuple[IndexFile, ...]:
        """The files that the index has with other bytes."""
        files = (self._by_name[name] for name in self.hashes if name in self._by_name)
        return tuple(file for file in files if file.sha256 != self.hashes[file.name])

    @property
    def not_in_manifest(self) -> tuple[str, ...]:
        """The names of files on the index that the manifest lacks: most often wheels of CI for other platforms."""
        return tuple(sorted(file.name for file in self.served if file.name not in self.hashes))

    @property
    def attestations_missing(self) -> tuple[str, ...]:
        """The names of files for which the index lists no attestation (PEP 740)."""
        return tuple(file.name for file in self.served if file.provenance == "")

    @property
    def attestations_unknown(self) -> tuple[str, ...]:
        """The names of files for which the index does not report attestations."""
        return tuple(file.name for file in self.served if file.provenance is None)

    @property
    def yanked(self) -> tuple[str, ...]:
        """The names of files that are yanked (PEP 592)."""
        return tuple(file.name for file in self.served if file.is_yanked)

    @property
    def state(self) -> IndexState:
        """The state; other bytes count most, because an index never replaces a file."""
        if self.different:
            return IndexState.OTHER_BYTES
        if set(self.yanked) & set(self.hashes):
            return IndexState.YANKED
        if not self.missing:
            return IndexState.PUBLISHED
        return IndexState.PARTLY if self.served else IndexState.NOT_THERE

    @property
    def counted(self) -> str:
        """How many of the files are on the index."""
        return f"{len(self.hashes) - len(self.missing)} of {len(self.hashes)} files"

    def __str__(self) -> str:
        """Return a line for each file, with its state."""
        lines = [f"{name}  {_file_text(self._by_name.get(name), sha256)}" for name, sha256 in self.hashes.items()]
        lines += [REBUILT_REMARK] if self.is_rebuilt and self.different else []
        for name in self.not_in_manifest:
            lines.append(f"{name}  {EXTRA_FILE_REMARK}" + (", and yanked" if self._by_name[name].is_yanked else ""))
        return "\n".join(lines)


REBUILT_REMARK = (
    "compared with a build of the tag, which other versions of its tools make otherwise: the proof is not here"
)
EXTRA_FILE_REMARK = "is there too: more than was proved, and not compared"


def _file_text(file: IndexFile | None, sha256: str) -> str:
    if file is None:
        return "is not there"
    if file.sha256 != sha256:
        return f"has other bytes: sha256 {file.sha256}, and {sha256} was proved"
    return "is yanked" if file.is_yanked else f"sha256 {sha256}"
