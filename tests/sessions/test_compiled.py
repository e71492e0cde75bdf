"""A project with an extension in C: each Python is tested with a wheel that was compiled for it; the sdist ships."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from compiled_package import write_compiled_package
from prepared_packages import package
from sample_project import HERE, SampleProject
from seatrial.distributions.cache import built_line
from seatrial.pythons import find_interpreters

pytestmark = pytest.mark.slow

INSTALLED = [interpreter.version for interpreter in find_interpreters(("3.9", "3.13", "3.12"), os.environ)]
OTHERS = [version for version in INSTALLED if version != HERE]
STABLE = {
    "how": ', py_limited_api=True, define_macros=[("Py_LIMITED_API", "0x03090000")]',
    "options": ', options={"bdist_wheel": {"py_limited_api": "cp39"}}',
}


def compiled(project: SampleProject, how: str = "", options: str = "") -> SampleProject:
    package(project, "build()", "check()", "tests()", backend="setuptools", pythons=(HERE, *OTHERS[:1]))
    project.write(write_compiled_package(how, options))
    project.commit("Compute in C")
    return project


def wheels(project: SampleProject) -> list[str]:
    paths = (project.root / ".nox/.cache/seatrial/compiled").glob("*/*.whl")
    return sorted(re.sub("(?<=-)[^-]*$", "PLATFORM", path.name) for path in paths)


def own(python: str) -> str:
    tag = "cp" + python.replace(".", "")
    return f"tidepool-1.2.3-{tag}-{tag}-PLATFORM"


@pytest.mark.skipif(not OTHERS, reason="one Python alone is installed")
def test_each_python_gets_a_wheel_of_its_own_once_and_only_the_sdist_is_to_be_published(project: SampleProject) -> None:
    """That another checkout compiles its own from the sdist that it is handed, is in tests/workflows/test_jobs.py."""
    compiled(project)
    sessions = ("build", "check", f"tests-{HERE}", f"tests-{OTHERS[0]}")
    ran = project.nox("-s", *sessions)
    assert ran.returncode == 0, ran.output
    assert [path.name for path in (project.root / "dist").iterdir() if path.suffix == ".gz"] == [
        "tidepool-1.2.3.tar.gz"
    ]
    assert not list((project.root / "dist").glob("*.whl"))
    assert wheels(project) == sorted(map(own, (HERE, OTHERS[0])))
    assert f"building a wheel for Python {OTHERS[0]}, from tidepool-1.2.3.tar.gz" in ran.output
    again = project.nox("-s", *sessions)
    assert (again.returncode, "building" in again.output, "installing" in again.output) == (0, False, False)


@pytest.mark.skipif(not OTHERS, reason="one Python alone is installed")
def test_wheel_for_the_stable_abi_is_compiled_once_for_all_pythons(project: SampleProject) -> None:
    ran = compiled(project, **STABLE).nox("-s", f"tests-{HERE}", f"tests-{OTHERS[0]}")
    assert ran.returncode == 0, ran.output
    assert wheels(project) == ["tidepool-1.2.3-cp39-abi3-PLATFORM"]


def test_sdist_alone_of_a_project_without_compiled_code_is_no_delivery(project: SampleProject) -> None:
    package(project, "build()", "tests()")
    assert project.nox("-s", "build").returncode == 0
    next(Path(project.root, "dist").glob("*.whl")).unlink()
    ran = project.nox("-s", f"tests-{HERE}", SEATRIAL_BUILT=built_line(project.root))
    assert (ran.returncode, ran.was_a_traceback) == (1, False)
    assert "the build job listed only tidepool-1.2.3.tar.gz, and tidepool-1.2.3-py3-none-any.whl" in ran.output
