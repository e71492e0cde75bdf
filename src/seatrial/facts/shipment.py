"""All files of a release together, beside the sources that they were built from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from pathlib import PurePosixPath

    from seatrial.facts.archive import Archive


@dataclass(frozen=True, order=True)
class Release:
    """A release: the normalised name of its project, and its version as a text."""

    project: str
    version: str

    @classmethod
    def of(cls, archive: Archive) -> Release | None:
        """Tell from the metadata of a file, None where they do not say."""
        metadata = archive.metadata
        if metadata is None or not metadata.name or metadata.version is None:
            return None
        return cls(canonicalize_name(metadata.name), str(metadata.version))

    def __str__(self) -> str:
        return f"{self.project} {self.version}"


@dataclass(frozen=True)
class Shipment:
    """The distributions that are meant to be uploaded together.

    ``sources``: the files that git knows, below the project; empty where nobody asked.
    """

    archives: tuple[Archive, ...]
    sources: tuple[PurePosixPath, ...] = ()

    @property
    def releases(self) -> tuple[Release, ...]:
        """The releases that the files are of, by their metadata. Sorted."""
        found = {Release.of(one) for one in self.archives} - {None}
        return tuple(sorted(one for one in found if one))

    def of_release(self, release: Release) -> Shipment:
        """Return the files of one release."""
        return Shipment(tuple(one for one in self.archives if Release.of(one) == release), self.sources)

    @property
    def sdists(self) -> tuple[Archive, ...]:
        """The sdists among them."""
        return tuple(one for one in self.archives if not one.is_wheel)

    @property
    def wheels(self) -> tuple[Archive, ...]:
        """The wheels among them."""
        return tuple(one for one in self.archives if one.is_wheel)
