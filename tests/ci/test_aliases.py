"""What a CI file or an address says is taken literally: nothing in it multiplies, and no path is a forge."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from seatrial.checks.check import run_checks
from seatrial.checks.registry import WORKFLOW_CHECKS
from seatrial.checks.workflows import WorkflowFacts
from seatrial.ci.github import Step, Uses, Workflow, WorkflowFiles
from seatrial.ci.publisher import Publishing
from seatrial.git.repository import Repository, owner_and_name
from seatrial.project.project import Project

if TYPE_CHECKING:
    from pathlib import Path


def test_aliases_that_multiply_are_no_texts() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
    publish = "{uses: pypa/gh-action-pypi-publish@v1, with: {attestations: *a39}}"
    job = f"jobs: {{a: {{environment: *a39, permissions: *a39, steps: [{{run: *a39}}, {{uses: *a39}}, {publish}]}}}}\n"
    workflow = Workflow.from_text("ci.yml", f"{bomb}on: {{push: {{tags: [*a39]}}}}\n{job}")
    assert (workflow.triggers[0].tags, workflow.jobs[0].environment) == ((), None)
    assert workflow.jobs[0].steps == (Step(), Step(), Step(uses=Uses("pypa/gh-action-pypi-publish", "v1")))


@pytest.mark.parametrize("address", ["./a/b.git", "../../a/b.git", "/srv/a/b.git", "file:///srv/a/b.git"])
def test_path_is_no_address_on_a_forge(address: str) -> None:
    assert owner_and_name(address) is None


def test_checks_of_a_ci_file_take_nothing_for_a_text_that_multiplies() -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
    steps = """[
        {uses: *a39, with: {cache: *a39}, if: *a39, run: *a39}, {uses: actions/cache@v1, with: *a39},
        {uses: pypa/gh-action-pypi-publish@v1, with: {attestations: *a39, skip-existing: *a39, repository-url: *a39}},
        {uses: astral-sh/setup-uv@v1, with: {enable-cache: *a39}},
    ]"""
    gate = "{if: *a39, needs: *a39, steps: *a39}"
    jobs = f"{{a: {{if: *a39, concurrency: {{cancel-in-progress: *a39}}, steps: {steps}}}, gate: {gate}}}"
    for event in ("*a39", "[workflow_dispatch, *a39]"):
        text = f"{bomb}on: {event}\nconcurrency: {{cancel-in-progress: *a39}}\njobs: {jobs}\n"
        files = WorkflowFiles.from_texts({"ci.yml": text})
        assert len(run_checks(WORKFLOW_CHECKS, WorkflowFacts(files.workflows[0], files))) == len(WORKFLOW_CHECKS)


@pytest.mark.parametrize("urls", ["x", ["https://github.com/acme/tidepool"], [{"Repository": 1}], {"Repository": 1}])
def test_odd_urls_have_no_repository(tmp_path: Path, urls: object) -> None:
    repository = Repository(tmp_path, "", tmp_path, tmp_path, "c0ffee", "main")
    publishing = Publishing.of(repository, Project(tmp_path, {"project": {"urls": urls}}), tmp_path, {})
    assert (publishing.owner, publishing.repository) == (None, None)
