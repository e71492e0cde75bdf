"""What is generated passes every linter, and what breaks it is noticed."""

from __future__ import annotations

import functools
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from seatrial.checks.check import run_checks
from seatrial.checks.registry import WORKFLOW_CHECKS
from seatrial.checks.workflows import ACTIONS, WorkflowFacts
from seatrial.ci.github import WorkflowFiles
from seatrial.findings import Verdict
from seatrial.git.repository import Repository
from seatrial.project.project import Project
from seatrial.rehearsal.ci import read_publishing_setup
from seatrial.workflows.generate import DriftReason, find_drift, generated_files
from workflow_linters import Linters
from workflow_mutations import ALL
from workflow_sets import SHAPES, of_this_repository, wheels_of_the_docs, with_wheels, written, written_for_gitlab

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def linters(tmp_path_factory: pytest.TempPathFactory) -> Linters:
    """Return the linters, installed."""
    return Linters.installed(tmp_path_factory.mktemp("linters"))


@pytest.mark.linters
def test_generated_sets_pass_all_linters(linters: Linters) -> None:
    sets = {name: written(context) for name, context in SHAPES.items()}
    sets["this-repository"] = of_this_repository()
    sets["with-wheels"] = with_wheels(BASE)
    sets |= {f"gitlab-{name}": written_for_gitlab(context) for name, context in SHAPES.items()}
    sets["gitlab-elsewhere"] = written_for_gitlab(SHAPES["minimal"], "gitlab.example.org")
    findings = linters.with_sets(sets).all()
    assert findings == {name: set() for name in sets}


BASE = SHAPES["locked"]


def test_change_between_the_marks_is_a_drift() -> None:
    files = written(BASE)
    expected = [replace(file, text=functools.cache(file.text)) for file in generated_files(BASE, "github")]
    drifts = {mutation.name: find_drift(expected, {**files, **mutation.applied(files)}) for mutation in ALL}
    assert {
        name: [(drift.path, drift.reason, drift.then) for drift in drifted] for name, drifted in drifts.items()
    } == {mutation.name: [(mutation.path, DriftReason.EDITED, files[mutation.path])] for mutation in ALL}


def of_our_own(files: dict[str, str]) -> set[str]:
    """Return the codes of our checks that fail."""
    texts = {path.rpartition("/")[2]: text for path, text in files.items() if "/workflows/" in path}
    workflows = WorkflowFiles.from_texts(texts)
    judged = (
        result for workflow in workflows for result in run_checks(WORKFLOW_CHECKS, WorkflowFacts(workflow, workflows))
    )
    return {result.code for result in judged if result.finding.verdict is Verdict.FAILED}


def test_generated_sets_pass_our_own_checks() -> None:
    failed = {name: of_our_own(written(context)) for name, context in SHAPES.items()}
    assert failed == {name: set() for name in SHAPES}
    assert of_our_own(of_this_repository()) == set()


def test_jobs_for_wheels_that_the_docs_show_are_taken(tmp_path: Path) -> None:
    files = with_wheels(BASE)
    assert find_drift(generated_files(BASE, "github"), files) == ()
    assert of_our_own(files) == set()
    used = re.findall(r"uses: (.*)", wheels_of_the_docs())
    assert set(used) - set(ACTIONS) == {used[1]}
    assert used[1].startswith("pypa/cibuildwheel@")
    for path, text in files.items():
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
    repository = Repository(tmp_path, "", tmp_path, tmp_path, None, "main")
    setup = read_publishing_setup(repository, Project(tmp_path, {"project": {"name": "tidepool"}}), tmp_path)
    assert (setup.publisher.workflow, setup.publisher.environment) == ("release.yml", "pypi")
    assert setup.before is not None
    assert (setup.before.sessions, setup.before.sessions_build) == (("build", "check"), True)
    assert [line for line in setup.before.not_run if "ci.verify" in line or "ci.notes" in line] == [
        'seatrial ci.verify --tag "$GITHUB_REF_NAME" --branch "origin/main"',
        'seatrial ci.verify --tag "$GITHUB_REF_NAME" --branch "origin/main" --built >> "$GITHUB_OUTPUT"',
        'seatrial ci.notes --tag "$GITHUB_REF_NAME" > notes.md',
    ]


def test_mutations_are_noticed_by_our_own_checks() -> None:
    files = written(BASE)
    noticed = {mutation.name: of_our_own(mutation.applied(files)) for mutation in ALL}
    assert noticed == {mutation.name: {by for by in mutation.noticed if by.startswith("CI")} for mutation in ALL}


@pytest.mark.linters
def test_mutations_are_noticed_by_a_linter_or_by_our_own_checks(linters: Linters) -> None:
    files = written(BASE)
    sets = {mutation.name: mutation.applied(files) for mutation in ALL}
    assert len(sets) >= 30
    findings = linters.with_sets(sets).all()
    noticed = {name: findings[name] | of_our_own(files) for name, files in sets.items()}
    assert noticed == {mutation.name: set(mutation.noticed) for mutation in ALL}
    by_drift_alone = {name for name, by in noticed.items() if not by}
    assert by_drift_alone == {
        *("any-machine", "another-tag", "cache-of-uv", "runs-cancelled", "started-by-hand", "tag-not-compared"),
    }
