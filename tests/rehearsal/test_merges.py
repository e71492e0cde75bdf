"""A rehearsal of a release through a request merges it in each way, and goes on to the installation."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from rehearsal_projects import forge_project
from workflow_sets import SHAPES, written

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("is_setting", [True, False])
def test_request_is_merged_in_each_way(tmp_path: Path, *, is_setting: bool) -> None:
    """No fast test can show it: a sandbox is made, a release merged three times, uploaded and installed."""
    repo = forge_project(tmp_path / "port", "uv_build")
    if is_setting:
        text = repo.read("pyproject.toml").replace("[tool.seatrial]\n", '[tool.seatrial]\nthrough = "pull-request"\n')
        text = f'{text}\n[tool.seatrial.workflows]\ntag = "on-merge"\n'
        repo.project.write({"pyproject.toml": text})
        repo.project.write(written(SHAPES["on-merge"]))
        repo.project.commit("Release through requests")
    before = repo.state()
    words = () if is_setting else ("--pull-request",)
    ran = repo.project.invoke("rehearse", "--part", "minor", "--no-tests", *words)
    assert ran.returncode == 0, ran.output
    # With this setting CI makes the tag; the rehearsal makes it in its place.
    assert ("  release.yml, job tag: " in ran.output) == is_setting
    for way in ("merge commit", "rebase", "squash"):
        assert f"✓ merge ({way})" in ran.output
    assert "tidepool 1.3.0 was rehearsed, on this machine only: released, uploaded and installed" in ran.output
    assert repo.state() == before


def test_report_names_the_tag(tmp_path: Path) -> None:
    repo = forge_project(tmp_path / "port", "uv_build")
    ran = repo.project.invoke("rehearse", "--part", "minor", "--no-tests", "--pull-request", "--json")
    assert ran.returncode == 0, ran.output
    report = json.loads(ran.output[ran.output.index("\n{\n") :])
    assert (report["tag"], len(report["files"])) == ("v1.3.0", 2)
