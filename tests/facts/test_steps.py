"""Which steps of a workflow can be run anywhere."""

from __future__ import annotations

import pytest

from seatrial.facts import steps
from seatrial.facts.steps import Step
from seatrial.facts.workflow import Workflow
from trial import lines

WHOLE = """
    on: {push: {tags: ['v*']}}
    env: {A: workflow, B: workflow, C: workflow}
    jobs:
      docs:
        steps: [{run: nox -s docs}]
      plan:
        steps:
          - run: seatrial ci.sessions >> "$GITHUB_OUTPUT"
      build:
        needs: plan
        env: {B: job, C: job}
        steps:
          - uses: actions/checkout@v7
          - name: Build
            env: {C: step}
            run: |
              nox -s build
              nox -s check
          - if: failure()
            run: nox -s why
          - shell: pwsh
            run: nox -s windows
      publish:
        needs: [build]
        environment: pypi
        steps:
          - uses: pypa/gh-action-pypi-publish@v1
"""


def test_steps_before_a_job_are_those_of_the_jobs_that_it_waits_for() -> None:
    found = Workflow.from_text("release.yml", lines(WHOLE))
    assert found is not None
    job = found.publishing_job()
    assert job is not None
    everywhere = (("A", "workflow"), ("B", "workflow"), ("C", "workflow"))
    assert found.steps_before(job) == (
        Step("", 'seatrial ci.sessions >> "$GITHUB_OUTPUT"', everywhere),
        Step("Build", "nox -s build\nnox -s check\n", (("A", "workflow"), ("B", "job"), ("C", "step"))),
    )


def test_jobs_that_wait_for_each_other_end() -> None:
    text = "jobs:\n  a: {needs: b, steps: [{run: nox}]}\n  b: {needs: [a, c, 1], steps: [{run: inv}]}\n"
    found = Workflow.from_text("x.yml", text)
    assert found is not None
    assert [one.commands for one in found.steps_before(found.jobs[0])] == ["nox", "inv"]


@pytest.mark.parametrize(
    ("commands", "expected"),
    [
        ("nox -s build check", True),
        ("uv run --locked nox -s build", True),
        (".venv/bin/nox -s build", True),
        ("seatrial ci.verify --tag x", True),
        ("python -m build", True),
        ("uv build --no-sources", True),
        ("hatch build", True),
        ("twine check --strict dist/*", True),
        ("invoke docs && nox -s build", True),
        ("python -m pip install nox", False),
        ("pip install nox && nox -s build", False),
        ("uv sync --locked", False),
        ("uv tool install nox", False),
        ("twine upload dist/*", False),
        ("uv build && uv publish", False),
        ("invoke publish", False),
        ("echo nothing", False),
        ("echo equinox --version", False),
        ("nox -s tests-${{ matrix.python }}", False),
    ],
)
def test_step_that_makes_something_is_at_home_anywhere(commands: str, expected: object) -> None:
    assert Step("", commands).is_at_home_anywhere is expected


def test_step_with_a_variable_that_only_github_knows_is_not() -> None:
    assert not Step("", 'nox -s "$SESSION"', (("SESSION", "${{ matrix.session }}"),)).is_at_home_anywhere
    assert Step("", 'nox -s "$SESSION"', (("SESSION", "build"),)).is_at_home_anywhere


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
    assert steps.trouble_in(text) == said
