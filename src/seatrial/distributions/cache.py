"""What was built from which tree, stored so that nothing is built twice.

Distributions that another CI job has built, accepted if their commit and hashes match.

A test on another machine has to test exactly the files that are published. The job therefore gets commit and hashes in
a variable, which comes another way than the files: as an output of the build job, not in its artifact.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from seatrial import __version__, errors, process
from seatrial.commands import Command
from seatrial.distributions.comparison import modules_from_wheel, require_package
from seatrial.distributions.distribution import Distribution, distributions_in
from seatrial.errors import BuildError, SeatrialError
from seatrial.git.command import BUILD_FOLDERS, changed_files, describe_head, listed_files, read_head, tracked_files
from seatrial.storage import read_json, write_json

if TYPE_CHECKING:
    from seatrial.project.project import Project


ALLOWED_IN_DIST = (".gitignore", ".gitkeep")
"""Files in ``dist/`` that are no distributions: build tools put them there."""

COMPANION_FILE = re.compile(r"\.(publish\.attestation|asc|sig)$")
"""How the name of a file ends that belongs to a distribution."""

RACILY_CLEAN = 2_000_000_000
"""Nanoseconds before the times were read in which a write may have left no trace in them."""


@dataclass(frozen=True)
class BuiltDistributions:
    """The distributions that were built from one tree.

    ``wheel``: the one that is tested. It is in ``dist/``, to be published, only if it is the same wherever it was
    built: a compiled wheel is for machines like this one.
    ``requirements``: those of the wheel; ``modules``: those that may come from the wheel alone, dotted names;
    ``extra``: files of the tree that went into the build although git ignores them.
    """

    sdist: Distribution
    wheel: Distribution
    requirements: tuple[str, ...]
    modules: tuple[str, ...]
    extra: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Distribution]:
        """Yield what is published: the sdist, then the wheel if it is for any machine."""
        return iter((self.sdist, self.wheel) if self.wheel.file_name.is_for_any_machine else (self.sdist,))


@dataclass(frozen=True)
class TreeState:
    """A tree at one moment: ``when`` in nanoseconds since 1970, its signature and its content."""

    when: int
    signature: str
    content: str

    @classmethod
    def at(cls, tree: SourceTree) -> TreeState:
        """Read a tree now."""
        return cls(time.time_ns(), tree.signature(), tree.content())


@dataclass(frozen=True)
class BuildRecord:
    """The file ``path`` that states what is in ``dist``, and the tree that it was built from."""

    path: Path
    dist: Path

    def find(self, tree: SourceTree) -> BuiltDistributions | None:
        """Return what was built from this very tree, if ``dist`` still has it unchanged and nothing else."""
        try:
            data = read_json(self.path) or {}
            before = TreeState(**data["tree"])
            sdist, wheel = (Distribution(self.dist / name, name, *hashes) for name, *hashes in data["built"])
            wheel = wheel.moved_to(self.place(sdist, wheel))
            lists = (tuple(data[name]) for name in ("requirements", "modules", "extra"))
            built = BuiltDistributions(sdist, wheel, *lists)
            is_unchanged = [_size_and_time(file.path) for file in (sdist, wheel)] == data["written"]
            is_ours = data["seatrial"] == __version__ and is_unchanged
            names = {path.name for path in self.dist.iterdir() if not COMPANION_FILE.search(path.name)}
            if not is_ours or names.difference(ALLOWED_IN_DIST) != {file.name for file in built}:
                return None
        except (OSError, ValueError, KeyError, TypeError):
            return None
        now = tree.with_files(PurePosixPath(name) for name in built.extra)
        # A file written just after its times were read can differ although they do not (git calls such an entry
        # racily clean), and file systems round times, FAT to 2 s: then the content decides.
        if before.signature == now.signature() and now.latest() < before.when - RACILY_CLEAN:
            return built
        return built if before.content == now.content() else None

    def place(self, sdist: Distribution, wheel: Distribution) -> Path:
        """Return where a wheel is kept: in ``dist``, or, if it is compiled, with those for other Pythons."""
        folder = self.dist if wheel.file_name.is_for_any_machine else compiled_folder(self.path.parent, sdist)
        return folder / wheel.name

    def built_names(self) -> tuple[str, ...]:
        """Return the names of the files that were built last, whether or not they still exist."""
        try:
            return tuple(str(name) for name, *_ in (read_json(self.path) or {})["built"])
        except (ValueError, KeyError, TypeError):
            return ()

    def fail(self, run: str, error: SeatrialError) -> None:
        """Store that building failed in this run."""
        data = {"run": run, "error": type(error).__name__, "what": error.what, "code": error.code, "fix": error.fix}
        write_json(self._failure, data)

    def failure(self, run: str) -> SeatrialError | None:
        """Return how building failed before in this run, None if it did not: later sessions need not try again."""
        data = read_json(self._failure)
        try:
            if data is None:
                return None
            kind: type[SeatrialError] = getattr(errors, data["error"], BuildError)
            return kind(data["what"], code=data["code"], fix=data["fix"]) if data["run"] == run else None
        except (KeyError, TypeError):
            return None

    @property
    def _failure(self) -> Path:
        return self.path.with_suffix(".failed")

    def keep(self, tree: TreeState, built: BuiltDistributions) -> None:
        """Store what was built from a tree."""
        both = (built.sdist, built.wheel)
        data = {
            "seatrial": __version__,
            "tree": {"when": tree.when, "signature": tree.signature, "content": tree.content},
            "built": [[file.name, file.size, file.sha256, file.blake2_256] for file in both],
            "requirements": built.requirements,
            "modules": built.modules,
            "extra": built.extra,
            "written": [_size_and_time(file.path) for file in both],
        }
        write_json(self.path, data)


def compiled_folder(state: Path, sdist: Distribution) -> Path:
    """Return the folder of the wheels that were compiled from an sdist, below that of what is stored between runs."""
    return state / "compiled" / sdist.sha256[:16]


def _size_and_time(path: Path) -> list[int]:
    status = path.stat()
    return [status.st_size, status.st_mtime_ns]


EARLIEST_DATE = 315532800
"""1980-01-01 in seconds since 1970: the earliest date that a ZIP archive, and so a wheel, can hold."""

LATEST_DATE = 4294967295
"""2106-02-07 06:28:15: the latest date that a gzip file, and so an sdist, can hold (RFC 1952)."""

BUILD_SETTINGS = re.compile(
    r"(SETUPTOOLS_|HATCH_|PDM_BUILD_|FLIT_|POETRY_|VERSIONINGIT_|MATURIN_|SKBUILD_|CMAKE_|CIBW_|CARGO_|DISTUTILS_).*"
    r"|CC|CXX|(C|CPP|CXX|LD|ARCH|RUST)FLAGS"
)
"""The environment variables that build backends and compilers obey."""

SKIPPED_FOLDERS = frozenset(("__pycache__", "node_modules"))
"""Folders that are not read where there is no git to say what is ignored; nor are those with a dot."""


@dataclass(frozen=True)
class SourceTree:
    """The files of a project, relative to ``root``, and what else a build depends on.

    ``epoch`` is the value for SOURCE_DATE_EPOCH in seconds since 1970: that variable, or the date of the commit, or
    1980 if there is neither (``dated`` is then False). ``commit`` describes HEAD with its tags, because a version can
    come from a tag; ``settings``: a hash of the environment variables that backends obey.
    """

    root: Path
    files: tuple[PurePosixPath, ...]
    epoch: int
    commit: str
    dated: bool
    settings: str = ""

    @classmethod
    def scan(cls, project: Project, epoch: int | None = None) -> SourceTree:
        """List the files of a project now; ``epoch``: instead of SOURCE_DATE_EPOCH, where a build has to ignore it."""
        files = listed_files(project.root)
        at = None if files is None else read_head(project.root)
        configured = process.child_environment().get("SOURCE_DATE_EPOCH", "") if epoch is None else str(epoch)
        # No date has more than 20 digits, and int() does not take thousands of them.
        seconds = int(configured[:20]) if configured.isdecimal() else at[1] if at else EARLIEST_DATE
        commit = describe_head(project.root) if at and project.version_is_dynamic else ""
        return cls(
            root=project.root,
            files=_with_linked(project.root, tuple(sorted(_walk(project.root))) if files is None else files),
            epoch=min(max(seconds, EARLIEST_DATE), LATEST_DATE),
            commit=commit,
            dated=configured.isdecimal() or at is not None,
            settings=process.hash_of_variables(BUILD_SETTINGS),
        )

    def with_files(self, more: Iterable[PurePosixPath]) -> SourceTree:
        """Return the tree with more files: those that a build takes although git ignores them."""
        return replace(self, files=tuple(sorted({*self.files, *more})))

    def signature(self) -> str:
        """Return a hash of names, modes, sizes and times: the same signature means that nothing was written.

        Reads no file, so that a tree in which nothing happened is recognised in milliseconds.
        """
        digest = hashlib.sha256(self._beyond_files())
        for name in self.files:
            status = _status(self.root / name)
            facts = status and (status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns)
            text = " ".join(map(str, facts)) if facts else "-"
            digest.update(f"{name}\0{text}\0".encode("utf-8", "surrogateescape"))
        return digest.hexdigest()

    def content(self) -> str:
        """Return a hash of names, executable bits and contents: the same content builds the same distributions."""
        digest = hashlib.sha256(self._beyond_files())
        for name in self.files:
            digest.update(f"{name}\0".encode("utf-8", "surrogateescape") + _inside(self.root / name))
        return digest.hexdigest()

    def latest(self) -> int:
        """Return when the youngest file was last written, in nanoseconds since 1970."""
        times = (status.st_mtime_ns for name in self.files if (status := _status(self.root / name)))
        return max(times, default=0)

    def _beyond_files(self) -> bytes:
        return f"{self.epoch}\0{self.commit}\0{self.settings}\0".encode()


def existing_files(root: Path) -> tuple[PurePosixPath, ...]:
    """Return the files below ``root`` that exist and that git, if there is one, does not ignore."""
    listed = listed_files(root)
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
    status = _status(path)
    if status is None:
        return b"gone"
    if stat.S_ISLNK(status.st_mode):
        return b"link " + os.fsencode(path.readlink())
    if not stat.S_ISREG(status.st_mode):
        return b"folder"
    kind = b"program " if status.st_mode & stat.S_IXUSR else b"file "
    return kind + hashlib.sha256(path.read_bytes()).digest()


def _walk(root: Path) -> Iterator[PurePosixPath]:
    for folder, folders, names in os.walk(root):
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".") and name not in SKIPPED_FOLDERS and not name.endswith(".egg-info")
            if folder != str(root) or name not in BUILD_FOLDERS
        ]
        below = Path(folder).relative_to(root)
        yield from (
            PurePosixPath(below.as_posix(), name)
            for name in names
            if not name.endswith((".pyc", ".pyo")) and not name.startswith(".coverage")
        )


BUILT_VARIABLE = "SEATRIAL_BUILT"
"""The environment variable that holds what `built_line` returns."""

BUILT_LINE = re.compile(r"(?P<commit>[0-9a-f]{40}|[0-9a-f]{64}) (?P<sdist>[0-9a-f]{64})(?: (?P<wheel>[0-9a-f]{64}))?")

FETCH_FIX = f"download the artifact of the build job into dist/; or build here: unset {BUILT_VARIABLE}"


def _not_as_built(what: str, fix: str) -> BuildError:
    return BuildError(what, code="NotAsBuilt", fix=fix)


def built_pair(project_root: Path) -> tuple[Distribution, ...]:
    """Return the sdist and the wheel in ``dist/``, or only the sdist of a project whose wheels are compiled.

    Raises `NotAsBuilt` for anything else.
    """
    paths = sorted(distributions_in(project_root / "dist"), key=lambda path: path.suffix == ".whl")
    files = tuple(Distribution.from_path(path) for path in paths)
    if [file.is_wheel for file in files] not in ([False, True], [False]):
        names = ", ".join(file.name for file in files) or "nothing"
        raise _not_as_built(f"dist/ must contain one sdist and one wheel, and contains {names}", "nox -s build")
    return files


def built_line(project_root: Path) -> str:
    """Return the line for the next job: the commit, and the SHA-256 of the sdist and of the wheel, if there is one.

    Raises `NotAsBuilt` for anything else in ``dist/``, or without a commit.
    """
    files = built_pair(project_root)
    head = read_head(project_root)
    if head is None:
        raise _not_as_built(f"{project_root} has no commit", "git init, and commit")
    return " ".join((head[0], *(file.sha256 for file in files)))


def accept_built(project: Project, line: str, compile_: Callable[[Distribution], Distribution]) -> BuiltDistributions:
    """Return the distributions in ``dist/``, if their hashes are those of ``line``, and HEAD is its commit.

    Nothing is built in their place; only if there is no wheel for all machines, ``compile_`` makes one for this machine
    from the sdist. Raises `NotAsBuilt`, `PackageMissing` or `BuildError`.
    """
    match = BUILT_LINE.fullmatch(line.strip())
    if match is None:
        raise _not_as_built(
            f"{BUILT_VARIABLE} is {line.strip()!r}, and must be a commit and two hashes: the build job set no output",
            f"{Command('ci.built', program_only=True)} prints them; "
            f"without {BUILT_VARIABLE} the distributions are built here",
        )
    _require_commit(project, match["commit"])
    sdist, *wheels = _files_with_hashes(project, tuple(filter(None, (match["sdist"], match["wheel"]))))
    wheel = wheels[0] if wheels else compile_(sdist)
    if not wheels and wheel.file_name.is_for_any_machine:
        raise _not_as_built(f"the build job listed only {sdist.name}, and {wheel.name} is missing", FETCH_FIX)
    files = tracked_files(project.root)
    require_package(project, files, wheel)
    return BuiltDistributions(sdist, wheel, wheel.requirements(), modules_from_wheel(project, files, wheel))


def _require_commit(project: Project, commit: str) -> None:
    head = read_head(project.root)
    if head is None or head[0] != commit:
        raise _not_as_built(
            f"the distributions were built from {commit[:12]}, and HEAD is {head[0][:12] if head else 'no commit'}",
            "check out the commit that was built: all jobs of a run have the same",
        )
    changed = changed_files(project.root)
    if changed:
        raise _not_as_built(
            f"{', '.join(map(str, changed[:5]))} differs from the commit that the distributions were built from",
            "change no tracked file in this job",
        )


def _files_with_hashes(project: Project, hashes: tuple[str, ...]) -> tuple[Distribution, ...]:
    """Return the files with these hashes; ``dist/`` may contain no other."""
    files = {file.sha256: file for file in map(Distribution.from_path, distributions_in(project.root / "dist"))}
    if set(files) != set(hashes):
        expected = " and ".join(sha256[:12] for sha256 in hashes)
        names = ", ".join(f"{file.name} ({file.sha256[:12]})" for file in files.values()) or "nothing"
        raise _not_as_built(f"dist/ must contain what was built, sha256 {expected}, and contains {names}", FETCH_FIX)
    return tuple(files[sha256] for sha256 in hashes)
