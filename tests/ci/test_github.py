"""What a workflow says of who publishes and of what goes before."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sample_project import lines
from seatrial.ci.commands import sessions_of
from seatrial.ci.github import Job, Workflow, WorkflowRunTrigger


def workflow(text: str) -> Workflow | None:
    return Workflow.from_text("release.yml", lines(text))


WHOLE = """
    on:
      push:
        tags: ["v*", "!v*-rc*"]
    permissions: {}
    jobs:
      build:
        runs-on: ubuntu-24.04
        steps:
          - uses: actions/checkout@v7
          - run: pip install nox
          - run: nox -s build check
      publish:
        environment:
          name: pypi
          url: https://example.invalid
        permissions:
          id-token: write
        steps:
          - uses: pypa/gh-action-pypi-publish@v1
"""


def test_workflow_is_read() -> None:
    assert workflow(WHOLE) == Workflow(
        "release.yml",
        ("v*", "!v*-rc*"),
        (
            Job("build", commands=("pip install nox", "nox -s build check"), uses=("actions/checkout@v7",)),
            Job("publish", "pypi", uses=("pypa/gh-action-pypi-publish@v1",), may_ask=True, makes_attestations=True),
        ),
        ("push",),
    )


@pytest.mark.parametrize(
    "text",
    ["", "a: [", "- a\n- b", "jobs: 3", "42", "jobs:\n\t- tab", "a: &a [*a]\njobs: []", "\x00"],
    ids=["empty", "broken", "list", "number", "scalar", "tab", "circle", "control"],
)
def test_what_is_no_workflow_is_none(text: str) -> None:
    assert Workflow.from_text("x.yml", text) is None


@pytest.mark.parametrize(
    ("on", "events"),
    [
        ("push", ("push",)),
        ("[push, pull_request]", ("push", "pull_request")),
        ("{push: }", ("push",)),
        ("{push: {tags: }}", ("push",)),
        ("{push: [x]}", ("push",)),
        ("[[push], {a: b}, 3]", ("3",)),
    ],
)
def test_workflow_that_names_no_tag_says_so(on: str, events: tuple[str, ...]) -> None:
    found = Workflow.from_text("x.yml", f"on: {on}\njobs:\n  a: {{steps: [null, 3, {{run: nox}}], env: 1}}\n  b: 3\n")
    assert found == Workflow("x.yml", (), (Job("a", commands=("nox",)),), events)


@pytest.mark.parametrize(
    ("on", "listens"),
    [
        ("push", True),
        ("{push: {tags: ['v*']}}", True),
        ("{push: {tags: ['v*', '!v1.*']}}", False),
        ("{push: {tags: ['v2.*']}}", False),
        ("{push: {tags-ignore: ['test-*']}}", True),
        ("{push: {tags-ignore: ['v*']}}", False),
        ("{push: {branches: [main]}}", False),
        ("{push: {branches: [main], tags: ['v*']}}", True),
        ("{push: {branches-ignore: [old]}}", False),
        ("{push: {paths: ['src/**']}}", True),
        ("pull_request", False),
        ("{release: {types: [published]}}", False),
    ],
)
def test_workflow_listens_to_a_tag_as_github_says(on: str, listens: bool) -> None:  # noqa: FBT001
    found = Workflow.from_text("x.yml", f"on: {on}\njobs: {{}}\n")
    assert found is not None
    assert found.listens_to("v1.3.0") is listens


def test_pythons_are_found_where_pythons_are_named() -> None:
    found = workflow(
        """
        jobs:
          matrix:
            strategy:
              matrix:
                python: ["3.9", "3.10", "pypy3.10", "3.13t", 3.14]
                include: [{python-version: "3.15-dev"}, 3]
            steps: []
          step: {steps: [{with: {python-version: "3.11\\n3.12.1"}}, {with: {version: "3.8"}}]}
        """
    )
    assert found is not None
    assert [job.pythons for job in found.jobs] == [("3.9", "3.10", "3.13", "3.14", "3.15"), ("3.11",)]


def test_one_pattern_of_tags_needs_no_list() -> None:
    found = Workflow.from_text("x.yml", "on: {push: {tags: v*}}\njobs: {}\n")
    assert found == Workflow("x.yml", ("v*",), events=("push",))


@pytest.mark.parametrize("value", ["5", "true", "2024-02-31", '!!float ""', "0b_", "[[[]]]", "~"])
def test_odd_values_are_no_steps(value: str) -> None:
    found = Workflow.from_text("x.yml", f"jobs:\n  a:\n    steps: {value}\n    timeout-minutes: {value}\n")
    assert found in (Workflow("x.yml", (), (Job("a"),)), None)


def test_yaml_that_is_nested_without_end_is_none() -> None:
    assert Workflow.from_text("x.yml", "[" * 1000) is None


def test_job_that_names_another_index_does_not_publish_on_pypi() -> None:
    step = "{uses: pypa/gh-action-pypi-publish@v1, with: {repository-url: 'https://example.invalid/legacy/'}}"
    found = workflow(f"jobs:\n  a: {{steps: [{step}]}}")
    assert found
    assert found.publishing_job() is None


def test_job_inherits_the_permissions_of_the_workflow_unless_it_has_its_own() -> None:
    found = workflow(
        """
        permissions: {id-token: write}
        jobs:
          heir: {steps: [{run: twine upload dist/*}]}
          own: {permissions: {contents: read}, steps: [{run: uv publish}]}
          all: {permissions: write-all, steps: []}
          none: {permissions: read-all, steps: []}
        """
    )
    assert found
    assert [(job.name, job.may_ask) for job in found.jobs] == [
        ("heir", True),
        ("own", False),
        ("all", True),
        ("none", False),
    ]


@pytest.mark.parametrize(
    ("environments", "name"),
    [((), "testpypi"), (("pypi",), "pypi"), (("other",), "testpypi")],
    ids=["last", "named", "other"],
)
def test_of_several_jobs_that_publish_the_one_of_the_environment_is_meant(
    environments: tuple[str, ...], name: str
) -> None:
    step = "steps: [{uses: pypa/gh-action-pypi-publish@v1}]"
    found = workflow(f"jobs:\n  a: {{environment: pypi, {step}}}\n  b: {{environment: testpypi, {step}}}\n  c: {{}}")
    assert found
    job = found.publishing_job(environments)
    assert job
    assert job.environment == name


def test_workflow_without_an_upload_has_no_job_that_publishes() -> None:
    found = workflow("jobs:\n  a: {steps: [{run: echo twine}]}")
    assert found
    assert found.publishing_job() is None


@pytest.mark.parametrize(
    "step",
    [
        "{uses: pypa/gh-action-pypi-publish@v1, with: {password: x}}",
        "{run: twine upload dist/*, env: {TWINE_PASSWORD: x}}",
        "{run: 'twine --no-color upload -u __token__ -p $TOKEN dist/*'}",
        "{run: 'uv publish --token $TOKEN'}",
    ],
)
def test_stored_password_is_seen(step: str) -> None:
    found = workflow(f"jobs:\n  a: {{steps: [{step}]}}")
    assert found
    assert [job.has_password for job in found.jobs] == [True]


@pytest.mark.parametrize(
    ("commands", "sessions"),
    [
        ("nox -s build check", ["build", "check"]),
        ("python -m nox --session build -- -k x", ["build"]),
        (".venv/bin/nox -s build && nox -s check", ["build", "check"]),
        ('nox -s "tests-$PYTHON" build', ["build"]),
        ("nox -s build \\\n  check", ["build", "check"]),
        ("nox -t release", []),
        ("nox", []),
        ("echo -s build", []),
        ("nox -s build # check", ["build"]),
        ("nox -s 'build", []),
        ("nox -s tests-${{ matrix.python }} build", ["build"]),
        ("nox -s build > log 2>&1; ls", ["build"]),
        ("echo nox -s hi | cat", ["hi"]),
        ("nox --session=build", ["build"]),
        ("pip install -s x\nnox -e lint", ["lint"]),
    ],
)
def test_sessions_are_those_that_stand_in_a_command(commands: str, sessions: list[str]) -> None:
    assert list(sessions_of(commands)) == sessions


def test_aliases_do_not_multiply() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefghijkl", "bcdefghijklm")
    )
    assert Workflow.from_text("x.yml", f"{bomb}jobs: {{}}\n") == Workflow("x.yml")


@given(st.text(alphabet=st.sampled_from("jobs:onpushtags\n -{}[]\"'&*!|>#%@`1\t"), max_size=80))
def test_no_text_ends_in_an_exception(text: str) -> None:
    found = Workflow.from_text("x.yml", text)
    assert found is None or isinstance(found.sessions(), tuple)


def test_workflow_names_those_of_the_repository_that_it_calls() -> None:
    jobs = "a: {uses: ./.github/workflows/publish.yml}, b: {uses: acme/ci/.github/workflows/x.yml@v1}, c: {uses: [x]}"
    found = Workflow.from_text("ci.yml", f"on: push\njobs: {{{jobs}}}\n")
    assert found is not None
    assert found.calls == ("publish.yml",)


AFTER_TESTS = """
    name: Release
    on:
      workflow_run:
        workflows: {workflows}
        branches: [main, "v*"]
    jobs:
      build:
        steps:
          - uses: actions/checkout@v7
            with: {{ref: "{ref}"}}
      publish: {{steps: [{{uses: pypa/gh-action-pypi-publish@v1}}, 3]}}
      odd: 3
"""


@pytest.mark.parametrize(
    ("workflows", "ref", "chain"),
    [
        ("[Tests, 3]", "", WorkflowRunTrigger("Release", ("Tests", "3"), ("main", "v*"), checks_branch_out=True)),
        (
            "Tests",
            "${{ github.event.workflow_run.head_sha }}",
            WorkflowRunTrigger("Release", ("Tests",), ("main", "v*")),
        ),
        ("{a: b}", "v1", WorkflowRunTrigger("Release", (), ("main", "v*"))),
    ],
)
def test_workflow_that_starts_after_another_one_says_which(workflows: str, ref: str, chain: WorkflowRunTrigger) -> None:
    found = workflow(AFTER_TESTS.format(workflows=workflows, ref=ref))
    assert found is not None
    assert found.chain == chain


def test_workflow_without_a_name_is_called_like_its_file() -> None:
    found = workflow(WHOLE)
    assert found is not None
    assert found.chain == WorkflowRunTrigger(".github/workflows/release.yml", checks_branch_out=True)
