"""Walking through a release in the process of a test, as a preflight does, without building anything."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from errors_raised import rendered
from seatrial.checks.registry import PROJECT_CHECKS, RELEASE_CHECKS, TRIGGER_CHECKS
from seatrial.ci.publisher import CiFacts
from seatrial.findings import render_results
from seatrial.git.repository import files_of_commit
from seatrial.project.nox_sessions import SessionList
from seatrial.release.preconditions import (
    ask_index,
    gather_facts,
    read_ci_facts,
    read_publishing,
    read_sources,
    run_checks_on,
)
from seatrial.release.preflight import attempt_push, attempt_release
from seatrial.release.prepare import ReleaseRequest

if TYPE_CHECKING:
    import pytest

    from sample_project import SampleProject
    from seatrial.findings import Finding


def enter(project: SampleProject, monkeypatch: pytest.MonkeyPatch) -> None:
    """Give this process the environment that the commands of a project have."""
    for name in os.environ:
        monkeypatch.delenv(name)
    for name, value in project.environ.items():
        monkeypatch.setenv(name, value)


def findings(project: SampleProject, options: str, *, lists_sessions: bool = False) -> dict[str, Finding]:
    """Return what the checks find that need no build and no index, by their codes.

    ``options``: those of the release; ``lists_sessions``: whether nox is asked for the sessions of the project, without
    which what is found of them means nothing.
    """
    words = dict(zip(*[iter(options.split())] * 2))
    request = ReleaseRequest(words.get("--part", ""), words.get("--version", ""))
    with attempt_release(project.root, request, os.environ) as run:
        attempt_push(run)
        results = list(run_checks_on(RELEASE_CHECKS, run.attempt(), {}))
        if run.project and run.scratch:
            listing = SessionList()
            if lists_sessions:
                with gather_facts(run.project, ask_index(run.project, run.config, os.environ)) as facts:
                    listing = facts.listing.result()
            tag = run.tag or ""
            publishing = read_publishing(run.project, run.config, run.scratch, tag)
            ci_facts = read_ci_facts(run.project, run.scratch, CiFacts(tag, publishing, listing))
            sources = read_sources(
                run.project,
                files_of_commit(run.scratch.repository, run.scratch.base),
                listing,
                publishing,
                run.scratch.repository,
            )
            results += run_checks_on(PROJECT_CHECKS, sources, {})
            results += run_checks_on(TRIGGER_CHECKS, ci_facts, {})
    return {result.code: result.finding for result in render_results(results, rendered)}
