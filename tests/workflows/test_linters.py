"""What is generated passes every linter, and what breaks it is noticed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from seatrial.checks.check import run_checks
from seatrial.checks.registry import WORKFLOW_CHECKS
from seatrial.checks.workflows import WorkflowFacts
from seatrial.ci.github import WorkflowFiles
from seatrial.ci.pins import ACTIONS
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
    found = linters.with_sets(sets).all()
    assert found == {name: set() for name in sets}


BASE = SHAPES["locked"]


def test_change_between_the_marks_is_a_drift() -> None:
    files, wanted = written(BASE), generated_files(BASE, "github")
    drifts = {one.name: find_drift(wanted, {**files, **one.applied(files)}) for one in ALL}
    assert {name: [(one.path, one.reason, one.then) for one in found] for name, found in drifts.items()} == {
        one.name: [(one.path, DriftReason.EDITED, files[one.path])] for one in ALL
    }


def of_our_own(files: dict[str, str]) -> set[str]:
    """Return the codes of our checks that fail."""
    texts = {path.rpartition("/")[2]: text for path, text in files.items() if "/workflows/" in path}
    found = WorkflowFiles.from_texts(texts)
    judged = (one for workflow in found for one in run_checks(WORKFLOW_CHECKS, WorkflowFacts(workflow, found)))
    return {one.code for one in judged if one.finding.verdict is Verdict.FAILED}


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
    found = read_publishing_setup(repository, Project(tmp_path, {"project": {"name": "tidepool"}}), tmp_path)
    assert (found.publisher.workflow, found.publisher.environment) == ("release.yml", "pypi")
    assert found.before is not None
    assert (found.before.sessions, found.before.sessions_build) == (("build", "check"), True)
    assert [line for line in found.before.not_run if "ci.verify" in line or "ci.notes" in line] == [
        'seatrial ci.verify --tag "$GITHUB_REF_NAME" --branch "origin/main"',
        'seatrial ci.verify --tag "$GITHUB_REF_NAME" --branch "origin/main" --built >> "$GITHUB_OUTPUT"',
        'seatrial ci.notes --tag "$GITHUB_REF_NAME" > notes.md',
    ]


def test_mutations_are_noticed_by_our_own_checks() -> None:
    noticed = {one.name: of_our_own(one.applied(written(BASE))) for one in ALL}
    assert noticed == {one.name: {by for by in one.noticed if by.startswith("CI")} for one in ALL}


@pytest.mark.linters
def test_mutations_are_noticed_by_a_linter_or_by_our_own_checks(linters: Linters) -> None:
    sets = {one.name: one.applied(written(BASE)) for one in ALL}
    assert len(sets) >= 30
    theirs = linters.with_sets(sets).all()
    noticed = {name: theirs[name] | of_our_own(files) for name, files in sets.items()}
    assert noticed == {one.name: set(one.noticed) for one in ALL}
    by_drift_alone = {name for name, by in noticed.items() if not by}
    assert by_drift_alone == {
        *("any-machine", "another-tag", "cache-of-uv", "runs-cancelled", "started-by-hand", "tag-not-compared"),
    }
