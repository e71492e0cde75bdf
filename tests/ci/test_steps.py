"""Which steps of a workflow can be run anywhere."""

from __future__ import annotations

import pytest

from sample_project import lines
from seatrial.ci.github import Step, Workflow, workflow_problem

WHOLE = """
    on: {push: {tags: ['v*']}}
    jobs:
      docs:
        steps: [{run: nox -s docs}]
      build:
        needs: plan
        if: github.event_name == 'push'
        steps:
          - uses: actions/checkout@v7
          - if: failure()
            run: nox -s why
      plan:
        uses: ./.github/workflows/plan.yml
      publish:
        needs: [build]
        steps:
          - uses: pypa/gh-action-pypi-publish@v1
"""


def test_jobs_up_to_a_job_are_those_that_it_waits_for() -> None:
    found = Workflow.from_text("release.yml", lines(WHOLE))
    assert found is not None
    job = found.publishing_job()
    assert job is not None
    build, plan, publish = found.up_to(job)
    assert (build.name, build.condition, build.call) == ("build", "github.event_name == 'push'", "")
    assert build.steps == (Step(uses="actions/checkout@v7"), Step(run="nox -s why", condition="failure()"))
    assert (plan.name, plan.call, plan.steps) == ("plan", "./.github/workflows/plan.yml", ())
    assert publish == job


def test_jobs_that_wait_for_each_other_end() -> None:
    text = "jobs:\n  a: {needs: b, steps: [{run: nox}]}\n  b: {needs: [a, c, 1], steps: [{run: inv}]}\n"
    found = Workflow.from_text("x.yml", text)
    assert found is not None
    assert [one.name for one in found.up_to(found.jobs[0])] == ["b", "a"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("on: push\njobs:\n  a: {}\n", ""),
        ("a: [", "line 1: expected the node content, but found '<stream end>'"),
        ("a: \x00", "it is no YAML"),
        ("", "it has no jobs"),
        ("- jobs\n", "it has no jobs"),
        ("jobs: 1\n", "it has no jobs"),
        ("[" * 1000, "it is no YAML"),
        ("jobs:\n  a: {}\n  'a': {}\n", "a stands there twice"),
        ("env: {}\njobs: {}\nenv: {}\n", "env stands there twice"),
        ("jobs: &all\n  a: *all\n", ""),
    ],
)
def test_text_that_is_no_workflow_says_why(text: str, said: str) -> None:
    assert workflow_problem(text) == said
