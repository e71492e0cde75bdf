"""What ``--json`` prints is data, and docs/json.md has every key of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.version import Version

import sample_dists
from seatrial.checks.registry import check_distributions
from seatrial.ci.evaluation import Environment
from seatrial.ci.forge import Run
from seatrial.ci.job_uploads import Index
from seatrial.ci.publisher import Publisher, Publishing
from seatrial.ci.tag_report import JobReport, TagReport, UploadReport, WorkflowReport
from seatrial.commands import Command
from seatrial.git.repository import BranchStatus
from seatrial.index.client import IndexFile
from seatrial.publish.install import InstalledRelease, StartedScript
from seatrial.publish.release_on_index import IndexState, ReleaseOnIndex
from seatrial.publish.status import BranchOnRemote, ProjectStatus, ReleaseState, ReleaseStatus
from seatrial.publish.tagged_release import CiRuns
from seatrial.publish.verify import VerifiedRelease
from seatrial.rehearsal.rehearse import RehearsalReport
from seatrial.release.manifest import Manifest
from seatrial.report import results_json
from seatrial.tasks.console import show_json

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = Path(__file__).resolve().parents[2] / "docs/json.md"
WHEEL = sample_dists.wheel().distribution()
INSTALLED = InstalledRelease("3.13", "1.2.3", ("tidepool",), (StartedScript(("sound", "--help"), ("cli",)),))
ON_INDEX = ReleaseOnIndex(
    "tidepool",
    "1.2.3",
    "https://index.invalid/simple/",
    {WHEEL.name: WHEEL.sha256},
    (IndexFile(WHEEL.name, "0", 1, None),),
)
RUNS = CiRuns(Publishing(), "v1.2.3", (Run(7, "Release", "in_progress", "", "https://forge.invalid/7"),))
RELEASE = ReleaseStatus("v1.2.3", IndexState.OTHER_BYTES, on_index=ON_INDEX, has_manifest=True, runs=RUNS)
STATUS = ProjectStatus(
    project="tidepool",
    version=Version("1.2.3"),
    last_tag="v1.2.3",
    commits=2,
    fragments=1,
    part="minor",
    next_version=Version("1.3.0"),
    branch=BranchOnRemote("main", "origin/main", BranchStatus(2, 0)),
    release=RELEASE,
    finish=Command("undo", "1.2.3"),
)
REPORT = RehearsalReport(
    project="tidepool",
    manifest=Manifest("v1.2.3", "1.2.3", "c0ffee", (WHEEL,)),
    installed=(INSTALLED,),
    seconds={"release": 1.23456},
    publisher=Publisher("acme", "tidepool", "release.yml"),
)
WITH_TOKEN = UploadReport(Index.PYPI, publisher=REPORT.publisher, environment=Environment("pypi", "pypi"))
JOB = JobReport(("pypi",), "release.yml", uploads=(WITH_TOKEN,))
SECTIONS: dict[str, Any] = {
    "Results of checks": results_json(check_distributions((WHEEL,))),
    "The status": STATUS.as_dict(),
    "The verified release": VerifiedRelease(ON_INDEX, None, INSTALLED).as_dict(),
    # The keys of the durations are names of steps, and an installation is described above.
    "The rehearsal": {**REPORT.as_dict(), "seconds": {}, "installed": []},
    "What a tag starts": TagReport("v1.2.3", (WorkflowReport("release.yml", "push", "starts", (JOB,)),)).as_dict(),
    "Pythons": [{"python": "3.13", "path": None}],
}


def keys_of(value: Any, name: str = "") -> Iterator[str]:
    """Yield the names of all values in a JSON document, as docs/json.md writes them."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from keys_of(item, f"{name}.{key}" if name else key)
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for item in value:
            yield from keys_of(item, f"{name}[]" if name else "")
    else:
        yield name


def documented(section: str) -> set[str]:
    """Return the keys in the table of a section."""
    text = PAGE.read_text(encoding="utf-8").partition(f"\n## {section}\n")[2].partition("\n## ")[0]
    table = text.partition("| key |")[2].partition("\n\n")[0]
    return {key for row in table.splitlines()[2:] for key in re.findall(r"`([^`]+)`", row.split("|")[1])}


@pytest.mark.parametrize("section", SECTIONS)
def test_page_has_every_key(section: str) -> None:
    described = documented(section)
    with_parts = {key for key in described if any(part.startswith((f"{key}.", f"{key}[].")) for part in described)}
    assert set(keys_of(SECTIONS[section])) == described - with_parts


def test_every_section_of_the_page_is_compared() -> None:
    assert set(re.findall(r"^## (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)) == set(SECTIONS)


def test_states_are_those_on_the_page() -> None:
    table = PAGE.read_text(encoding="utf-8").partition("| state | meaning |")[2].partition("\n\n")[0]
    states = {key for row in table.splitlines()[2:] for key in re.findall(r"`([^`]+)`", row.split("|")[1])}
    assert states == {state.name.lower() for kind in (ReleaseState, IndexState) for state in kind}


def test_values_are_data(capsys: pytest.CaptureFixture[str]) -> None:
    show_json(STATUS.as_dict())
    printed = json.loads(capsys.readouterr().out)
    assert printed["next"] == {"text": "invoke undo 1.2.3", "program": "seatrial", "words": ["undo", "1.2.3"]}
    assert printed["branch"] == {"name": "main", "upstream": "origin/main", "ahead": 2, "behind": 0, "reason": None}
    assert (printed["release"]["state"], printed["release"]["missing"]) == ("other_bytes", [])
    assert printed["release"]["ci"][0]["conclusion"] is None
    assert REPORT.as_dict()["seconds"] == {"release": 1.235}
