"""Small projects of every backend and version source: what init makes of them, and that a release of each sails."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from seatrial.adoption import looking, proposing, telling, writing
from shipyard import NAMES, hull, launch
from trial import HERE

EXPECTED = Path(__file__).resolve().parent.parent / "expected/adoption"
LOG = """
from pathlib import Path
from seatrial.facts.news import News
from seatrial.facts.project import Project
print(News.from_project(Project.from_directory(Path.cwd())).filename)
"""
FEW = ("flit-module", "poetry-own", "setuptools-cfg", "setuptools-scm")
"""Those that are sailed on every run: `--all-projects` sails the others, too."""


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_init_says_what_it_found_and_writes_the_least_and_nothing_the_second_time(
    name: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    root = launch(name, tmp_path, "3.12").trial.root
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


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_release_of_an_adopted_project_sails(name: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if name not in FEW and not request.config.getoption("--all-projects"):
        pytest.skip("sailed with --all-projects")
    told = hull(name)
    if told.needs and not shutil.which(told.needs):
        pytest.skip(f"there is no {told.needs}")
    port = launch(name, tmp_path)
    trial = port.trial
    adopted = trial.seatrial("init", "--yes")
    assert adopted.returncode == 0, adopted.output
    trial.commit("Adopt seatrial")
    tests = [f"tests-{HERE}"] if "there are no tests" not in adopted.output else []
    proved = trial.nox("-s", "build", "check", *tests)
    assert proved.returncode == 0, proved.output
    sailed = trial.seatrial("rehearse", "--part", "patch", "--json")
    assert sailed.returncode == 0, sailed.output
    card = json.loads(sailed.output[sailed.output.index("\n{\n") :])
    assert (card["tag"], card["version"]) == (told.next, "1.2.4")
    assert HERE in [one["python"] for one in card["installed"]]
    released = trial.seatrial("release", "--part", "patch", "--yes", "--no-tests")
    assert released.returncode == 0, released.output
    assert port.remote.git("cat-file", "-t", told.next) == "tag\n"
    told_log = trial.run(sys.executable, "-c", LOG).output.strip()
    entries = [line for line in port.remote.git("show", f"{told.next}:{told_log}").splitlines() if "1.2." in line]
    assert "1.2.4" in entries[0]
