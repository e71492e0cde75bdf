"""The sdist and the wheel of the tree as it is now: built once, then found again."""

from __future__ import annotations

import contextlib
import hashlib
import logging
import shutil
import tempfile
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_name,
    parse_sdist_filename,
    parse_wheel_filename,
)

from seatrial import wheel_contents
from seatrial.build_record import COMPANION, NEIGHBOURS, BuildRecord, Built, Look, compiled
from seatrial.errors import BuildError, SeatrialError
from seatrial.facts.distribution import Distribution
from seatrial.source_tree import SourceTree
from seatrial.tools import installer

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator

    from seatrial.facts.project import Project
    from seatrial.interpreters import Interpreter

KEPT = 4
"""Of how many sdists the compiled wheels are kept beside those of the newest: two worktrees may take turns."""


def ensure(project: Project, state: Path, run: str, say: Callable[[str], None]) -> Built:
    """Return the distributions of the tree as it is now, and build them if ``dist/`` does not hold them yet.

    ``state`` is a folder for what is remembered between runs and for the build environment; ``run`` names the run
    that asks, in which a build that failed is not tried again; ``say`` is told, a line at a time, what is going on.
    Of several processes that ask at once, one builds and the others wait.
    Raises `BuildError`, `InstallFailed`, `PyprojectInvalid` or `CommandFailed`.
    """
    state.mkdir(parents=True, exist_ok=True)
    where = hashlib.sha256(str(project.root).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    record = BuildRecord(state / f"built-{where}.json", project.root / "dist")
    tree = SourceTree.survey(project)
    found = record.find(tree)
    if found:
        return found
    with _alone(state / "build.lock", say):
        found = record.find(tree)
        if found:
            return found
        failure = record.failure(run)
        if failure:
            raise failure
        content = tree.content()
        try:
            built = _build(project, tree, record, say)
        except SeatrialError as error:
            record.fail(run, error)
            raise
        look = Look.at(tree.with_files(PurePosixPath(name) for name in built.extra))
        # What was written while the backend ran may be in the build or not: then the next run builds again.
        if tree.content() == content:
            record.keep(look, built)
        return built


def wheel_for(built: Built, python: Interpreter, state: Path, say: Callable[[str], None]) -> Distribution:
    """Return a wheel that can be installed on ``python``: the one that was built, or else one made from the sdist.

    Each is made once for each sdist and Python, and lies where nothing is published from; see `ensure` for the rest.
    Raises `WheelUnfit`, `BuildError` or `InstallFailed`.
    """
    if built.wheel.fits(python.version):
        return built.wheel
    made = None if built.wheel.is_for_any_machine else compiled_from(built.sdist, python, state, say)
    if made is None or not made.fits(python.version):
        raise BuildError(
            f"{(made or built.wheel).path.name} can't be installed on Python {python.version}, as its name says",
            code="WheelUnfit",
            fix=f"take Python {python.version} out of the classifiers; or have the build backend name the wheel for it",
        )
    return made


def compiled_from(sdist: Distribution, python: Interpreter, state: Path, say: Callable[[str], None]) -> Distribution:
    """Return the wheel that ``python`` makes from an sdist; it is made if there is none yet that fits."""
    folder = compiled(state, sdist)
    state.mkdir(parents=True, exist_ok=True)
    with _alone(state / f"compiled-{python.version}.lock", say):
        known = (Distribution.from_path(path) for path in sorted(folder.glob("*.whl")))
        found = next((one for one in known if one.fits(python.version)), None)
        return found or _compile(sdist, python, state, say)


def _compile(sdist: Distribution, python: Interpreter, state: Path, say: Callable[[str], None]) -> Distribution:
    # Loaded here for the same reason as in `_build`.
    from seatrial.tools import pypabuild  # noqa: PLC0415

    say(f"building a wheel for Python {python.version}, from {sdist.path.name}")
    environment = pypabuild.BuildEnvironment(state / f"build-{python.version}", installer.best(), python.path)
    with tempfile.TemporaryDirectory(prefix="new-", dir=state) as folder:
        new = Distribution.from_path(pypabuild.build_from_sdist(sdist.path, Path(folder), environment))
        place = compiled(state, sdist) / new.path.name
        _make_room(place.parent)
        return replace(new, path=Path(shutil.move(new.path, place)))


def _make_room(folder: Path) -> None:
    """Make the folder for the wheels of an sdist; of those for other sdists, only the newest stay."""
    folder.mkdir(parents=True, exist_ok=True)
    others = [path for path in folder.parent.iterdir() if path != folder]
    for old in sorted(others, key=lambda path: path.stat().st_mtime)[:-KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def _build(project: Project, tree: SourceTree, record: BuildRecord, say: Callable[[str], None]) -> Built:
    # Loaded when there is something to build: sessions that find everything built start faster without it.
    from seatrial.tools import pypabuild  # noqa: PLC0415

    if not tree.dated:
        say(f"{project.root} has no git commit yet: the files in the distributions are dated 1980-01-01")
    dist, state = record.dist, record.path.parent
    _empty(dist, project, record.names())
    say("building the sdist, and the wheel from the sdist")
    environment = pypabuild.BuildEnvironment(state / "build", installer.best())
    # What is wrong with them is found before they lie in dist/, from where anybody may upload them.
    with tempfile.TemporaryDirectory(prefix="new-", dir=state) as folder:
        paths = pypabuild.build_distributions(project.root, Path(folder), environment, tree.epoch)
        new_sdist, new_wheel = (Distribution.from_path(path) for path in paths)
        wheel_contents.insist_on_package(project, tree.files, new_wheel)
        extra = wheel_contents.unlisted(project, tree.files, (new_sdist, new_wheel))
        needs, modules = new_wheel.needs(), wheel_contents.answered_for(project, tree.files, new_wheel)
        dist.mkdir(exist_ok=True)
        sdist = replace(new_sdist, path=Path(shutil.move(new_sdist.path, dist / new_sdist.path.name)))
        place = record.place(sdist, new_wheel)
        if not new_wheel.is_for_any_machine:
            _make_room(place.parent)
        wheel = replace(new_wheel, path=Path(shutil.move(new_wheel.path, place)))
    built = Built(sdist, wheel, needs, modules, extra)
    for one in built:
        say(f"dist/{one.path.name}: {one.size:,} bytes, sha256 {one.sha256}")
    if not wheel.is_for_any_machine:
        say(f"{wheel.path.name} is for machines like this one: it is tested, and not published")
    return built


@contextlib.contextmanager
def _alone(path: Path, say: Callable[[str], None]) -> Iterator[None]:
    # It loads asyncio, which takes longer than the rest of a session that finds everything built.
    from filelock import FileLock, Timeout  # noqa: PLC0415

    # It tells every step to whoever listens to the root logger, as the nox of Python 3.9 does.
    logging.getLogger("filelock").setLevel(logging.WARNING)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say("waiting for the build that another session has begun")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _empty(dist: Path, project: Project, known: Collection[str]) -> None:
    """Remove this project's distributions from ``dist/``, or nothing at all if it holds anything else.

    ``known``: names of files that were built here, whatever the project was called then.
    """
    if not dist.is_dir():
        return
    found = [path for path in sorted(dist.iterdir()) if path.name not in NEIGHBOURS]
    foreign = [path.name for path in found if path.name not in known and not _is_of(project, path)]
    if foreign:
        raise BuildError(
            f"{dist} is emptied before a build, but holds what is no distribution of {project.name}: "
            + ", ".join(foreign),
            code="ForeignFiles",
            fix="move it elsewhere",
        )
    for path in found:
        path.unlink()


def _is_of(project: Project, path: Path) -> bool:
    """Whether a file is a distribution of this project, of any version, or belongs to one."""
    name = COMPANION.sub("", path.name)
    try:
        found = parse_wheel_filename(name)[0] if name.endswith(".whl") else parse_sdist_filename(name)[0]
    except (InvalidWheelFilename, InvalidSdistFilename):
        return False
    return path.is_file() and found == canonicalize_name(project.name)
