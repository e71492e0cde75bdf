"""The manifest of a release: its files and their hashes, kept in the git folder of the checkout.

An index has to serve these files, byte for byte. A manifest that was lost can be built again from the tag: the same
commit builds the same bytes.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

from seatrial.distributions.distribution import Distribution
from seatrial.storage import read_json

if TYPE_CHECKING:
    from seatrial.git.repository import Repository


MANIFEST_FOLDER = "seatrial/manifest"
"""The folder of the last manifest in the git folder: in the work tree, a build backend could add it to the next sdist.

A package below the top of the repository has a folder of its own, with its path in the name.
"""


@dataclass(frozen=True)
class Manifest:
    """The distributions of a release, and the tag and the commit that they were built from.

    ``is_rebuilt``: whether they were built again from the tag, because no manifest was kept.
    """

    tag: str
    version: str
    commit: str
    files: tuple[Distribution, ...]
    is_rebuilt: bool = False

    def keep(self, repository: Repository) -> None:
        """Keep copies of the files and their description, in place of the project's previous manifest.

        Raises `OSError`.
        """
        folder = _folder(repository)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for file in self.files:
            shutil.copy2(file.path, folder)
        (folder / "manifest.json").write_text(json.dumps(self.as_dict(), indent=2), encoding="utf-8")

    @classmethod
    def recall(cls, repository: Repository) -> Manifest | None:
        """Return the last manifest of the project; None when there is none, or a file was changed or removed."""
        folder = _folder(repository)
        try:
            table = read_json(folder / "manifest.json") or {}
            files = tuple(Distribution.from_path(folder / row["name"]) for row in table["files"])
            manifest = cls(table["tag"], table["version"], table["commit"], files, bool(table.get("rebuilt")))
        except (OSError, ValueError, KeyError, TypeError):
            return None
        return manifest if manifest.as_dict() == table else None

    @property
    def hashes(self) -> dict[str, str]:
        """The SHA-256 of each file, by its name."""
        return {file.name: file.sha256 for file in self.files}

    def is_of(self, tag: str, commit: str) -> bool:
        """Whether the files were built from this tag at this commit."""
        return (self.tag, self.commit) == (tag, commit)

    def as_dict(self) -> dict[str, object]:
        """Return it as a JSON object."""
        table: dict[str, object] = {
            "tag": self.tag,
            "version": self.version,
            "commit": self.commit,
            "files": describe_files(self.files),
        }
        return {**table, "rebuilt": True} if self.is_rebuilt else table


def describe_files(files: Iterable[Distribution]) -> list[dict[str, object]]:
    """Return name, size in bytes and SHA-256 of each file, as JSON objects."""
    return [{"name": file.name, "size": file.size, "sha256": file.sha256} for file in files]


def _folder(repository: Repository) -> Path:
    suffix = f"-{quote(repository.prefix.rstrip('/'), safe='')}" if repository.prefix else ""
    return repository.git_dir / f"{MANIFEST_FOLDER}{suffix}"
