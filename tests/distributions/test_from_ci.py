"""The files that the build job has stored are those that are tested, or nothing is."""

from __future__ import annotations

import shutil
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from errors_raised import raises_error
from release_repo import install_build_environment, made_once
from sample_project import HERE, RunResult, SampleProject, environment, package
from seatrial.distributions.cache import accept_built, built_line
from seatrial.project.project import Project

if TYPE_CHECKING:
    from pathlib import Path

    from seatrial.distributions.distribution import Distribution


def build(folder: Path) -> None:
    (folder / "tidepool").mkdir()
    (folder / "home").mkdir()
    made = package(SampleProject(folder / "tidepool", environment(folder / "home")), "build()", "tests()")
    install_build_environment(made, "hatchling")
    assert made.nox("-s", "build").returncode == 0


@pytest.fixture
def project(tmp_path: Path) -> SampleProject:
    """Return a project that is built."""
    return made_once("built", build).copy(tmp_path / "port").project


def delivery(project: SampleProject) -> tuple[SampleProject, str]:
    """Return a fresh clone of a project with the files in its ``dist/``, and their description."""
    clone = replace(project, root=project.root.parent / "clone")
    project.git("clone", "-q", str(project.root), str(clone.root))
    shutil.copytree(project.root / "dist", clone.root / "dist", ignore=shutil.ignore_patterns(".gitignore"))
    return clone, built_line(project.root)


@pytest.mark.slow
def test_delivered_files_are_tested_and_nothing_is_built(project: SampleProject) -> None:
    clone, built = delivery(project)
    before = {path.name: path.read_bytes() for path in (clone.root / "dist").iterdir()}
    ran = clone.nox("-s", f"tests-{HERE}", SEATRIAL_BUILT=built)
    assert ran.returncode == 0, ran.output
    assert "building" not in ran.output
    assert {path.name: path.read_bytes() for path in (clone.root / "dist").iterdir()} == before


@pytest.mark.slow
def test_files_that_differ_from_their_description_are_refused_and_nothing_is_built(project: SampleProject) -> None:
    clone, built = delivery(project)
    loaded = Project.from_directory(clone.root)
    assert {file.path.name for file in accept_built(loaded, f"{built}\n", unwanted)} == set(names(clone))
    commit, sdist, wheel = built.split()
    short = f"sha256 {sdist[:12]} and {wheel[:12]}"

    assert refusal(loaded, "") == (
        "SEATRIAL_BUILT is '', and must be a commit and two hashes: the build job set no output"
    )
    assert refusal(loaded, f"{'0' * 40} {sdist} {wheel}") == (
        f"the distributions were built from {'0' * 12}, and HEAD is {commit[:12]}"
    )
    assert refusal(loaded, f"{commit} {sdist} {'0' * 64}") == (
        f"dist/ must contain what was built, sha256 {sdist[:12]} and {'0' * 12}, and contains "
        f"tidepool-1.2.3-py3-none-any.whl ({wheel[:12]}), tidepool-1.2.3.tar.gz ({sdist[:12]})"
    )

    module = clone.root / "src/tidepool/__init__.py"
    module.write_text(module.read_text() + "\n")
    assert refusal(loaded, built) == (
        "src/tidepool/__init__.py differs from the commit that the distributions were built from"
    )
    clone.git("checkout", "-q", ".")
    (clone.root / "notes.md").write_text("an untracked file\n")
    accept_built(loaded, built, unwanted)

    more = clone.root / "dist/tidepool-1.2.2.tar.gz"
    more.write_bytes(b"left behind")
    assert refusal(loaded, built).startswith(f"dist/ must contain what was built, {short}, and contains tidepool-1.2.2")
    more.unlink()

    stored = clone.root / "dist/tidepool-1.2.3-py3-none-any.whl"
    stored.write_bytes(stored.read_bytes() + b"\0")
    ran = clone.nox("-s", "build", SEATRIAL_BUILT=built)
    assert (ran.returncode, ran.was_a_traceback) == (1, False)
    assert f"dist/ must contain what was built, {short}, and contains" in ran.output
    assert "building" not in ran.output


@pytest.mark.slow
def test_build_job_describes_one_sdist_and_one_wheel_of_a_commit(project: SampleProject) -> None:
    clone, built = delivery(project)
    project.write({"tasks.py": 'from seatrial.tasks import ns\n\n__all__ = ["ns"]\n'})
    summary = project.root.parent / "summary.md"
    assert project.invoke("ci.built", GITHUB_STEP_SUMMARY=str(summary)) == RunResult(0, f"built={built}\n")
    sdist, wheel = ((project.root / "dist" / name).stat().st_size for name in names(clone)[::-1])
    assert summary.read_text() == (
        "| file | bytes | sha256 |\n"
        "|---|--:|---|\n"
        f"| `tidepool-1.2.3.tar.gz` | {sdist:,} | `{built.split()[1]}` |\n"
        f"| `tidepool-1.2.3-py3-none-any.whl` | {wheel:,} | `{built.split()[2]}` |\n\n"
    )
    (clone.root / "dist/tidepool-1.2.3.tar.gz").unlink()
    with raises_error("NotAsBuilt") as raised:
        built_line(clone.root)
    assert raised.value.what == (
        "dist/ must contain one sdist and one wheel, and contains tidepool-1.2.3-py3-none-any.whl"
    )
    shutil.rmtree(project.root / ".git")
    with raises_error("NotAsBuilt") as raised:
        built_line(project.root)
    assert raised.value.what == f"{project.root} has no commit"


def names(clone: SampleProject) -> list[str]:
    return sorted(path.name for path in (clone.root / "dist").iterdir())


def unwanted(sdist: Distribution) -> Distribution:
    raise AssertionError(f"a wheel was to be compiled from {sdist.path}")


def refusal(loaded: Project, built: str) -> str:
    with raises_error("NotAsBuilt") as raised:
        accept_built(loaded, built, unwanted)
    return raised.value.what
