"""build, through its public API: one sdist, then one wheel from that sdist, in one environment."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import os
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import build

from seatrial import archives, shell
from seatrial.errors import BuildError, CommandFailed, PyprojectInvalid, last_lines
from seatrial.facts import pyproject
from seatrial.tools import installer as installers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from seatrial.tools.installer import Installer

STAMP = "seatrial.json"
"""The file in an environment that says what it was filled with; it is there only while that is true."""

CONFIGURATION = ("pyproject.toml", "setup.py", "setup.cfg")
"""The files in which backends are told what else a build needs."""

Kind = Literal["sdist", "wheel"]


@dataclass(frozen=True)
class BuildEnvironment:
    """A virtual environment that is kept for the next build (a `build.env.IsolatedEnv`).

    ``base``: the Python that it is made with, where it is another than the one that runs this.
    """

    path: Path
    installer: Installer
    base: Path | None = None

    @property
    def python_executable(self) -> str:
        """The Python that runs the backend."""
        return str(installers.python_of(self.path))

    def make_extra_environ(self) -> Mapping[str, str]:
        """Put the environment's own programs first: some backends call theirs by name (uv_build)."""
        folder = str(Path(self.python_executable).parent)
        return {"PATH": os.pathsep.join([folder, os.environ.get("PATH", os.defpath)])}

    def ensure(self, requirements: Iterable[str]) -> None:
        """Make the environment anew unless it was made with these requirements. Raises `InstallFailed`."""
        python = str(self.base) if self.base else f"{Path(sys.executable).resolve()} {sys.version}"
        settings = shell.hash_of_variables(installers.SETTINGS)
        base = {
            "python": python,
            "installer": repr(self.installer),
            "settings": settings,
            "base": sorted(requirements),
        }
        known = self._read()
        if {key: known.get(key) for key in base} == base and Path(self.python_executable).exists():
            return
        self._stamp.unlink(missing_ok=True)
        installers.create(self.installer, self.path, str(self.base or sys.executable))
        self._install(base["base"])
        self._write({**base, "added": [], "asked": []})

    def add(self, requirements: Iterable[str], asked: str) -> None:
        """Install what the backend asks for beyond that, and remember the question. Raises `InstallFailed`."""
        known = self._read()
        missing = sorted(set(requirements) - {*known["base"], *known["added"]})
        if missing:
            self._stamp.unlink()
            self._install(missing)
        self._write({**known, "added": [*known["added"], *missing], "asked": sorted({*known["asked"], asked})})

    def was_asked(self, question: str) -> bool:
        """Whether the answer to a question is installed already."""
        return question in self._read().get("asked", ())

    @property
    def _stamp(self) -> Path:
        return self.path / STAMP

    def _install(self, requirements: Sequence[str]) -> None:
        if requirements:
            installers.install(self.installer, Path(self.python_executable), requirements, cwd=self.path)

    def _read(self) -> dict[str, Any]:
        try:
            known: dict[str, Any] = json.loads(self._stamp.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return known

    def _write(self, known: Mapping[str, Any]) -> None:
        self._stamp.write_text(json.dumps(known), encoding="utf-8")


def build_distributions(
    source: Path, into: Path, environment: BuildEnvironment, epoch: int | None
) -> tuple[Path, Path]:
    """Build an sdist from ``source`` and a wheel from that sdist, and return their paths below ``into``.

    Both are normalised (see `seatrial.archives`), so that the same sources give the same bytes with every backend.
    ``epoch``: SOURCE_DATE_EPOCH, in seconds since 1970; None leaves the files as the backend makes them, as ``python -m
    build`` does. Raises `BackendFailed`, `PyprojectInvalid` or `InstallFailed`.
    """
    sdist = _build(source, into, "sdist", environment, epoch)
    with _unpacked(sdist) as top:
        return sdist, _build(top, into, "wheel", environment, epoch)


def build_from_sdist(sdist: Path, into: Path, environment: BuildEnvironment, epoch: int | None = None) -> Path:
    """Build a wheel from an sdist; without ``epoch``, it is dated as the sdist is. All else is as above."""
    with _unpacked(sdist) as top:
        return _build(top, into, "wheel", environment, archives.date_of(sdist) if epoch is None else epoch)


@contextlib.contextmanager
def _unpacked(sdist: Path) -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="seatrial-sdist-") as folder:
        with _whole("sdist", sdist):
            top = archives.unpack_sdist(sdist, Path(folder))
        yield top


def build_from_tree(source: Path, into: Path, environment: BuildEnvironment, epoch: int) -> tuple[Path, Path]:
    """Build an sdist and a wheel, each straight from ``source``; all else is as in `build_distributions`."""
    sdist = _build(source, into, "sdist", environment, epoch)
    return sdist, _build(source, into, "wheel", environment, epoch)


def metadata_of(source: Path, environment: BuildEnvironment, epoch: int) -> bytes:
    """Return METADATA as the backend prepares it for a wheel, or as a wheel has it (PEP 517).

    A backend may write beside the sources. Raises as `build_distributions` does.
    """
    with tempfile.TemporaryDirectory(prefix="seatrial-metadata-") as folder, _told("wheel", source):
        builder = _builder(source, environment, epoch)
        environment.ensure(builder.build_system_requires)
        environment.add(builder.get_requires_for_build("wheel"), _question(source, "wheel"))
        return Path(builder.metadata_path(folder), "METADATA").read_bytes()


def _build(source: Path, into: Path, kind: Kind, environment: BuildEnvironment, epoch: int | None) -> Path:
    with _told(kind, source):
        builder = _builder(source, environment, epoch)
        environment.ensure(builder.build_system_requires)
        built = _call(builder, kind, into, environment)
    if epoch is not None:
        with _whole(kind, built):
            archives.normalise(built, epoch)
    return built


@contextlib.contextmanager
def _told(kind: Kind, source: Path) -> Iterator[None]:
    """Make of what the backend, or build itself, raises one of our errors."""
    # It tells every step to whoever listens to the root logger, as nox does; the session has said what it does.
    logging.getLogger("build").setLevel(logging.WARNING)
    try:
        yield
    except build.BuildBackendException as error:
        raise _backend_failed(kind, error) from error
    except build.BuildSystemTableValidationError as error:
        raise PyprojectInvalid(
            f"{source / 'pyproject.toml'}: {error}",
            fix='[build-system]\nrequires = ["hatchling"]\nbuild-backend = "hatchling.build"',
        ) from None
    except build.BuildException as error:
        raise BuildError(str(error), code="BackendFailed") from None


def _builder(source: Path, environment: BuildEnvironment, epoch: int | None) -> build.ProjectBuilder:
    try:
        return build.ProjectBuilder.from_isolated_env(environment, source, runner=_hook_runner(epoch))
    except ValueError as error:
        raise PyprojectInvalid(
            f"{source / 'pyproject.toml'}: [build-system] backend-path: {error}", fix='backend-path = ["."]'
        ) from None


@contextlib.contextmanager
def _whole(kind: Kind, path: Path) -> Iterator[None]:
    try:
        yield
    except archives.BROKEN as error:
        raise BuildError(
            f"the build backend made {path.name}, which is no {kind} that an index takes: {error}",
            code="BackendFailed",
            fix="use a backend that makes .tar.gz sdists (PEP 625) and .whl wheels (PEP 427), "
            "and leave out files and links that lead out of the project",
        ) from None


def _call(builder: build.ProjectBuilder, kind: Kind, into: Path, environment: BuildEnvironment) -> Path:
    """Ask the backend what it needs, and have it build.

    Asking takes as long as building, so it is not asked again while the files that configure it are the same;
    unless the build fails, which could be for want of something.
    """
    question = _question(Path(builder.source_dir), kind)
    if environment.was_asked(question):
        with contextlib.suppress(build.BuildBackendException):
            return Path(builder.build(kind, into))
    environment.add(builder.get_requires_for_build(kind), question)
    return Path(builder.build(kind, into))


def _question(source: Path, kind: Kind) -> str:
    digest = hashlib.sha256(kind.encode())
    for path in (*(source / name for name in CONFIGURATION), *_own_backend(source)):
        with contextlib.suppress(OSError):
            digest.update(path.relative_to(source).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def _own_backend(source: Path) -> list[Path]:
    """Return the modules of a backend that the project brings itself (PEP 517, ``backend-path``)."""
    told = pyproject.read(source / "pyproject.toml") if (source / "pyproject.toml").is_file() else {}
    folders = told.get("build-system", {}).get("backend-path", [])
    return sorted(path for folder in folders for path in (source / folder).glob("*.py"))


def _hook_runner(epoch: int | None) -> build.RunnerType:
    """Return what runs the backend without publishing secrets, and, with ``epoch``, where no clock of here shows."""
    fixed = {} if epoch is None else {"SOURCE_DATE_EPOCH": str(epoch), "TZ": "UTC", "PYTHONHASHSEED": "0"}

    def run(cmd: Sequence[str], cwd: str | None = None, extra_environ: Mapping[str, str] | None = None) -> None:
        env = shell.environment(**fixed, **(extra_environ or {}))
        shell.run(tuple(cmd), cwd=Path(cwd or os.curdir), env=env, umask=0o022)

    return run


def _backend_failed(kind: str, error: build.BuildBackendException) -> BuildError:
    cause = error.exception
    told = last_lines(cause.output) if isinstance(cause, CommandFailed) else f"  {error}"
    return BuildError(
        f"the build backend could not make the {kind}; it said last:\n{told}",
        code="BackendFailed",
        fix=f"mend that; to see all of it: python -m build --{kind}",
    )
