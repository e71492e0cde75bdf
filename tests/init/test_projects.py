"""Small projects of every backend and version source: what init makes of them, and that each can be released."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from errors_raised import rendered
from preflight_in_process import enter
from sample_project import HERE
from sample_projects import NAMES, make_sample, read_sample
from seatrial.init.changelog import lacks_notes
from seatrial.init.detect import detect_project
from seatrial.init.files import write_proposal
from seatrial.init.propose import Parts, detected_text, remarks_text
from seatrial.init.sessions import script_block
from seatrial.project.changelog import read_changelog
from seatrial.project.project import Project
from seatrial.project.write_entry import write_note
from seatrial.release.preflight import attempt_release
from seatrial.release.prepare import ReleaseRequest

if TYPE_CHECKING:
    from release_repo import ReleaseRepo


pytestmark = pytest.mark.slow

EXPECTED = Path(__file__).resolve().parent.parent / "expected/init"
FEW = ("poetry-own", "setuptools-cfg", "setuptools-scm")
"""Those that are released on every run: metadata of Poetry's own and in setup.cfg, a version that no file holds.

`--all-projects` rehearses and releases the others, too.
"""
SELECTED = "poetry-own"
WITHOUT_CHANGELOG = (
    "hatch-vcs",
    "maturin-crate",
    "pdm-file",
    "pdm-scm",
    "poetry-project",
    "scikit-build-regex",
    "setuptools-compiled",
    "setuptools-computed",
    "setuptools-file",
    "uv-static",
)
"""Those that keep no changelog, and get none."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Choose the projects that are released."""
    if metafunc.function is test_adopted_project_is_released:
        names = NAMES if metafunc.config.getoption("--all-projects") else FEW
        marks = {SELECTED: [pytest.mark.selection]}
        metafunc.parametrize("name", [pytest.param(name, marks=marks.get(name, [])) for name in names])


@pytest.mark.parametrize("name", NAMES)
def test_init_writes_the_least_and_a_release_can_be_prepared(
    name: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real bump-my-version, towncrier and git find the version places, the changelog and the tag of the project."""
    repo = make_sample(name, tmp_path, "3.12")
    root = repo.project.root
    detected = detect_project(root)
    proposal = Parts(workflows=True).propose(detected)
    text = rendered(f"{detected_text(detected)}\n\n{proposal.diff}\n{remarks_text(proposal)}".strip() + "\n")
    text = text.replace(str(root), "{root}").replace(script_block(), "{script metadata}\n")
    text = text.replace(
        "".join(f"+{line}" for line in script_block().splitlines(keepends=True)), "+{script metadata}\n"
    )
    page = EXPECTED / f"{name}.txt"
    if request.config.getoption("--refresh"):
        page.write_text(text, encoding="utf-8")
    assert text == page.read_text(encoding="utf-8")
    write_proposal(detected, proposal)
    assert Parts(workflows=True).propose(detect_project(root)).files == ()
    write_first_note(root)
    repo.project.commit("Adopt seatrial")
    enter(repo.project, monkeypatch)
    with attempt_release(root, ReleaseRequest("patch"), os.environ) as run:
        assert (run.attempt().reasons, run.tag) == ((), read_sample(name).next)
        assert run.scratch
        path = changelog(root)
        assert (path is None) == (name in WITHOUT_CHANGELOG)
        assert path is None or "1.2.4" in newest((run.scratch.project / path).read_text())


def test_adopted_project_is_released(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The real backend builds what the tests of the project then pass with, and the remote has its tag."""
    repo = adopted(name, tmp_path)
    if request.config.getoption("--all-projects"):
        require_rehearsal(repo, read_sample(name).next)
    released = repo.project.seatrial("release", "--part", "patch", "--yes")
    assert released.returncode == 0, released.output
    assert repo.remote.git("cat-file", "-t", read_sample(name).next) == "tag\n"
    path = changelog(repo.project.root)
    assert (path is None) == (name in WITHOUT_CHANGELOG)
    if path is not None:
        assert "1.2.4" in newest(repo.remote.git("show", f"{read_sample(name).next}:{path}"))


def require_rehearsal(repo: ReleaseRepo, tag: str) -> None:
    """See that what is built is uploaded, and installed from an index, on the Pythons that the project names."""
    rehearsed = repo.project.seatrial("rehearse", "--part", "patch", "--json")
    assert rehearsed.returncode == 0, rehearsed.output
    report = json.loads(rehearsed.output[rehearsed.output.index("\n{\n") :])
    assert (report["tag"], report["version"]) == (tag, "1.2.4")
    assert HERE in [row["python"] for row in report["installed"]]


def adopted(name: str, folder: Path) -> ReleaseRepo:
    """Return a project after ``seatrial init``; skips one whose build needs a program that is not installed."""
    needs = read_sample(name).needs
    if needs and not shutil.which(needs):
        pytest.skip(f"{needs} is not installed")
    repo = make_sample(name, folder)
    ran = repo.project.seatrial("init", "--yes", "--no-try")
    assert ran.returncode == 0, ran.output
    write_first_note(repo.project.root)
    repo.project.commit("Adopt seatrial")
    return repo


def write_first_note(root: Path) -> None:
    """Write a note for the next release, where the project keeps a changelog that has none."""
    if lacks_notes(root):
        project_changelog = read_changelog(Project.from_directory(root))
        assert project_changelog
        write_note(root, project_changelog, project_changelog.kind_of("bugfix"), "It rises.")


def changelog(root: Path) -> str | None:
    """Return the file of a project that has its changelog, None where it keeps none."""
    project_changelog = read_changelog(Project.from_directory(root))
    return project_changelog.filename if project_changelog else None


def newest(entries: str) -> str:
    """Return the heading of the newest entry of a changelog."""
    return next(line for line in entries.splitlines() if "1.2." in line)
