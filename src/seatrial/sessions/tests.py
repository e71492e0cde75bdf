"""The sessions with tools of the project: ``tests`` and ``mypy`` on each Python, ``coverage`` and ``lint`` for all."""

from __future__ import annotations

import contextlib
import os
import shutil
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement

from seatrial import process
from seatrial.errors import BuildError, ProjectError
from seatrial.project.nox_sessions import COVERAGE_SESSION, MEASURED_VARIABLE
from seatrial.project.settings import passed_variables
from seatrial.sessions.build import DEFAULT_TAGS, state_folder
from seatrial.sessions.registration import (
    Groups,
    Registration,
    as_command,
    as_strings,
    as_variables,
    current_project,
    is_of_this_run,
    register_session,
    user_facing,
)

if TYPE_CHECKING:
    import nox

    from seatrial.project.project import Project


TEST_GROUPS = ("test", "tests", "dev")
TYPE_GROUPS = ("types", "typing", "type-check", "mypy")


@user_facing
def tests(
    *,
    pythons: Sequence[str] = (),
    groups: Sequence[str] = (),
    extras: Sequence[str] = (),
    requirements: Sequence[str] = (),
    command: Sequence[str] = ("pytest",),
    env: Mapping[str, str] | None = None,
    locked: bool = True,
    tags: Sequence[str] = DEFAULT_TAGS,
    name: str = "tests",
    default: bool = True,
) -> None:
    """Register ``tests-X.Y`` for every Python: ``command``, in an environment with the built wheel.

    ``pythons``: those to run on, else those that the project supports; ``groups``: the dependency groups to
    install, else the first of ``test``, ``tests``, ``dev``; ``extras``: those of the wheel; ``requirements``: more of
    them, or files of them. If one of these is given, or Python itself is the command (``["python", "-m",
    "unittest"]``), no group is required. ``env``: variables for the command; ``locked``: whether the versions in a lock
    file are installed, or else the newest. Positional arguments go to the command: ``nox -s tests-3.12 -- -k parser``.
    If the project uses coverage, each Python writes a data file, and the session ``coverage`` combines them.

    A second call with another ``name`` registers other sessions, such as a quick part of the tests for a release;
    ``default``: whether ``nox`` without a session runs them.
    """
    versions = as_strings(pythons, "pythons") or current_project().pythons
    needed = Groups(as_strings(groups, "groups"), TEST_GROUPS, "the tests")
    words, wheel_extras = as_command(command), as_strings(extras, "extras")
    files, variables = as_strings(requirements, "requirements"), as_variables(env)
    suffices = bool(wheel_extras or files or words[0].startswith("python"))
    measured = current_project().measures_coverage and name == "tests"

    def run(session: nox.Session) -> None:
        # The imports of a session are in its function, because `nox -l` starts faster without them.
        from seatrial.sessions.coverage_sources import (  # noqa: PLC0415
            measure_wheel,
            named_configuration,
            with_configuration,
            write_configuration,
        )
        from seatrial.sessions.environment import (  # noqa: PLC0415
            TREE_VARIABLE,
            fill_with_wheel,
            locked_pins,
            require_command,
            resolve_groups,
            site_packages,
        )

        chosen = needed.present() if suffices else needed.chosen()
        installed = (*resolve_groups(chosen), *requirements_in(files))
        built = fill_with_wheel(session, installed, wheel_extras, locked_pins(session, locked=locked))
        require_command(session, words, chosen)
        run_words, data = words, {TREE_VARIABLE: str(current_project().root)}
        if current_project().is_measured(words):
            site, data_file = site_packages(Path(session.bin).parent), coverage_data_file(session)
            named = named_configuration(words, current_project(), {**os.environ, **variables})
            configured = current_project().coverage_configuration(named)
            run_words = measure_wheel(words, current_project(), configured, built.modules, site)
            data["COVERAGE_FILE"] = str(data_file)
            if config := write_configuration(current_project(), configured, built.modules, site, data_file.parent):
                run_words = with_configuration(run_words, current_project(), config)
                data["COVERAGE_RCFILE"] = str(config)
        session.run(*run_words, *session.posargs, env={**kept_from_code(), **variables, **data})

    about = f"Run {' '.join(words)} against the built wheel"
    register_session(Registration(name, about, as_strings(tags, "tags"), versions, default=default), run)
    if measured:
        register_coverage(as_strings(tags, "tags"), needed, files, words, variables)


@user_facing
def mypy(
    *,
    pythons: Sequence[str] = (),
    groups: Sequence[str] = (),
    extras: Sequence[str] = (),
    requirements: Sequence[str] = (),
    command: Sequence[str] = ("mypy",),
    env: Mapping[str, str] | None = None,
    locked: bool = True,
    tags: Sequence[str] = DEFAULT_TAGS,
) -> None:
    """Register ``mypy-X.Y`` for every Python: the locked mypy, or the newest, which checks for that Python.

    The arguments are those of `tests`; ``groups`` is else the first of ``types``, ``typing``, ``type-check``,
    ``mypy``, or a group for tests. mypy is installed if no group requires it. It gets no files if its configuration or
    ``command`` names some, else ``src``, or the sources of the wheel, and ``tests``.
    """
    versions = as_strings(pythons, "pythons") or current_project().pythons
    needed = Groups(as_strings(groups, "groups"), (*TYPE_GROUPS, *TEST_GROUPS), "type checking", "mypy")
    words, wheel_extras = as_command(command), as_strings(extras, "extras")
    files, variables = as_strings(requirements, "requirements"), as_variables(env)

    def run(session: nox.Session) -> None:
        from seatrial.sessions.environment import fill_with_wheel, locked_pins, require_command, resolve_groups  # noqa: PLC0415 - as in tests()

        installed = (*resolve_groups(needed.present(), "mypy"), *requirements_in(files))
        built = fill_with_wheel(session, installed, wheel_extras, locked_pins(session, locked=locked))
        require_command(session, words, needed.present())
        target = str(session.python).rstrip("t")
        cache = TypeCache.of(current_project().import_name, mypy_cache_folder(), target)
        cache.seed()
        try:
            checked = session.posargs or (() if names_files(words) else files_to_check(built.modules))
            environ = {**kept_from_code(), **variables}
            session.run(*words, "--python-version", target, *checked, env=environ)
        finally:
            cache.keep()

    about = f"Run {' '.join(words)}, for this Python"
    register_session(Registration("mypy", about, as_strings(tags, "tags"), versions), run)


def kept_from_code() -> dict[str, str | None]:
    """Return what takes secrets out of the environment of a command that runs the code of the project."""
    return process.secrets_removed(passed_variables(current_project().table))


def names_files(command: Sequence[str]) -> bool:
    """Whether a command of mypy has files, folders, modules or packages to check among its arguments."""
    options = ("-m", "--module", "-p", "--package", "-c", "--command")
    return any(
        word.startswith(options) if word.startswith("-") else (current_project().root / word).exists()
        for word in command[1:]
    )


def files_to_check(modules: Sequence[str]) -> tuple[str, ...]:
    """Return the arguments of mypy: none if its configuration names what to check.

    ``modules``: the dotted names of the modules in the wheel.
    """
    if {"files", "packages", "modules"} & set(current_project().mypy_settings):
        return ()
    root = current_project().root
    if (root / "src").is_dir():
        sources = ["src"]
    else:
        paths = [module.replace(".", "/") for module in modules]
        sources = [name for path in paths for name in (path, f"{path}.py") if (root / name).exists()]
    return (*(sources or ["."]), *(["tests"] if sources and (root / "tests").is_dir() else []))


def requirements_in(entries: Sequence[str]) -> tuple[str, ...]:
    """Return requirements, and those in requirements files of the project. Raises `RequirementsUnusable`."""
    from seatrial.project.requirements import read_requirements  # noqa: PLC0415 - as in tests()

    return tuple(
        requirement
        for entry in entries
        for requirement in (read_requirements(current_project().root, entry) if is_file(entry) else (entry,))
    )


def is_file(entry: str) -> bool:
    """Whether an entry of ``requirements`` is the path of a file, and no requirement."""
    if entry.endswith((".txt", ".in")) or (current_project().root / entry).is_file():
        return True
    try:
        Requirement(entry)
    except InvalidRequirement:
        return True
    return False


def mypy_cache_folder() -> Path:
    """Return where mypy keeps its cache (mypy, ``--cache-dir``)."""
    folder = os.environ.get("MYPY_CACHE_DIR") or current_project().mypy_settings.get("cache_dir") or ".mypy_cache"
    return current_project().root / str(folder)


COVERAGE_REQUIREMENT = "coverage[toml]"
COMBINE_SCRIPT = Path(__file__).resolve().parent.parent / "combine_coverage.py"
"""Run as a script, by the Python of the environment that holds coverage."""


def coverage_data_file(session: nox.Session) -> Path:
    """Return the data file of the tests on one Python, outside of the files that are built."""
    folder = state_folder(session) / "coverage"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f".coverage.{session.python}"


def register_coverage(
    tags: Sequence[str],
    groups: Groups,
    requirements: Sequence[str],
    command: Sequence[str],
    variables: Mapping[str, str],
) -> None:
    """Register ``coverage``, which comes after the tests: combine their data and report.

    ``groups`` and ``requirements``: those of the tests, which say the versions of the plugins of coverage; ``command``
    and ``variables``: theirs, which may name the file with the configuration. It fails if the total is below the
    project's ``fail_under``. In CI, where each Python has a job of its own, it takes the data of these jobs, and runs
    no tests.
    """
    about = "Combine the coverage of all Pythons and report it"
    first = () if os.environ.get(MEASURED_VARIABLE) else ("tests",)

    def run(session: nox.Session) -> None:
        from seatrial.sessions.coverage_sources import (  # noqa: PLC0415
            coverage_plugins,
            named_configuration,
            requirements_of_plugins,
        )
        from seatrial.sessions.environment import resolve_groups  # noqa: PLC0415 - as in tests()

        named = named_configuration(command, current_project(), {**os.environ, **variables})
        plugins = coverage_plugins(current_project(), named)
        installed = (*resolve_groups(groups.present()), *requirements_in(requirements)) if plugins else ()
        _coverage(session, requirements_of_plugins(plugins, installed), {"COVERAGE_RCFILE": named} if named else {})

    register_session(Registration(COVERAGE_SESSION, about, tuple(tags), requires=first), run)


def _data_files(folder: Path) -> list[str]:
    """Return the data files of this run. Raises `NothingMeasured` if other jobs should have provided some."""
    measured = os.environ.get(MEASURED_VARIABLE)
    if not measured:
        return [str(path) for path in sorted(folder.glob(".coverage.*")) if is_of_this_run(path)]
    files = [str(path) for path in sorted((current_project().root / measured).rglob(".coverage.*"))]
    if not files:
        raise BuildError(
            f"no job has provided what its tests measured: {measured} has no .coverage.*",
            code="NothingMeasured",
            fix="have the tests measure, as with pytest --cov; or coverage = false in [tool.seatrial.workflows]",
        )
    return files


def _coverage(session: nox.Session, plugins: Sequence[str], variables: Mapping[str, str]) -> None:
    # The imports of a session are in its function, because `nox -l` starts faster without them.
    from seatrial.git.command import is_ignored  # noqa: PLC0415
    from seatrial.sessions.environment import fill_environment  # noqa: PLC0415

    folder = state_folder(session) / "coverage"
    folder.mkdir(parents=True, exist_ok=True)
    files = _data_files(folder)
    if not files:
        session.skip("the tests of this run measured nothing")
    fill_environment(session, (COVERAGE_REQUIREMENT, *plugins))
    sources = "src" if (current_project().root / "src").is_dir() else "."
    # If git does not ignore .coverage, a backend adds it to the sdist.
    data = (
        current_project().root / ".coverage" if is_ignored(current_project().root, ".coverage") else folder / "combined"
    )
    environ = {**kept_from_code(), **variables, "COVERAGE_FILE": str(data)}
    session.run("python", str(COMBINE_SCRIPT), sources, *files, env=environ)
    session.run("coverage", "report", env=environ)
    if data.parent == folder:
        session.log(f"git does not ignore .coverage, so the combined data is in {data}")


REFRESHED_AFTER = 24 * 60 * 60
"""Seconds after which a run replaces the copy."""


@dataclass(frozen=True)
class TypeCache:
    """The cache of mypy of one project for one target: ``used`` by mypy, and ``kept`` for the next clone.

    A first run spends nearly all of its time on the standard library and on the dependencies. The cache records for
    each file what it was made from, and mypy ignores whatever does not match (options, versions, contents), so a copy
    from an earlier run is safe wherever it comes from.
    """

    used: Path
    kept: Path

    @classmethod
    def of(cls, name: str, cache_dir: Path, target: str) -> TypeCache:
        """Return the cache of the project ``name`` for the Python ``target``, as mypy names its folders."""
        from platformdirs import user_cache_path  # noqa: PLC0415 - as in tests()

        return cls(cache_dir / target, user_cache_path("seatrial") / "mypy" / name / target)

    def seed(self) -> None:
        """Copy the kept cache to mypy's, unless mypy has one already."""
        if self.kept.is_dir() and not self.used.exists():
            with contextlib.suppress(OSError):
                _copy(self.kept, self.used)

    def keep(self) -> None:
        """Copy mypy's cache, unless a recent copy is kept. Errors are ignored."""
        with contextlib.suppress(OSError):
            if self.used.is_dir() and not self._is_young():
                _copy(self.used, self.kept)

    def _is_young(self) -> bool:
        try:
            return time.time() - self.kept.stat().st_mtime < REFRESHED_AFTER
        except OSError:
            return False


def _copy(source: Path, target: Path) -> None:
    """Copy a folder so that ``target`` is always complete; of two copies at the same time, one wins."""
    new = target.with_name(f".{target.name}.{os.getpid()}")
    old = target.with_name(f".{target.name}.{os.getpid()}.old")
    try:
        shutil.copytree(source, new)
        # copytree gives the folder the time of the original.
        os.utime(new)
        with contextlib.suppress(FileNotFoundError):
            target.rename(old)
        new.rename(target)
    finally:
        for folder in (new, old):
            shutil.rmtree(folder, ignore_errors=True)


LINT_GROUP = "lint"


@dataclass(frozen=True)
class Linter:
    """A linter: its requirement, None if the dependency groups have it, and its commands in turn."""

    requirement: str | None
    commands: tuple[tuple[str, ...], ...]


@user_facing
def lint(
    *,
    groups: Sequence[str] = (),
    command: Sequence[str] = (),
    locked: bool = True,
    tags: Sequence[str] = ("ci",),
) -> None:
    """Register ``lint``: pre-commit where the project configures it, else ruff, or ``command``.

    ``groups``: the dependency groups to install; without it the group ``lint``, if there is one, and the linter;
    ``locked``: whether what a lock file pins is installed as it is there.
    ``ruff format --check`` follows ``ruff check`` where there is a ``[tool.ruff.format]``. Positional arguments go
    to the first command: ``nox -s lint -- --fix``.
    """
    words = as_strings(command, "command")
    needed = Groups(as_strings(groups, "groups"), (LINT_GROUP,), "the linters")
    linter = Linter(None, (words,)) if words else configured_linter(current_project())

    def run(session: nox.Session) -> None:
        # The imports of a session are in its function, because `nox -l` starts faster without them.
        from seatrial.sessions.environment import fill_environment, locked_pins, resolve_groups  # noqa: PLC0415

        if linter is None:
            raise ProjectError(
                f"{current_project().root} configures no linter: no .pre-commit-config.yaml, no [tool.ruff], no "
                "ruff.toml",
                code="NothingToLint",
                fix="add [tool.ruff] to pyproject.toml, or name a command and the group that brings it:\n"
                'sessions.lint(command=["flake8"], groups=["lint"])',
            )
        installed = resolve_groups(needed.present(), linter.requirement)
        fill_environment(session, installed, locked_pins(session, locked=locked))
        for number, arguments in enumerate(linter.commands):
            session.run(*arguments, *(session.posargs if number == 0 else ()), env=process.publishing_removed())

    about = "Run " + (" and ".join(" ".join(words[:2]) for words in linter.commands) if linter else "no linter yet")
    register_session(Registration("lint", about, as_strings(tags, "tags")), run)


def configured_linter(project: Project) -> Linter | None:
    """Return the linter that a project configures, None when it configures none."""
    if (project.root / ".pre-commit-config.yaml").is_file():
        return Linter("pre-commit", (("pre-commit", "run", "--all-files", "--show-diff-on-failure"),))
    if project.configures("ruff", "ruff.toml", ".ruff.toml"):
        check = ("ruff", "check")
        format_ = ("ruff", "format", "--check")
        return Linter("ruff", (check, format_) if project.formats_with_ruff else (check,))
    return None
