"""One fault at a time: the rehearsal stops with the right words.

What can be known before there is a tag is known there, with each build backend; the rest at the door of the index.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Callable

import pytest

from rehearsal_projects import WORKFLOW
from release_repo import ReleaseRepo, make_release_repo
from sample_project import BUILD_SYSTEMS

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.slow

CROOKED = """\
import os, pathlib, tarfile, zipfile
import {real} as real


def __getattr__(name):
    return getattr(real, name)


def build_wheel(folder, *args):
    return twist(pathlib.Path(folder), real.build_wheel(folder, *args))


def build_sdist(folder, *args):
    return twist(pathlib.Path(folder), real.build_sdist(folder, *args))


def rezip(path, change):
    with zipfile.ZipFile(path) as old:
        members = [(one, old.read(one)) for one in old.namelist()]
    with zipfile.ZipFile(path, "w") as new:
        for name, data in members:
            changed = change(name, data)
            if changed is not None:
                new.writestr(name, changed)


def rename(path, name):
    path.rename(path.with_name(name))
    return name


def twist(folder, name):
    path = folder / name
    wheel = name.endswith(".whl")
    {twist}
    return name
"""
IN_SDIST = {
    "hatchling": {},
    "setuptools": {"MANIFEST.in": "include crooked.py\n"},
    "flit_core": {"pyproject.toml": '[tool.flit.sdist]\ninclude = ["crooked.py"]\n'},
    "pdm-backend": {"pyproject.toml": '[tool.pdm.build]\nsource-includes = ["crooked.py"]\n'},
    "poetry-core": {"pyproject.toml": '[tool.poetry]\ninclude = [{ path = "crooked.py", format = "sdist" }]\n'},
    "uv_build": {"pyproject.toml": '[tool.uv.build-backend]\nsource-include = ["crooked.py"]\n'},
}
"""What puts the crooked backend into the sdist, which the wheel is built from."""


def crooked(repo: ReleaseRepo, twist: str) -> None:
    """Have the distributions twisted after the real backend has made them."""
    text = repo.read("pyproject.toml")
    match = re.search(r'build-backend = "(.*)"', text)
    assert match
    backend = next(name for name, system in BUILD_SYSTEMS.items() if f'"{match[1]}"' in system)
    files = IN_SDIST[backend]
    text = text.replace(match[0], 'build-backend = "crooked"\nbackend-path = ["."]') + files.get("pyproject.toml", "")
    module = CROOKED.replace("{real}", match[1]).replace("{twist}", twist)
    repo.project.write({**files, "pyproject.toml": text, "crooked.py": module})


def edited(old: str, new: str) -> Callable[[ReleaseRepo], None]:
    """Return what edits pyproject.toml."""

    def edit(repo: ReleaseRepo) -> None:
        text = repo.read("pyproject.toml")
        assert old in text
        repo.project.write({"pyproject.toml": text.replace(old, new, 1)})

    return edit


def twisted(twist: str) -> Callable[[ReleaseRepo], None]:
    """Return what twists the distributions."""
    return lambda repo: crooked(repo, twist)


def write_rst_that_does_not_render(repo: ReleaseRepo) -> None:
    edited('readme = "README.md"', 'readme = "README.rst"')(repo)
    repo.project.write({"README.rst": "Title\n=\n\n.. code:: python\n   :nonsense:\n\n`open\n"})


def fall_out_of_step(repo: ReleaseRepo) -> None:
    repo.project.write({"src/tidepool/__init__.py": '__version__ = "1.2.2"\n'})


@dataclass(frozen=True)
class Fault:
    """What is spoilt, what is said of it, and what a backend says that refuses it by itself."""

    spoil: Callable[[ReleaseRepo], None]
    words: str
    backends: str = "no backend does"
    options: tuple[str, ...] = ("--part", "minor")


FAULTS = {
    "classifier": Fault(
        edited("classifiers = [", 'classifiers = [\n  "Framework :: Nonsense",'),
        r"'Framework :: Nonsense' is not a valid classifier\.",
        r"Unknown classifier|Invalid classifier|nknown classifier",
    ),
    "readme": Fault(write_rst_that_does_not_render, r"The description failed to render for 'text/x-rst'\."),
    "licence": Fault(
        twisted('if wheel: rezip(path, lambda name, data: None if name.endswith("LICENSE") else data)'),
        r"License-File LICENSE does not exist in distribution file tidepool-[\d.]+-py3-none-any\.whl at ",
    ),
    "direct": Fault(
        edited('license = "MIT"', 'license = "MIT"\ndependencies = ["six @ https://example.invalid/six.zip"]'),
        r"Can't have direct dependency: six @ https://example\.invalid/six\.zip",
        r"cannot be a direct reference",
    ),
    "local": Fault(
        lambda _: None,
        r"1\.3\.0\+here has a local part, which no index takes",
        options=("--version", "1.3.0+here"),
    ),
    "wheel name": Fault(
        twisted('if wheel: return rename(path, name.replace("tidepool", "Tidepool"))'),
        r"Filename 'Tidepool-1\.3\.0-py3-none-any\.whl' should contain the normalized project name 'tidepool', not "
        r"'Tidepool'\.",
    ),
    "sdist name": Fault(
        twisted('if not wheel: return rename(path, name.replace("tidepool", "Tidepool"))'),
        r"Filename 'Tidepool-1\.3\.0\.tar\.gz' is invalid, should be 'tidepool-1\.3\.0\.tar\.gz'\.",
    ),
    "module": Fault(
        twisted('if wheel: rezip(path, lambda name, data: None if name.startswith("tidepool/") else data)'),
        r"tidepool-1\.3\.0-py3-none-any\.whl does not contain tidepool, which the source tree has in src/tidepool",
    ),
    "version": Fault(fall_out_of_step, r"the places that name the version disagree:"),
}


def project(folder: Path, backend: str, **workflow: str) -> ReleaseRepo:
    """Make a project that a workflow publishes, and whose remote is on a forge."""
    repo = make_release_repo(folder, backend)
    text = WORKFLOW
    for old, new in workflow.items():
        text = text.replace(old, new)
    repo.project.write({".github/workflows/release.yml": text})
    repo.project.commit("Publish from CI")
    repo.project.git("push", "-q")
    return repo


def stopped(repo: ReleaseRepo, *options: str) -> tuple[str, str]:
    """Rehearse, which has to fail without a traceback; return what went before the last message, and that."""
    repo.project.git("remote", "set-url", "origin", "https://github.com/acme/tidepool.git")
    repo.project.commit("Spoil it")
    ran = repo.project.invoke("rehearse", "--no-tests", *options)
    assert ran.returncode == 6, ran.output
    assert not ran.was_a_traceback, ran.output
    before, _, message = ran.output.rpartition("\nseatrial: ")
    return before, message


@pytest.mark.parametrize("fault", FAULTS)
def test_fault_is_known_before_there_is_a_tag(tmp_path: Path, fault: str) -> None:
    """The release of a rehearsal refuses it; see also `test_failing_step_is_named_with_its_reason`."""
    repo = project(tmp_path / "port", "uv_build")
    FAULTS[fault].spoil(repo)
    repo.project.commit("Spoil it")
    before = repo.state()
    ran = repo.release("--yes", *FAULTS[fault].options)
    assert (ran.returncode in (0, 1), ran.was_a_traceback) == (False, False), ran.output
    assert repo.state() == before
    assert re.search(f"{FAULTS[fault].words}|{FAULTS[fault].backends}", ran.output), ran.output


UP_TO_THE_BACKEND = ("classifier", "readme", "direct", "licence")
"""The faults that a backend may refuse by itself, and one in what it has built: for that, ours is in its sdist."""


@pytest.mark.parametrize("backend", [backend for backend in BUILD_SYSTEMS if backend != "uv_build"])
def test_fault_is_found_with_every_backend(tmp_path: Path, backend: str) -> None:
    """That what each builds of a healthy package is taken is in tests/sessions/test_build.py."""
    repo = project(tmp_path / "port", backend)
    missed = {}
    for fault in UP_TO_THE_BACKEND:
        repo.project.git("reset", "-q", "--hard")
        repo.project.git("clean", "-fdq")
        FAULTS[fault].spoil(repo)
        ran = repo.project.nox("-s", "build", "check")
        if not ran.returncode or not re.search(f"{FAULTS[fault].words}|{FAULTS[fault].backends}", ran.output):
            missed[fault] = ran.output
    assert missed == {}


IGNORED = '[tool.seatrial.ignore]\nCI007 = "the index is to find it"\n'


def test_unregistered_publisher_is_refused_by_the_index(tmp_path: Path) -> None:
    """Another owner or another workflow is refused by the same index: see test_network.py."""
    repo = project(tmp_path / "port", "uv_build", **{"environment: pypi": "name: none"})
    settings = f'\n[tool.seatrial.publisher]\nenvironment = "pypi"\n{IGNORED}'
    repo.project.write({"pyproject.toml": repo.read("pyproject.toml") + settings})
    _, message = stopped(repo, "--part", "minor")
    assert message.startswith("upload: twine upload failed:\n")
    words = "valid token, but no corresponding publisher (Publisher with matching claims was not found)"
    assert f"* `invalid-publisher`: {words}" in message
    sent = "workflow release.yml, environment (none)"
    assert f"\nfix:  register on PyPI: owner acme, repository tidepool, {sent}\n" in message


def test_job_that_may_not_ask_for_a_token_is_an_error_before_the_first_step(tmp_path: Path) -> None:
    repo = project(tmp_path / "port", "uv_build", **{"id-token: write": "contents: read"})
    repo.project.git("remote", "set-url", "origin", "https://github.com/acme/tidepool.git")
    ran = repo.project.invoke("rehearse", "--no-tests", "--part", "minor")
    assert ran.returncode == 6
    assert ran.output.partition(" s\n")[2] == (
        "seatrial: the job publish of .github/workflows/release.yml may not request an identity token, "
        "which publishing on PyPI requires\n"
        "fix:  permissions:\n        id-token: write\n"
        "more: seatrial explain TokenForbidden\n"
    )
