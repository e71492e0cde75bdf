"""Small packages whose environments exist already, as at every run but the first."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import sample_project
import shared
from release_repo import install_build_environment
from sample_project import HERE, SampleProject, environment

if TYPE_CHECKING:
    from pathlib import Path


SESSION = f".nox/tests-{HERE.replace('.', '-')}"
"""The environment of the tests on the Python that runs these."""


def package(
    project: SampleProject, *sessions: str, backend: str = "uv_build", pythons: tuple[str, ...] = (HERE,)
) -> SampleProject:
    """Write a small healthy package as `SampleProject.package` does, and give it its build environment.

    Its backend is the quickest, where a test needs no other.
    """
    sample_project.package(project, *sessions, backend=backend, pythons=pythons)
    install_build_environment(project, backend)
    return project


def with_tests_environment(project: SampleProject) -> SampleProject:
    """Give a package the environment of its tests, pytest's byte code included: making it takes a second."""
    made = shared.made_once("tests-environment", _make_tests_environment)
    source, target = made / "tidepool" / SESSION, project.root / SESSION
    # A file of the package, or of seatrial, is written into; those of pytest are replaced if anything.
    shutil.copytree(source, target, symlinks=True, copy_function=shared.link_or_copy("/_pytest/", "/pygments/"))
    before = (made / "made-in").read_bytes()
    for program in (target / "bin").iterdir():
        if not program.is_symlink():
            program.write_bytes(program.read_bytes().replace(before, bytes(project.root)))
    return project


def _make_tests_environment(folder: Path) -> None:
    (folder / "tidepool").mkdir()
    (folder / "home").mkdir()
    (folder / "made-in").write_bytes(bytes(folder / "tidepool"))
    made = package(SampleProject(folder / "tidepool", environment(folder / "home")), "tests()")
    ran = made.nox("-s", "tests", PYTHONDONTWRITEBYTECODE="")
    assert ran.returncode == 0, ran.output
