"""Small projects of every backend and version source: what init makes of them, and that each can be released."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from seatrial.adoption import looking, proposing, telling, writing
from seatrial.facts.news import News
from seatrial.facts.project import Project
from seatrial.plan import Wish
from seatrial.preflight.walking import walked
from shipyard import NAMES, hull, launch
from trial import HERE
from walks import enter

if TYPE_CHECKING:
    from harbour import Harbour

pytestmark = pytest.mark.slow

EXPECTED = Path(__file__).resolve().parent.parent / "expected/adoption"
FEW = ("poetry-own", "setuptools-cfg", "setuptools-scm")
"""Those that are released on every run: metadata of Poetry's own and in setup.cfg, a version that no file holds.

`--all-projects` rehearses and releases the others, too.
"""
SELECTED = "poetry-own"


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
    port = launch(name, tmp_path, "3.12")
    root = port.trial.root
    found = looking.look(root)
    proposal = proposing.propose(found, workflows=True)
    text = f"{telling.found(found)}\n\n{proposal.diff}\n{telling.remarks(proposal)}".strip() + "\n"
    text = text.replace(str(root), "{root}")
    page = EXPECTED / f"{name}.txt"
    if request.config.getoption("--refresh"):
        page.write_text(text, encoding="utf-8")
    assert text == page.read_text(encoding="utf-8")
    writing.write(found, proposal)
    assert proposing.propose(looking.look(root), workflows=True).files == ()
    port.trial.commit("Adopt seatrial")
    enter(port.trial, monkeypatch)
    with walked(root, Wish("patch")) as walking:
        assert (walking.walk().reasons, walking.tag) == ((), hull(name).next)
        assert walking.scratch
        assert "1.2.4" in newest((walking.scratch.project / changelog(root)).read_text())


def test_adopted_project_is_released(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """The real backend builds what the tests of the project then pass with, and the remote has its tag."""
    port = adopted(name, tmp_path)
    if request.config.getoption("--all-projects"):
        insist_on_rehearsal(port, hull(name).next)
    released = port.trial.seatrial("release", "--part", "patch", "--yes")
    assert released.returncode == 0, released.output
    assert port.remote.git("cat-file", "-t", hull(name).next) == "tag\n"
    entries = port.remote.git("show", f"{hull(name).next}:{changelog(port.trial.root)}")
    assert "1.2.4" in newest(entries)


def insist_on_rehearsal(port: Harbour, tag: str) -> None:
    """See that what is built is uploaded, and installed from an index, on the Pythons that the project names."""
    rehearsed = port.trial.seatrial("rehearse", "--part", "patch", "--json")
    assert rehearsed.returncode == 0, rehearsed.output
    card = json.loads(rehearsed.output[rehearsed.output.index("\n{\n") :])
    assert (card["tag"], card["version"]) == (tag, "1.2.4")
    assert HERE in [one["python"] for one in card["installed"]]


def adopted(name: str, folder: Path) -> Harbour:
    """Return a project after ``seatrial init``; skips one whose build needs a program that is not installed."""
    needs = hull(name).needs
    if needs and not shutil.which(needs):
        pytest.skip(f"{needs} is not installed")
    port = launch(name, folder)
    ran = port.trial.seatrial("init", "--yes")
    assert ran.returncode == 0, ran.output
    port.trial.commit("Adopt seatrial")
    return port


def changelog(root: Path) -> str:
    """Return the file of a project that has its changelog."""
    news = News.from_project(Project.from_directory(root))
    assert news
    return str(news.filename)


def newest(entries: str) -> str:
    """Return the heading of the newest entry of a changelog."""
    return next(line for line in entries.splitlines() if "1.2." in line)
