"""What a build is made from: the files of the working tree, and whether they have changed since."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from seatrial import shell
from seatrial.tools import git

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from seatrial.facts.project import Project

EARLIEST = 315532800
"""1980-01-01 in seconds since 1970: the earliest date that a ZIP archive, and so a wheel, can hold."""

LATEST = 4354819198
"""2107-12-31 23:59:58, the latest."""

BUILD_SETTINGS = re.compile(
    r"(SETUPTOOLS_|HATCH_|PDM_BUILD_|FLIT_|POETRY_|VERSIONINGIT_|MATURIN_|SKBUILD_|CMAKE_|CIBW_|CARGO_|DISTUTILS_).*"
    r"|CC|CXX|(C|CPP|CXX|LD|ARCH|RUST)FLAGS"
)
"""The environment variables that build backends and compilers obey."""

SKIPPED_FOLDERS = frozenset(("__pycache__", "node_modules"))
"""Folders that are not looked into where there is no git to say what is ignored; nor are those with a dot."""


@dataclass(frozen=True)
class SourceTree:
    """The files of a project, relative to ``root``, and what else a build depends on.

    ``epoch`` is the value for SOURCE_DATE_EPOCH in seconds since 1970: what that variable says, or the date of the
    commit, or 1980 where there is neither (``dated`` is then False). ``commit`` stands for everything that git
    knows, because a version can come from a tag; ``settings``: a hash of the environment variables that backends obey.
    """

    root: Path
    files: tuple[PurePosixPath, ...]
    epoch: int
    commit: str
    dated: bool
    settings: str = ""

    @classmethod
    def survey(cls, project: Project) -> SourceTree:
        """List the files of a project as they are now."""
        files = git.listed_files(project.root)
        at = None if files is None else git.head(project.root)
        given = os.environ.get("SOURCE_DATE_EPOCH", "")
        seconds = int(given) if given.isdecimal() else at[1] if at else EARLIEST
        commit = git.described(project.root) if at and project.version_is_dynamic else ""
        return cls(
            root=project.root,
            files=_with_linked(project.root, tuple(sorted(_walk(project.root))) if files is None else files),
            epoch=min(max(seconds, EARLIEST), LATEST),
            commit=commit,
            dated=given.isdecimal() or at is not None,
            settings=shell.hash_of_variables(BUILD_SETTINGS),
        )

    def with_files(self, more: Iterable[PurePosixPath]) -> SourceTree:
        """Return the tree with more files in it: those that a build takes although git ignores them."""
        return replace(self, files=tuple(sorted({*self.files, *more})))

    def signature(self) -> str:
        """Return a hash of names, modes, sizes and times: the same signature means that nothing was written.

        Reads no file, so that a tree in which nothing happened is recognised in milliseconds.
        """
        digest = hashlib.sha256(self._known())
        for name in self.files:
            found = _status(self.root / name)
            told = "-" if found is None else f"{found.st_mode} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns}"
            digest.update(f"{name}\0{told}\0".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()

    def content(self) -> str:
        """Return a hash of names, executable bits and contents: the same content builds the same distributions."""
        digest = hashlib.sha256(self._known())
        for name in self.files:
            digest.update(f"{name}\0".encode("utf-8", "surrogateescape") + _inside(self.root / name))
        return digest.hexdigest()

    def latest(self) -> int:
        """Return when the youngest file was last written, in nanoseconds since 1970."""
        times = (found.st_mtime_ns for name in self.files if (found := _status(self.root / name)))
        return max(times, default=0)

    def _known(self) -> bytes:
        return f"{self.epoch}\0{self.commit}\0{self.settings}\0".encode()


def existing_files(root: Path) -> tuple[PurePosixPath, ...]:
    """Return the files below ``root`` that are there and that git, if there is one, does not ignore."""
    listed = git.listed_files(root)
    return tuple(sorted(_walk(root)) if listed is None else (name for name in listed if (root / name).is_file()))


def _with_linked(root: Path, files: tuple[PurePosixPath, ...]) -> tuple[PurePosixPath, ...]:
    """Add the files below links to folders, which git does not list and a build takes."""
    linked = [name for name in files if os.path.islink(root / name) and os.path.isdir(root / name)]  # noqa: PTH112, PTH114
    return tuple(sorted({*files, *(name / below for name in linked for below in _walk(root / name))}))


def _status(path: Path) -> os.stat_result | None:
    try:
        return path.lstat()
    except OSError:
        return None


def _inside(path: Path) -> bytes:
    found = _status(path)
    if found is None:
        return b"gone"
    if stat.S_ISLNK(found.st_mode):
        return b"link " + os.fsencode(path.readlink())
    if not stat.S_ISREG(found.st_mode):
        return b"folder"
    kind = b"program " if found.st_mode & stat.S_IXUSR else b"file "
    return kind + hashlib.sha256(path.read_bytes()).digest()


def _walk(root: Path) -> Iterator[PurePosixPath]:
    for folder, folders, names in os.walk(root):
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".") and name not in SKIPPED_FOLDERS and not name.endswith(".egg-info")
            if folder != str(root) or name not in git.OUTPUTS
        ]
        here = Path(folder).relative_to(root)
        yield from (
            PurePosixPath(here.as_posix(), name)
            for name in names
            if not name.endswith((".pyc", ".pyo")) and not name.startswith(".coverage")
        )
