"""The sessions that run on every Python that the project supports."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from seatrial import shell
from seatrial.facts import requirements_file
from seatrial.sessions import measuring
from seatrial.sessions.artefacts import TAGS
from seatrial.sessions.registering import Groups, Registration, command_of, face, project, register, strings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    import nox

TEST_GROUPS = ("test", "tests", "dev")
TYPE_GROUPS = ("types", "typing", "type-check", "mypy")


@face
def tests(
    *,
    pythons: Sequence[str] = (),
    groups: Sequence[str] = (),
    extras: Sequence[str] = (),
    requirements: Sequence[str] = (),
    command: Sequence[str] = ("pytest",),
    locked: bool = True,
    tags: Sequence[str] = TAGS,
    name: str = "tests",
    default: bool = True,
) -> None:
    """Register ``tests-X.Y`` for every Python: ``command``, in an environment with the built wheel.

    ``pythons``: those to run on, else those that the classifiers name; ``groups``: the dependency groups to
    install, else the first of ``test``, ``tests``, ``dev``; ``extras``: those of the wheel; ``requirements``: files of
    them. Where one of these is told, or Python itself is the command (``["python", "-m", "unittest"]``), there need not
    be a group. ``locked``: whether what a lock file pins is installed as it is there; False takes the newest.
    Positional arguments go to the command: ``nox -s tests-3.12 -- -k parser``. Where the project uses
    coverage, each Python writes its own data file, and a session ``coverage`` combines them.

    A second call with another ``name`` makes other sessions, such as a quick part of the tests for the proof of a
    release; ``default``: whether ``nox`` alone runs them.
    """
    versions = strings(pythons, "pythons") or project().pythons
    needed = Groups(strings(groups, "groups"), TEST_GROUPS, "the tests")
    told, more = command_of(command), strings(extras, "extras")
    files = strings(requirements, "requirements")
    suffices = bool(more or files or told[0].startswith("python"))
    measured = measuring.is_used() and name == "tests"

    def run(session: nox.Session) -> None:
        # What a session does is loaded when it runs: `nox -l` does without.
        from seatrial.sessions import furnishing  # noqa: PLC0415

        chosen = needed.present() if suffices else needed.chosen()
        wanted = (*furnishing.requirements(chosen), *listed_in(files))
        furnishing.furnish_with_wheel(session, wanted, more, furnishing.pins(session, locked=locked))
        furnishing.insist_on(session, told, chosen)
        data = {"COVERAGE_FILE": str(measuring.data_file(session))} if measured else {}
        for folder in measuring.folders_measured() if measured else ():
            session.warn(
                f"coverage is told to measure the folder {folder}, and the tests import the wheel: "
                f'name the package instead, source_pkgs = ["{project().import_name}"] or --cov={project().import_name}'
            )
        session.run(*told, *session.posargs, env={**shell.without_secrets(), **data})

    about = f"Run {' '.join(told)} against the built wheel"
    register(Registration(name, about, strings(tags, "tags"), versions, default=default), run)
    if measured:
        measuring.register_coverage(strings(tags, "tags"))


@face
def mypy(
    *,
    pythons: Sequence[str] = (),
    groups: Sequence[str] = (),
    extras: Sequence[str] = (),
    requirements: Sequence[str] = (),
    command: Sequence[str] = ("mypy",),
    locked: bool = True,
    tags: Sequence[str] = TAGS,
) -> None:
    """Register ``mypy-X.Y`` for every Python: the locked mypy, or the newest, told to check for that Python.

    The arguments are those of `tests`; ``groups`` is else the first of ``types``, ``typing``, ``type-check``,
    ``mypy``, or a group for tests. mypy is installed when no group asks for it. It is run without arguments
    where its configuration names the files to check, else with ``src``, or what the wheel is made of, and ``tests``.
    """
    versions = strings(pythons, "pythons") or project().pythons
    needed = Groups(strings(groups, "groups"), (*TYPE_GROUPS, *TEST_GROUPS), "type checking", "mypy")
    told, more, listed = command_of(command), strings(extras, "extras"), strings(requirements, "requirements")

    def run(session: nox.Session) -> None:
        from seatrial.sessions import furnishing  # noqa: PLC0415 - see tests()
        from seatrial.type_cache import TypeCache  # noqa: PLC0415

        wanted = (*furnishing.requirements(needed.present(), "mypy"), *listed_in(listed))
        made = furnishing.furnish_with_wheel(session, wanted, more, furnishing.pins(session, locked=locked))
        furnishing.insist_on(session, told, needed.present())
        target = str(session.python).rstrip("t")
        cache = TypeCache.of(project().import_name, cache_dir(), target)
        cache.seed()
        try:
            files = session.posargs or files_to_check(made.modules)
            session.run(*told, "--python-version", target, *files, env=shell.without_secrets())
        finally:
            cache.keep()

    about = f"Run {' '.join(told)}, told to check for this Python"
    register(Registration("mypy", about, strings(tags, "tags"), versions), run)


def files_to_check(modules: Sequence[str]) -> tuple[str, ...]:
    """Return what to give to mypy: nothing where its configuration says what to check.

    ``modules``: the dotted names of what the wheel brings.
    """
    if {"files", "packages", "modules"} & set(project().mypy_settings):
        return ()
    root = project().root
    if (root / "src").is_dir():
        sources = ["src"]
    else:
        paths = [module.replace(".", "/") for module in modules]
        sources = [name for path in paths for name in (path, f"{path}.py") if (root / name).exists()]
    return (*(sources or ["."]), *(["tests"] if sources and (root / "tests").is_dir() else []))


def listed_in(files: Sequence[str]) -> tuple[str, ...]:
    """Return the requirements in requirements files of the project. Raises `RequirementsUnusable`."""
    return tuple(one for name in files for one in requirements_file.read(project().root, name))


def cache_dir() -> Path:
    """Return where mypy keeps its cache (mypy, ``--cache-dir``)."""
    told = os.environ.get("MYPY_CACHE_DIR") or project().mypy_settings.get("cache_dir") or ".mypy_cache"
    return project().root / str(told)
