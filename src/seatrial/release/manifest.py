"""The manifest of a release: its files and their hashes, kept in the git folder of the checkout.

An index has to serve these files, byte for byte. Where the manifest is gone, the tag has it: the same commit builds
the same bytes.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from seatrial.distributions.distribution import Distribution

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from seatrial.git.repository import Repository


MANIFEST_FOLDER = "seatrial/proof"
"""Where the last proof lies in the git folder: in the work tree a build backend could take it into the next sdist.

That of a package in a folder lies beside it, with the folder in its name: each is emptied for the next one.
"""


@dataclass(frozen=True)
class Manifest:
    """The distributions of a release: ``commit`` and ``tag`` as git has them.

    ``is_rebuilt``: whether they were built from the tag later, where no proof was kept.
    """

    tag: str
    version: str
    commit: str
    files: tuple[Distribution, ...]
    is_rebuilt: bool = False

    def keep(self, repository: Repository) -> None:
        """Keep copies of the files, and what is known of them, in place of the project's proof before.

        Raises `OSError`.
        """
        folder = _folder(repository)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        for one in self.files:
            shutil.copy2(one.path, folder)
        (folder / "proof.json").write_text(json.dumps(self.as_dict(), indent=2), encoding="utf-8")

    @classmethod
    def recall(cls, repository: Repository) -> Manifest | None:
        """Return the last proof of the project; None when there is none, or it is not whole any more."""
        folder = _folder(repository)
        try:
            told = json.loads((folder / "proof.json").read_text(encoding="utf-8"))
            files = tuple(Distribution.from_path(folder / one["name"]) for one in told["files"])
            found = cls(told["tag"], told["version"], told["commit"], files, bool(told.get("rebuilt")))
        except (OSError, ValueError, KeyError, TypeError, RecursionError):
            return None
        return found if found.as_dict() == told else None

    def as_dict(self) -> dict[str, object]:
        """Return it as JSON has it."""
        known: dict[str, object] = {
            "tag": self.tag,
            "version": self.version,
            "commit": self.commit,
            "files": describe_files(self.files),
        }
        return {**known, "rebuilt": True} if self.is_rebuilt else known


def describe_files(files: Iterable[Distribution]) -> list[dict[str, object]]:
    """Return name, size in bytes and SHA-256 of each file, as JSON has them."""
    return [{"name": one.name, "size": one.size, "sha256": one.sha256} for one in files]


def _folder(repository: Repository) -> Path:
    own = f"-{quote(repository.prefix.rstrip('/'), safe='')}" if repository.prefix else ""
    return repository.git_dir / f"{MANIFEST_FOLDER}{own}"
