"""Who publishes, for which event, where to and with what, and all that is found, in situations that were reported.

The answers are in tests/expected/workflow_scenarios.txt; pytest tests/ci/test_scenarios.py --refresh writes it anew.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from twine.utils import DEFAULT_REPOSITORY

from errors_raised import rendered
from seatrial.checks.check import run_checks
from seatrial.checks.registry import TRIGGER_CHECKS, WORKFLOW_CHECKS
from seatrial.checks.workflows import WorkflowFacts
from seatrial.ci.before_upload import BeforeUpload, scripts_before_upload
from seatrial.ci.github import WorkflowFiles
from seatrial.ci.publisher import CiFacts, Publishing
from seatrial.findings import OUTCOMES
from seatrial.project.nox_sessions import NoxSession, SessionList
from workflow_scenarios import ACTIONS, SCENARIOS

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from seatrial.ci.publisher import PublishingJob
    from seatrial.findings import CheckResult


EXPECTED = Path(__file__).resolve().parents[1] / "expected/workflow_scenarios.txt"
TAG = "v1.3.0"
LISTING = SessionList(tuple(NoxSession(name, name) for name in ("build", "check", "tests")))


def answer(files: WorkflowFiles) -> Iterator[str]:
    """Yield the whole answer to who publishes, a line each."""
    publishing = Publishing("acme", "tidepool", files, tag=TAG)
    yield from (f"  {text_of(job)}" for job in publishing.possible_jobs)
    job = publishing.job
    if job is not None:
        before = BeforeUpload.of(scripts_before_upload(job))
        yield f"  rehearsed: {job.workflow.name}, {job.environment}; nox -s {' '.join(before.sessions)}"
        yield from (f"    not run: {line}" for line in before.not_run)
    yield from lines_of(run_checks(TRIGGER_CHECKS, CiFacts(TAG, publishing, LISTING)))
    for workflow in files:
        yield from lines_of(run_checks(WORKFLOW_CHECKS, WorkflowFacts(workflow, files), subject=f" {workflow.name}"))


def text_of(job: PublishingJob) -> str:
    uploads = ", ".join(f"to {upload.index.value}" for upload in job.uploads) or "; ".join(job.doubts)
    credentials = "password" if job.has_password else "token" if job.may_get_token else "nothing"
    reason = f" ({job.reason})" if job.reason else ""
    return (
        f"{job.workflow.name} {job.name}, environment {job.environment}: publishes {job.publishes.value}, {uploads}, "
        f"with {credentials}; {job.event} starts it: {job.starts.value}{reason}"
    )


def lines_of(results: tuple[CheckResult, ...]) -> Iterator[str]:
    for result in results:
        if result.outcome in OUTCOMES:
            text = (result.finding.message or "").replace("\n", "\n    ")
            fix = (result.finding.fix or "").replace("\n", "\n    ")
            yield f"  {result.code} {result.outcome}{result.subject}: {text}" + (f"\n    fix: {fix}" if fix else "")


def test_answer_to_each_scenario_is_as_expected(pytestconfig: pytest.Config) -> None:
    answers = [
        "\n".join((name, *answer(WorkflowFiles.from_texts(texts, ACTIONS.get)), ""))
        for name, texts in SCENARIOS.items()
    ]
    # The name of PyPI's host is written nowhere.
    text = rendered("\n".join(answers)).replace(str(urlsplit(DEFAULT_REPOSITORY).hostname), "{host}")
    if pytestconfig.getoption("--refresh"):
        EXPECTED.write_text(text, encoding="utf-8")
    assert EXPECTED.read_text(encoding="utf-8") == text
