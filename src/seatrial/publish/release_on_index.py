"""A release on an index, compared with its manifest: which files are there, and whether they are the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Callable

from packaging.version import Version

from seatrial.distributions.comparison import Comparison, Sameness, compare
from seatrial.distributions.distribution import Distribution
from seatrial.distributions.metadata import FileName
from seatrial.errors import IndexUnreachable, first_names, printable
from seatrial.redaction import redacted_address

if TYPE_CHECKING:
    from seatrial.index.client import IndexFile, ProjectFiles
    from seatrial.release.manifest import Manifest


class IndexState(Enum):
    """The state of a release on an index."""

    NOT_THERE = "not published"
    PARTLY = "partly published"
    OTHER_BYTES = "published with other bytes, not compared"
    DIFFERENT = "published with different content"
    UNEXPECTED = "published with files that were not verified"
    YANKED = "yanked"
    SAME_CONTENT = "published, packaged differently"
    PUBLISHED = "published, byte for byte"

    @property
    def is_published(self) -> bool:
        """Whether the index has the content that was verified."""
        return self in {IndexState.PUBLISHED, IndexState.SAME_CONTENT}


class FileState(Enum):
    """The state of a file of a release on an index."""

    IDENTICAL = "identical"
    SAME_CONTENT = "same content, packaged differently"
    DIFFERENT = "different content"
    NOT_COMPARED = "other bytes, not compared"
    MISSING = "missing"
    UNEXPECTED = "unexpected: it was not verified"
    OTHER_PLATFORM = "a wheel for one platform, which is not compared"


@dataclass(frozen=True)
class ReleaseOnIndex:
    """A release on an index.

    ``index``: the address of its simple API, secrets masked; ``hashes``: the files of the manifest, names to SHA-256;
    ``served``: the files of the version on the index; ``has_project``: whether the index has the project at all;
    ``is_rebuilt``: whether the manifest was built again from the tag, because that of the release was lost;
    ``comparisons``: of files with other bytes, by their names; ``not_compared``: why others were not compared.
    """

    project: str
    version: str
    index: str
    hashes: Mapping[str, str]
    served: tuple[IndexFile, ...] = ()
    has_project: bool = True
    is_rebuilt: bool = False
    comparisons: Mapping[str, Comparison] = field(default_factory=dict)
    not_compared: Mapping[str, str] = field(default_factory=dict)

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

    def with_content(self, manifest: Manifest, download: Callable[[IndexFile], Path]) -> ReleaseOnIndex:
        """Compare the content of the files with other bytes. One that can't be downloaded stays not compared."""
        verified = {file.name: file for file in manifest.files}
        results = {file.name: _compare(verified[file.name], file, download) for file in self.other_bytes}
        comparisons = {name: result for name, result in results.items() if not isinstance(result, str)}
        not_compared = {name: result for name, result in results.items() if isinstance(result, str)}
        return replace(self, comparisons=comparisons, not_compared=not_compared)

    @property
    def _by_name(self) -> dict[str, IndexFile]:
        # Of a file that is listed twice, an installer may take the one with other bytes.
        return {file.name: file for file in sorted(self.served, key=self._has_other_bytes)}

    def _has_other_bytes(self, file: IndexFile) -> bool:
        return file.name in self.hashes and file.sha256 != self.hashes[file.name]

    def state_of(self, name: str) -> FileState:
        """Return the state of a file of the manifest, or of the index."""
        file = self._by_name.get(name)
        if name not in self.hashes:
            return FileState.OTHER_PLATFORM if _is_for_one_platform(name) else FileState.UNEXPECTED
        if file is None:
            return FileState.MISSING
        if file.sha256 == self.hashes[name]:
            return FileState.IDENTICAL
        if name not in self.comparisons:
            return FileState.NOT_COMPARED
        is_same = self.comparisons[name].sameness is not Sameness.DIFFERENT
        return FileState.SAME_CONTENT if is_same else FileState.DIFFERENT

    @property
    def file_states(self) -> Mapping[str, FileState]:
        """The states of all files: those of the manifest, then others of the index by their names."""
        return {name: self.state_of(name) for name in (*self.hashes, *self.not_in_manifest)}

    def _in_state(self, state: FileState) -> tuple[str, ...]:
        return tuple(name for name, state_of_file in self.file_states.items() if state_of_file is state)

    @property
    def missing(self) -> tuple[str, ...]:
        """The names of files of the manifest that the index lacks."""
        return self._in_state(FileState.MISSING)

    @property
    def other_bytes(self) -> tuple[IndexFile, ...]:
        """The files that the index has with other bytes than the manifest."""
        files = (self._by_name[name] for name in self.hashes if name in self._by_name)
        return tuple(filter(self._has_other_bytes, files))

    @property
    def served_hashes(self) -> tuple[str, ...]:
        """The SHA-256 of the files on the index that have the content of the manifest."""
        fine = {*self._in_state(FileState.IDENTICAL), *self._in_state(FileState.SAME_CONTENT)}
        return tuple(file.sha256 for name, file in self._by_name.items() if name in fine)

    @property
    def repackaged(self) -> Mapping[str, tuple[str, ...]]:
        """What differs in the packaging of files with the same content, by their names."""
        return {name: self.comparisons[name].packaging for name in self._in_state(FileState.SAME_CONTENT)}

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
        """The state; different content counts most, because an index never replaces a file."""
        states = set(self.file_states.values())
        if FileState.DIFFERENT in states:
            return IndexState.DIFFERENT
        if FileState.UNEXPECTED in states and self.hashes:
            return IndexState.UNEXPECTED
        if set(self.yanked) & set(self.hashes):
            return IndexState.YANKED
        if self.missing:
            return IndexState.PARTLY if self.served else IndexState.NOT_THERE
        if FileState.NOT_COMPARED in states:
            return IndexState.OTHER_BYTES
        return IndexState.SAME_CONTENT if FileState.SAME_CONTENT in states else IndexState.PUBLISHED

    @property
    def counted(self) -> str:
        """How many of the files are on the index."""
        return f"{len(self.hashes) - len(self.missing)} of {len(self.hashes)} files"

    def differences_of(self, name: str) -> tuple[str, ...]:
        """Return what differs in a file: aspects of its packaging, or members; nothing for other files."""
        comparison = self.comparisons.get(name)
        return comparison.packaging or comparison.differences if comparison else ()

    def describe_file(self, name: str) -> str:
        """Return the state of a file, and what differs."""
        state = self.state_of(name)
        if state is FileState.IDENTICAL:
            details = f", sha256 {self.hashes[name]}"
        elif state is FileState.NOT_COMPARED:
            reason = f" ({self.not_compared[name]})" if name in self.not_compared else ""
            details = f"{reason}: sha256 {self._by_name[name].sha256}, and {self.hashes[name]} was verified"
        else:
            text = first_names(self.differences_of(name))
            details = f": {printable(text)}" if text else ""
        return f"{state.value}{details}{', yanked' if name in self.yanked else ''}"

    def __str__(self) -> str:
        lines = [f"{name}  {self.describe_file(name)}" for name in self.file_states]
        is_remarkable = self.is_rebuilt and FileState.DIFFERENT in self.file_states.values()
        return "\n".join([*lines, *([REBUILT_REMARK] if is_remarkable else [])])


def _compare(verified: Distribution, file: IndexFile, download: Callable[[IndexFile], Path]) -> Comparison | str:
    """Compare a file of an index with the verified one, or return why that is not possible."""
    try:
        return compare(verified, Distribution.read(download(file)))
    except IndexUnreachable as error:
        return error.what
    except OSError as error:
        return str(error)


def _is_for_one_platform(name: str) -> bool:
    """Whether a file is a wheel that other machines of CI build: it is in no manifest."""
    try:
        file_name = FileName.parse(name)
    except ValueError:
        return False
    return bool(file_name.tags) and not file_name.is_for_any_machine


REBUILT_REMARK = (
    "no manifest was kept, so these are compared with a new build of the tag, maybe with other versions of its tools"
)
