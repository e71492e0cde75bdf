"""A project with an extension in C: each Python is tested with a wheel that was compiled for it; the sdist ships."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from compiled import written_in_c
from furnished import package
from seatrial import interpreters
from seatrial.delivered import told
from trial import HERE, Trial

pytestmark = pytest.mark.slow

OTHERS = [one.version for one in interpreters.find(("3.9", "3.13", "3.12"), os.environ) if one.version != HERE]
STABLE = {
    "how": ', py_limited_api=True, define_macros=[("Py_LIMITED_API", "0x03090000")]',
    "options": ', options={"bdist_wheel": {"py_limited_api": "cp39"}}',
}


def compiled(trial: Trial, how: str = "", options: str = "") -> Trial:
    package(trial, "build()", "check()", "tests()", backend="setuptools", pythons=(HERE, *OTHERS[:1]))
    trial.write(written_in_c(how, options))
    trial.commit("Compute in C")
    return trial


def wheels(trial: Trial) -> list[str]:
    found = (trial.root / ".nox/.cache/seatrial/compiled").glob("*/*.whl")
    return sorted(re.sub("(?<=-)[^-]*$", "PLATFORM", path.name) for path in found)


def own(python: str) -> str:
    tag = "cp" + python.replace(".", "")
    return f"tidepool-1.2.3-{tag}-{tag}-PLATFORM"


@pytest.mark.skipif(not OTHERS, reason="one Python alone is installed")
def test_each_python_gets_a_wheel_of_its_own_once_and_only_the_sdist_is_to_be_published(trial: Trial) -> None:
    """That another checkout compiles its own from the sdist that it is handed, is in tests/workflows/test_jobs.py."""
    compiled(trial)
    wanted = ("build", "check", f"tests-{HERE}", f"tests-{OTHERS[0]}")
    ran = trial.nox("-s", *wanted)
    assert ran.returncode == 0, ran.output
    assert [path.name for path in (trial.root / "dist").iterdir() if path.suffix == ".gz"] == ["tidepool-1.2.3.tar.gz"]
    assert not list((trial.root / "dist").glob("*.whl"))
    assert wheels(trial) == sorted(map(own, (HERE, OTHERS[0])))
    assert f"building a wheel for Python {OTHERS[0]}, from tidepool-1.2.3.tar.gz" in ran.output
    again = trial.nox("-s", *wanted)
    assert (again.returncode, "building" in again.output, "installing" in again.output) == (0, False, False)


@pytest.mark.skipif(not OTHERS, reason="one Python alone is installed")
def test_wheel_for_the_stable_abi_is_compiled_once_for_all_pythons(trial: Trial) -> None:
    ran = compiled(trial, **STABLE).nox("-s", f"tests-{HERE}", f"tests-{OTHERS[0]}")
    assert ran.returncode == 0, ran.output
    assert wheels(trial) == ["tidepool-1.2.3-cp39-abi3-PLATFORM"]


def test_sdist_alone_of_a_project_without_compiled_code_is_no_delivery(trial: Trial) -> None:
    package(trial, "build()", "tests()")
    assert trial.nox("-s", "build").returncode == 0
    next(Path(trial.root, "dist").glob("*.whl")).unlink()
    ran = trial.nox("-s", f"tests-{HERE}", SEATRIAL_BUILT=told(trial.root))
    assert (ran.returncode, ran.was_a_traceback) == (1, False)
    assert "the build job told of tidepool-1.2.3.tar.gz alone, and tidepool-1.2.3-py3-none-any.whl" in ran.output
