"""Builds the sdist and the wheel of the working tree once, and finds them again.

Uses the public API of build: one sdist, then one wheel from that sdist, in one environment.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import re
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any, Literal

import build
from packaging.utils import canonicalize_name

from seatrial import process
from seatrial.distributions.archive import ARCHIVE_ERRORS
from seatrial.distributions.cache import (
    ALLOWED_IN_DIST,
    COMPANION_FILE,
    BuildRecord,
    BuiltDistributions,
    SourceTree,
    TreeState,
    compiled_folder,
)
from seatrial.distributions.comparison import (
    link_error,
    modules_from_wheel,
    outside_links,
    packed_links,
    require_package,
    suspected_links,
    unlisted_files,
)
from seatrial.distributions.distribution import Distribution
from seatrial.distributions.metadata import FileName
from seatrial.distributions.reproducible import date_of, normalise_distribution, unpack_sdist
from seatrial.errors import BuildError, CommandFailed, PyprojectInvalid, SeatrialError, lacks_room, last_lines
from seatrial.installer import RESOLUTION_VARIABLE, Installer, StampedEnvironment, best_installer, create_environment
from seatrial.project.config_files import read_toml
from seatrial.project.project import Project
from seatrial.project.requirements import located_requirements
from seatrial.project.settings import passed_variables
from seatrial.storage import locked

if TYPE_CHECKING:
    from seatrial.pythons import Interpreter


MOST_KEPT = 4
"""Of how many older sdists, or states of a folder, the wheels are kept: two worktrees may take turns."""


def ensure_built(
    project: Project, state: Path, run: str, say: Callable[[str], None], *, epoch: int | None = None
) -> BuiltDistributions:
    """Return the distributions of the tree as it is now, and build them unless ``dist/`` has them.

    ``state``: a folder for what is stored between runs and for the build environment; ``run``: the name of the run, in
    which a build that failed is not tried again; ``say`` prints a line of progress; ``epoch``: the date of a build that
    depends on the commit alone, instead of SOURCE_DATE_EPOCH.
    Of several processes, one builds and the others wait.
    Raises `BuildError`, `InstallFailed`, `PyprojectInvalid` or `CommandFailed`.
    """
    state.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256(str(project.root).encode("utf-8", "surrogateescape")).hexdigest()[:16]
    record = BuildRecord(state / f"built-{digest}.json", project.root / "dist")
    tree = SourceTree.scan(project, epoch)
    built = record.find(tree)
    if built:
        return built
    with build_lock(state / "build.lock", say):
        built = record.find(tree)
        if built:
            return built
        failure = record.failure(run)
        if failure:
            raise failure
        content = tree.content()
        try:
            environment = BuildEnvironment(state / "build", best_installer(), is_for_commit=epoch is not None)
            built = _build_both(project, tree, record, environment, say)
        except SeatrialError as error:
            record.fail(run, error)
            raise
        after = TreeState.at(tree.with_files(PurePosixPath(name) for name in built.extra))
        # What was written while the backend ran may be in the build or not: then the next run builds again.
        if tree.content() == content:
            record.keep(after, built)
        return built


def wheel_for_python(
    built: BuiltDistributions, python: Interpreter, state: Path, say: Callable[[str], None]
) -> Distribution:
    """Return a wheel that can be installed on ``python``: the one that was built, or one compiled from the sdist.

    It is compiled once for each sdist and Python, and kept where nothing is published from. Raises `WheelUnfit`,
    `BuildError` or `InstallFailed`.
    """
    if built.wheel.file_name.fits(python.version):
        return built.wheel
    compiled = None if built.wheel.file_name.is_for_any_machine else compiled_wheel(built.sdist, python, state, say)
    if compiled is None or not compiled.file_name.fits(python.version):
        raise BuildError(
            f"{(compiled or built.wheel).name} can't be installed on Python {python.version}, as its name says",
            code="WheelUnfit",
            fix=f"remove Python {python.version} from the classifiers; or have the build backend name the wheel for it",
        )
    return compiled


def compiled_wheel(sdist: Distribution, python: Interpreter, state: Path, say: Callable[[str], None]) -> Distribution:
    """Return the wheel that ``python`` compiles from an sdist; an earlier one if it fits."""
    folder = compiled_folder(state, sdist)
    state.mkdir(parents=True, exist_ok=True)
    with build_lock(state / f"compiled-{python.version}.lock", say):
        wheels = (Distribution.from_path(path) for path in sorted(folder.glob("*.whl")))
        fitting = next((wheel for wheel in wheels if wheel.file_name.fits(python.version)), None)
        if fitting:
            return fitting
        say(f"building a wheel for Python {python.version}, from {sdist.name}")
        environment = BuildEnvironment(state / f"build-{python.version}", best_installer(), python.path)
        with tempfile.TemporaryDirectory(prefix="new-", dir=state) as temporary:
            new = Distribution.from_path(build_from_sdist(sdist.path, Path(temporary), environment))
            _make_room(folder)
            return new.moved_to(Path(shutil.move(new.path, folder / new.name)))


def _make_room(folder: Path) -> None:
    """Create a folder for wheels; of those next to it, for other sdists or states, only the newest stay."""
    folder.mkdir(parents=True, exist_ok=True)
    others = [path for path in folder.parent.iterdir() if path != folder]
    for old in sorted(others, key=lambda path: path.stat().st_mtime)[:-MOST_KEPT]:
        shutil.rmtree(old, ignore_errors=True)


def _build_both(
    project: Project,
    tree: SourceTree,
    record: BuildRecord,
    environment: BuildEnvironment,
    say: Callable[[str], None],
) -> BuiltDistributions:
    if not tree.dated:
        say(f"{project.root} has no git commit yet: the files in the distributions are dated 1980-01-01")
    dist, state = record.dist, record.path.parent
    _clear_dist(dist, project, record.built_names())
    say("building the sdist, and the wheel from the sdist")
    # Their errors are found before they are in dist/, from where anybody may upload them.
    with tempfile.TemporaryDirectory(prefix="new-", dir=state) as folder:
        links = outside_links(project, tree.files)
        try:
            paths = build_distributions(project.root, Path(folder), environment, tree.epoch)
        except BuildError as error:
            suspects = suspected_links(project, links, error.what)
            if not suspects:
                raise
            raise link_error(project, suspects, error.what) from error
        new_sdist, new_wheel = (Distribution.read(path) for path in paths)
        packed = packed_links(links, (new_sdist, new_wheel))
        if packed:
            raise link_error(project, packed)
        require_package(project, tree.files, new_wheel)
        extra = unlisted_files(project, tree.files, (new_sdist, new_wheel))
        requirements, modules = new_wheel.requirements(), modules_from_wheel(project, tree.files, new_wheel)
        dist.mkdir(exist_ok=True)
        sdist = new_sdist.moved_to(Path(shutil.move(new_sdist.path, dist / new_sdist.name)))
        place = record.place(sdist, new_wheel)
        if not new_wheel.file_name.is_for_any_machine:
            _make_room(place.parent)
        wheel = new_wheel.moved_to(Path(shutil.move(new_wheel.path, place)))
    built = BuiltDistributions(sdist, wheel, requirements, modules, extra)
    for file in built:
        say(f"dist/{file.name}: {file.size:,} bytes, sha256 {file.sha256}")
    if not wheel.file_name.is_for_any_machine:
        say(f"{wheel.name} is platform-specific: it is tested, and not published")
    return built


def build_lock(path: Path, say: Callable[[str], None]) -> contextlib.AbstractContextManager[None]:
    """Return the lock of what one session builds, and the others wait for."""
    return locked(path, lambda: say("waiting for the build of another session"))


def _clear_dist(dist: Path, project: Project, built: Collection[str]) -> None:
    """Remove this project's distributions from ``dist/``, or nothing if it contains anything else.

    ``built``: names of files that were built here, whatever the name of the project was then.
    """
    if not dist.is_dir():
        return
    paths = [path for path in sorted(dist.iterdir()) if path.name not in ALLOWED_IN_DIST]
    foreign = [path.name for path in paths if path.name not in built and not _is_of(project, path)]
    if foreign:
        raise BuildError(
            f"{dist} is emptied before a build, and contains files that are not distributions of {project.name}: "
            + ", ".join(foreign),
            code="ForeignFiles",
            fix="move them elsewhere",
        )
    for path in paths:
        path.unlink()


def _is_of(project: Project, path: Path) -> bool:
    """Whether a file is a distribution of this project, of any version, or belongs to one."""
    try:
        name = FileName.parse(COMPANION_FILE.sub("", path.name))
    except ValueError:
        return False
    return path.is_file() and name.project == canonicalize_name(project.name)


CONFIGURATION_FILES = ("pyproject.toml", "setup.py", "setup.cfg")
"""The files in which the requirements of a build are configured."""

DistributionType = Literal["sdist", "wheel"]


@dataclass(frozen=True)
class BuildEnvironment:
    """A virtual environment that is kept for the next build (a `build.env.IsolatedEnv`).

    ``base``: the Python that it is created with, None for the Python that runs this; ``is_for_commit``: whether what is
    built depends on a commit alone, so that the backend gets no variable of this machine that changes it.
    """

    path: Path
    installer: Installer
    base: Path | None = None
    is_for_commit: bool = False

    @property
    def python(self) -> str:
        """The Python that the environment is created with."""
        return str(self.base or sys.executable)

    @property
    def python_executable(self) -> str:
        """The Python that runs the backend."""
        return str(self._stamped.python)

    def make_extra_environ(self) -> Mapping[str, str]:
        """Put the environment's own programs first: some backends call theirs by name (uv_build)."""
        folder = str(self._stamped.python.parent)
        return {"PATH": os.pathsep.join([folder, process.child_environment().get("PATH", os.defpath)])}

    def ensure(self, requirements: Iterable[str]) -> None:
        """Create the environment again unless it has these requirements. Raises `InstallFailed`."""
        python = self.python if self.base else f"{Path(sys.executable).resolve()} {sys.version}"
        settings = process.hash_of_variables(RESOLUTION_VARIABLE)
        base = {"python": python, "installer": repr(self.installer), "settings": settings, "base": sorted(requirements)}
        held = self._stamped.read() or {}
        if {key: held.get(key) for key in base} == base and self._stamped.python.exists():
            return
        with self._stamped.changing({**base, "added": [], "asked": []}):
            create_environment(self.installer, self.path, self.python)
            self._stamped.install(base["base"])

    def add(self, requirements: Iterable[str], question: str) -> None:
        """Install what the backend requires beyond that, and store the question. Raises `InstallFailed`."""
        held = self._stamped.read() or {"base": [], "added": [], "asked": []}
        missing = sorted(set(requirements) - {*held["base"], *held["added"]})
        new = {**held, "added": [*held["added"], *missing], "asked": sorted({*held["asked"], question})}
        with self._stamped.changing(new):
            self._stamped.install(missing)

    def variables(self, pass_env: Collection[str] = (), /, **extra: str) -> dict[str, str]:
        """Return the environment of the backend; ``pass_env``: as for `process.child_environment`.

        For a commit it has a home of its own: no configuration of the user counts, such as ``~/.pydistutils.cfg``.
        """
        if not self.is_for_commit:
            return process.code_environment(pass_env, **extra)
        home = self.path.parent / "home"
        home.mkdir(parents=True, exist_ok=True)
        return process.commit_environment(home, pass_env, **extra)

    def withheld(self, pass_env: Collection[str]) -> frozenset[str]:
        """Return the names of the variables that the backend does not get."""
        return process.names_of_variables() - self.variables(pass_env).keys()

    def was_asked(self, question: str) -> bool:
        """Whether the backend answered a question before, so that its answer is installed."""
        return question in (self._stamped.read() or {}).get("asked", ())

    @property
    def _stamped(self) -> StampedEnvironment:
        return StampedEnvironment(self.path, self.installer)


def build_distributions(
    source: Path, into: Path, environment: BuildEnvironment, epoch: int | None
) -> tuple[Path, Path]:
    """Build an sdist from ``source`` and a wheel from that sdist, and return their paths below ``into``.

    Both are normalised (see `seatrial.distributions.reproducible`), so that the same sources give the same bytes with
    every backend. ``epoch``: SOURCE_DATE_EPOCH, in seconds since 1970; None leaves the files as the backend makes them,
    as ``python -m build`` does. Raises `BackendFailed`, `PyprojectInvalid` or `InstallFailed`.
    """
    sdist = _build_one(source, into, "sdist", environment, epoch)
    with _unpacked(sdist) as top:
        # With neither option, build makes the wheel from the sdist, too.
        return sdist, _build_one(top, into, "wheel", environment, epoch, command="python -m build")


def build_from_sdist(sdist: Path, into: Path, environment: BuildEnvironment) -> Path:
    """Build a wheel from an sdist, dated like it; see `build_distributions`."""
    command = shlex.join((environment.python, "-m", "pip", "wheel", "--no-deps", str(sdist)))
    with _unpacked(sdist) as top:
        return _build_one(top, into, "wheel", environment, date_of(sdist), command=command)


@contextlib.contextmanager
def _unpacked(sdist: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="seatrial-sdist-") as folder:
        with _whole("sdist", sdist):
            top = unpack_sdist(sdist, Path(folder))
        yield top


def build_from_tree(source: Path, into: Path, environment: BuildEnvironment, epoch: int) -> tuple[Path, Path]:
    """Build an sdist and a wheel, each directly from ``source``; see `build_distributions`."""
    sdist = _build_one(source, into, "sdist", environment, epoch)
    return sdist, _build_one(source, into, "wheel", environment, epoch)


def prepare_metadata(source: Path, environment: BuildEnvironment, epoch: int) -> bytes:
    """Return METADATA as the backend prepares it for a wheel, or as the wheel has it (PEP 517).

    A backend may write next to the sources. Raises the errors of `build_distributions`.
    """
    with tempfile.TemporaryDirectory(prefix="seatrial-metadata-") as folder, _our_errors("wheel", source):
        builder = _builder(source, environment, epoch)
        environment.ensure(builder.build_system_requires)
        environment.add(builder.get_requires_for_build("wheel"), _question(source, "wheel"))
        return Path(builder.metadata_path(folder), "METADATA").read_bytes()


def _build_one(
    source: Path,
    into: Path,
    kind: DistributionType,
    environment: BuildEnvironment,
    epoch: int | None,
    command: str | None = None,
) -> Path:
    """Build one distribution; ``command``: what builds it in the same way, for the user to try."""
    with _our_errors(kind, source, command, environment.withheld(passed_variables(_table(source)))):
        builder = _builder(source, environment, epoch)
        environment.ensure(builder.build_system_requires)
        built = _call(builder, kind, into, environment)
    if epoch is not None:
        with _whole(kind, built):
            normalise_distribution(built, epoch)
    return built


@contextlib.contextmanager
def _our_errors(
    kind: DistributionType, source: Path, command: str | None = None, withheld: Collection[str] = ()
) -> Iterator[None]:
    """Turn an exception of the backend, or of build itself, into one of our errors."""
    # It logs every step, and nox prints what reaches the root logger; the session prints its own progress.
    logging.getLogger("build").setLevel(logging.WARNING)
    try:
        yield
    except build.BuildBackendException as error:
        raise _backend_failed(kind, error, command or f"python -m build --{kind}", withheld) from error
    except build.BuildSystemTableValidationError as error:
        raise PyprojectInvalid(
            f"{source / 'pyproject.toml'}: {error}",
            fix='[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"',
        ) from None
    except build.BuildException as error:
        raise BuildError(str(error), code="BackendFailed") from None


def _builder(source: Path, environment: BuildEnvironment, epoch: int | None) -> build.ProjectBuilder:
    try:
        return build.ProjectBuilder.from_isolated_env(
            environment, source, runner=_hook_runner(source, epoch, environment.variables)
        )
    except ValueError as error:
        raise PyprojectInvalid(
            f"{source / 'pyproject.toml'}: [build-system] backend-path: {error}", fix='backend-path = ["."]'
        ) from None


@contextlib.contextmanager
def _whole(kind: DistributionType, path: Path) -> Iterator[None]:
    try:
        yield
    except ARCHIVE_ERRORS as error:
        raise BuildError(
            f"an index would not accept {path.name}, which the build backend made as the {kind}: {error}",
            code="BackendFailed",
            fix="use a backend that writes .tar.gz sdists (PEP 625) and .whl wheels (PEP 427), "
            "and leave out files and links that lead out of the project",
        ) from None


def _call(builder: build.ProjectBuilder, kind: DistributionType, into: Path, environment: BuildEnvironment) -> Path:
    """Ask the backend for its requirements, and have it build.

    Asking takes as long as building, so the backend is asked again only if the files that configure it have changed, or
    if the build fails, because a requirement could be missing.
    """
    question = _question(Path(builder.source_dir), kind)
    if environment.was_asked(question):
        with contextlib.suppress(build.BuildBackendException):
            return Path(builder.build(kind, into))
    environment.add(builder.get_requires_for_build(kind), question)
    return Path(builder.build(kind, into))


def _question(source: Path, kind: DistributionType) -> str:
    digest = hashlib.sha256(kind.encode())
    for path in (*(source / name for name in CONFIGURATION_FILES), *_own_backend(source)):
        with contextlib.suppress(OSError):
            digest.update(path.relative_to(source).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def _own_backend(source: Path) -> list[Path]:
    """Return the modules of a backend that is part of the project (PEP 517, ``backend-path``)."""
    folders = _table(source).get("build-system", {}).get("backend-path", [])
    return sorted(path for folder in folders for path in (source / folder).glob("*.py"))


def _table(source: Path) -> Mapping[str, Any]:
    return read_toml(source / "pyproject.toml") if (source / "pyproject.toml").is_file() else {}


def _hook_runner(source: Path, epoch: int | None, variables: Callable[..., dict[str, str]]) -> build.RunnerType:
    """Return what runs the backend without secrets and, with ``epoch``, independently of the clock here.

    ``variables``: `BuildEnvironment.variables`.
    """
    pass_env = passed_variables(_table(source))
    fixed = {} if epoch is None else {"SOURCE_DATE_EPOCH": str(epoch), "TZ": "UTC", "PYTHONHASHSEED": "0"}

    def run(cmd: Sequence[str], cwd: str | None = None, extra_environ: Mapping[str, str] | None = None) -> None:
        env = variables(pass_env, **fixed, **(extra_environ or {}))
        process.run(tuple(cmd), cwd=Path(cwd or os.curdir), env=env, umask=0o022)

    return run


def _backend_failed(
    kind: str, error: build.BuildBackendException, command: str, withheld: Collection[str] = ()
) -> BuildError:
    """Return the error of a backend; ``withheld``: the variables that it does not get."""
    cause = error.exception
    output = last_lines(cause.output) if isinstance(cause, CommandFailed) else f"  {error}"
    if lacks_room(output):
        what = f"the build backend could not build the {kind}:\n{output}"
        return BuildError(what, code="BackendFailed", fix=f"make room for temporary files, in {tempfile.gettempdir()}")
    named = sorted({*re.findall(r"\w+", output)} & {*withheld})
    names = ", ".join(f'"{name}"' for name in named)
    needed = f"; if it needs {' and '.join(named)}:\n[tool.seatrial]\npass-env = [{names}]" if named else ""
    return BuildError(
        f"the build backend could not build the {kind}:\n{output}",
        code="BackendFailed",
        fix=f"correct the cause; for the whole output: {command}{needed}",
    )


def source_requirements(
    project: Project, needed: Iterable[str], python: Interpreter | None, state: Path, say: Callable[[str], None]
) -> tuple[str, ...]:
    """Return a requirement with an address (PEP 508) for each that has a source, and for those of such projects.

    The sources are those of ``[tool.uv.sources]``: their wheels are built from folders, because no index has them.

    ``needed``: the requirements of the wheel and of the groups; ``python``: what a compiled wheel is for; ``state``: a
    folder for wheels that are kept. Raises `PyprojectInvalid`, `BuildError` or `InstallFailed`.
    """

    def built(folder: Path) -> tuple[str, Iterable[str]]:
        wheel = _wheel_of(folder, python, state, say)
        return wheel.path.as_uri(), wheel.requirements()

    return located_requirements(project, needed, built)


def _wheel_of(folder: Path, python: Interpreter | None, state: Path, say: Callable[[str], None]) -> Distribution:
    """Return the wheel of a folder as it is now, built unless it is kept."""
    project = Project.from_directory(folder)
    tree = SourceTree.scan(project)
    place = state / "sources" / canonicalize_name(project.name) / tree.content()[:16]
    place.parent.mkdir(parents=True, exist_ok=True)
    with build_lock(state / "build-sources.lock", say):
        if not place.is_dir():
            say(f"building {project.name} from {folder}, as [tool.uv.sources] says")
            environment = BuildEnvironment(state / "build-sources", best_installer())
            with tempfile.TemporaryDirectory(prefix="new-", dir=place.parent) as temporary:
                new = Path(temporary, "built")
                new.mkdir()
                build_distributions(folder, new, environment, tree.epoch)
                new.rename(place)
            _make_room(place)
    (wheel_path,), (sdist_path,) = place.glob("*.whl"), place.glob("*.tar.gz")
    wheel = Distribution.from_path(wheel_path)
    if python is None or wheel.file_name.fits(python.version):
        return wheel
    return compiled_wheel(Distribution.from_path(sdist_path), python, state, say)
