"""A workflow is read from its YAML, whatever its style: what starts it, its jobs, their steps, and what these use."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sample_project import lines
from seatrial.ci.github import (
    Job,
    Permissions,
    Step,
    Trigger,
    Uses,
    Workflow,
    WorkflowFiles,
    WorkflowInput,
    jobs_awaited,
    ref_matches,
)

WHOLE = """
    name: Release
    on:
      push:
        tags: ["v*", "!v*-rc*"]
      workflow_dispatch:
        inputs:
          target: {required: true}
          dry: {type: boolean, default: "false"}
    permissions: {}
    env: {A: b}
    defaults: {run: {working-directory: ./docs/}}
    concurrency: {group: x, cancel-in-progress: true}
    jobs:
      build:
        runs-on: [ubuntu-24.04, x]
        timeout-minutes: 5
        steps:
          - uses: actions/checkout@v7 # v7.0.1
            with: {fetch-depth: 0}
          - id: a
            run: nox -s build check
            if: github.event_name == 'push'
            shell: bash
            env: {C: "${{ github.ref }}"}
            working-directory: .
      publish:
        needs: build
        environment:
          name: pypi
          url: https://example.invalid
        permissions:
          id-token: write
        steps: [{ "uses": 'pypa/gh-action-pypi-publish@v1' }]
      call:
        needs: [build, publish]
        uses: ./.github/workflows/x.yml
        with: {environment: pypi}
        secrets: inherit
"""


def test_workflow_is_read() -> None:
    inputs = {"target": WorkflowInput(is_required=True), "dry": WorkflowInput(default="false", type="boolean")}
    publish = Step(uses=Uses("pypa/gh-action-pypi-publish", "v1"))
    assert Workflow.from_text("release.yml", lines(WHOLE)) == Workflow(
        "release.yml",
        title="Release",
        triggers=(Trigger("push", tags=("v*", "!v*-rc*")), Trigger("workflow_dispatch", inputs=inputs)),
        permissions=Permissions(),
        variables={"A": "b"},
        folder="docs",
        jobs=(
            Job(
                "build",
                machine="ubuntu-24.04",
                has_timeout=True,
                steps=(
                    Step(uses=Uses("actions/checkout", "v7", "v7.0.1"), inputs={"fetch-depth": "0"}),
                    Step(  # noqa: S604 - it is what the file says
                        run="nox -s build check",
                        id="a",
                        condition="github.event_name == 'push'",
                        shell="bash",
                        variables={"C": "${{ github.ref }}"},
                        folder=".",
                    ),
                ),
            ),
            Job(
                "publish",
                needs=("build",),
                environment="pypi",
                permissions=Permissions({"id-token": "write"}),
                steps=(publish,),
            ),
            Job(
                "call",
                needs=("build", "publish"),
                call=Uses("./.github/workflows/x.yml"),
                inputs={"environment": "pypi"},
                secrets="inherit",
            ),
        ),
    )


COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.mark.parametrize(
    ("text", "uses"),
    [
        (f"{{steps: [{{uses: a/b@{COMMIT}}}]}} # v1", Uses("a/b", COMMIT, "v1")),
        (f"\n      steps:\n      - 'uses': \"a/b/c@{COMMIT}\"   # v1.2 and more", Uses("a/b/c", COMMIT, "v1.2")),
        (f"\n      steps:\n      - uses: a/b@{COMMIT} # 3.0", Uses("a/b", COMMIT, "3.0")),
        (f"\n      steps:\n      - uses: a/b@{COMMIT} # main", Uses("a/b", COMMIT)),
        ("\n      steps:\n      - uses: a/b@v1", Uses("a/b", "v1")),
        ("\n      steps:\n      - uses: docker://a/b:1", Uses("docker://a/b:1")),
        ("\n      steps:\n      - uses: ./a", Uses("./a")),
        ("\n      uses: a/b/.github/workflows/c.yml@v1 # v1.0", Uses("a/b/.github/workflows/c.yml", "v1", "v1.0")),
        ("\n      steps:\n      - uses: >-\n          a/b@v1\n      - run: x", Uses("a/b", "v1")),
    ],
)
def test_what_is_used_is_read_with_the_version_in_its_comment(text: str, uses: Uses) -> None:
    workflow = Workflow.from_text("x.yml", f"on: push\njobs:\n  a: {text}\n")
    assert workflow.problem is None
    assert (workflow.uses, str(workflow.uses[0])) == ((uses,), f"{uses.name}@{uses.ref}" if uses.ref else uses.name)
    assert (uses.is_local, uses.is_image) == (uses.name == "./a", uses.name.startswith("docker"))
    assert uses.is_pinned is (uses.ref == COMMIT)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("on: push\njobs:\n  a: {}\n", None),
        ("a: [", "line 1: expected the node content, but found '<stream end>'"),
        ("jobs:\n\t- tab", "line 2: found character '\\t' that cannot start any token"),
        ("a: \x00", "it is not YAML"),
        ("[" * 1000, "it is not YAML"),
        ("", "it has no jobs"),
        ("42", "it has no jobs"),
        ("- jobs\n", "it has no jobs"),
        ("jobs: 1\n", "it has no jobs"),
        ("a: &a [*a]\njobs: {}\n", "line 1: found unconstructable recursive node"),
        ("jobs:\n  a: {}\n  'a': {}\n", "it has more than one a"),
        ("env: {}\njobs: {}\nenv: {}\n", "it has more than one env"),
        ("jobs:\n  a:\n    steps:\n      - run: x\n        run: y\n", "it has more than one run"),
        ("a: &a {}\njobs: {b: *a, c: *a}\n", None),
    ],
)
def test_file_that_github_can_not_read_has_a_problem(text: str, problem: str | None) -> None:
    assert Workflow.from_text("x.yml", text).problem == problem


@pytest.mark.parametrize(
    ("on", "events"),
    [
        ("push", ("push",)),
        ("[push, pull_request]", ("push", "pull_request")),
        ("{push: }", ("push",)),
        ("{push: {tags: }}", ("push",)),
        ("{push: [x]}", ("push",)),
        ("[[push], {a: b}, 3]", ("3",)),
        ("", ()),
    ],
)
def test_event_is_read_in_every_form(on: str, events: tuple[str, ...]) -> None:
    jobs = "jobs:\n  a: {steps: [null, 3, {run: nox}], env: 1}\n  b: 3\n"
    workflow = Workflow.from_text("x.yml", f"on: {on}\n{jobs}")
    assert (workflow.events, workflow.jobs) == (events, (Job("a", steps=(Step(run="nox"),)),))


@pytest.mark.parametrize(
    ("on", "listens"),
    [
        ("push", True),
        ("{push: {tags: ['v*']}}", True),
        ("{push: {tags: v*}}", True),
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
def test_workflow_listens_to_a_tag_as_github_says(on: str, *, listens: bool) -> None:
    assert Workflow.from_text("x.yml", f"on: {on}\njobs: {{}}\n").listens_to("v1.3.0") is listens


@pytest.mark.parametrize(
    ("run", "follows"),
    [
        ("{workflows: [Tests, 3]}", True),
        ("{workflows: Tests, branches: [main, 'v*']}", True),
        ("{workflows: [Tests], branches: [main]}", False),
        ("{workflows: [Tests], branches-ignore: ['v*']}", False),
        ("{workflows: [Tests], branches-ignore: [main]}", True),
        ("{workflows: [Lint]}", False),
        ("{workflows: {a: b}}", False),
        ("", False),
    ],
)
def test_workflow_follows_another_one(run: str, *, follows: bool) -> None:
    workflow = Workflow.from_text("x.yml", f"on: {{workflow_run: {run}}}\njobs: {{}}\n")
    assert workflow.follows(Workflow("ci.yml", "Tests"), "v1.3.0") is follows


def test_workflow_without_a_name_is_called_like_its_file() -> None:
    assert Workflow.from_text("x.yml", "jobs: {}").title == ".github/workflows/x.yml"


def test_pythons_are_found_where_pythons_are_named() -> None:
    text = """
        jobs:
          matrix:
            strategy:
              matrix:
                python: ["3.9", "3.10", "pypy3.10", "3.13t", 3.14]
                include: [{python-version: "3.15-dev"}, 3]
            steps: []
          step: {steps: [{with: {python-version: "3.11\\n3.12.1"}}, {with: {version: "3.8"}}]}
          computed: {strategy: {matrix: "${{ fromJSON(x) }}"}}
    """
    workflow = Workflow.from_text("x.yml", lines(text))
    assert [job.pythons for job in workflow.jobs] == [("3.9", "3.10", "3.13", "3.14", "3.15"), ("3.11",), ()]


@pytest.mark.parametrize(
    ("job", "sessions"),
    [
        ("{steps: [{run: nox -s build check}, {run: nox -s check tests}]}", ("build", "check", "tests")),
        ("{steps: [{run: nox -s build}, {run: nox -s site, working-directory: docs}]}", ("build",)),
        ("{defaults: {run: {working-directory: docs}}, steps: [{run: nox -s site}]}", ()),
        ("{steps: [{run: nox -s build, working-directory: ./}]}", ("build",)),
        ("{steps: [{run: nox -s build, working-directory: '${{ github.workspace }}'}]}", ("build",)),
        ("{steps: [{run: nox -s site, working-directory: '${{ matrix.folder }}'}]}", ()),
        ("{steps: [{run: nox -s site, working-directory: ../docs}]}", ()),
        ("{steps: [{run: cd .. && nox -s build, working-directory: docs}]}", ("build",)),
        ("{steps: [{run: nox -s build, shell: python}]}", ()),
        ("{defaults: {run: {shell: python}}, steps: [{run: nox -s a}, {run: nox -s b, shell: bash}]}", ("b",)),
        ("{steps: [{run: nox -s build, shell: 'bash -el {0}'}]}", ("build",)),
        ('{steps: [{run: "nox -s build\\ncd docs\\nnox -s site"}]}', ("build",)),
    ],
)
def test_sessions_are_those_of_the_folder_of_the_project(job: str, sessions: tuple[str, ...]) -> None:
    assert Workflow.from_text("x.yml", f"jobs: {{a: {job}}}").sessions() == sessions


def test_folder_of_a_step_is_its_own_or_that_of_its_job_or_that_of_the_workflow() -> None:
    defaults = "defaults: {run: {working-directory: ./packages/a/}}"
    jobs = (
        "a: {defaults: {run: {working-directory: packages/b}}, steps: [{run: nox -s b}]}, c: {steps: [{run: nox -s a}]}"
    )
    at_top = "d: {steps: [{run: nox -s top, working-directory: .}]}"
    workflow = Workflow.from_text("x.yml", f"{defaults}\njobs: {{{jobs}, {at_top}}}")
    assert {folder: workflow.sessions(folder) for folder in ("packages/a", "packages/b", ".")} == {
        "packages/a": ("a",),
        "packages/b": ("b",),
        ".": ("top",),
    }


@pytest.mark.parametrize("value", ["5", "true", "2024-02-31", '!!float ""', "0b_", "[[[]]]", "~"])
def test_odd_values_are_no_steps(value: str) -> None:
    workflow = Workflow.from_text("x.yml", f"jobs:\n  a:\n    steps: {value}\n    needs: {value}\n")
    assert [job.steps for job in workflow.jobs] == [()]


def test_jobs_awaited_are_those_of_those_too() -> None:
    needs = {"a": ["b"], "b": ["a", "c", "x"], "c": [], "d": ["a"]}
    assert jobs_awaited(["a"], needs) == {"a", "b", "c"}


ACTION = "{runs: {using: composite, steps: [{uses: ./other}, {run: x}]}, inputs: {a: {default: b}, c: {}}}"


def test_action_of_the_repository_is_read_with_those_that_it_uses() -> None:
    texts = {
        "./.github/actions/a": ACTION,
        "./other": "runs: {using: composite, steps: [{uses: ./other}]}",
        "./docker": "runs: {using: docker}",
        "./broken": "[",
    }
    steps = ", ".join(f"{{uses: {name}}}" for name in (*texts, "./missing", "a/b@v1"))
    text = f"jobs: {{a: {{steps: [{steps}]}}, b: {{uses: ./.github/workflows/x.yml}}}}"
    workflows = WorkflowFiles.from_texts({"x.yml": text}, texts.get)
    assert sorted(workflows.actions) == ["./.github/actions/a", "./other"]
    assert workflows.actions["./.github/actions/a"].defaults == {"a": "b", "c": ""}
    assert workflows.actions["./.github/actions/a"].steps == (Step(uses=Uses("./other")), Step(run="x"))
    (workflow,) = workflows
    assert workflow.jobs[1].call is not None
    assert workflows.called(workflow.jobs[1].call) is workflow
    assert workflows.called(Uses("a/b/.github/workflows/x.yml", "v1")) is None


def test_aliases_do_not_multiply() -> None:
    bomb = "a: &a [x, x]\n" + "".join(
        f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n" for old, new in zip("abcdefghijkl", "bcdefghijklm")
    )
    assert Workflow.from_text("x.yml", f"{bomb}jobs: {{}}\n").problem is None


@given(st.text(alphabet=st.sampled_from("jobs:onpushtags\n -{}[]\"'&*!|>#%@`1\t"), max_size=80))
def test_no_text_ends_in_an_exception(text: str) -> None:
    assert isinstance(Workflow.from_text("x.yml", text).sessions(), tuple)


CHOSEN: dict[tuple[tuple[str, ...], str], bool] = {
    # The examples of the cheat sheet.
    (("*",), "main"): True,
    (("*",), "releases/10"): False,
    (("**",), "releases/10"): True,
    (("**feature",), "your/feature"): True,
    (("feature/*",), "feature/my-branch"): True,
    (("feature/*",), "feature/beta-a/my-branch"): False,
    (("feature/**",), "feature/beta-a/my-branch"): True,
    (("main", "releases/mona-the-octocat"), "releases/mona-the-octocat"): True,
    (("v2*",), "v2.9"): True,
    (("v2*",), "v1.9"): False,
    (("v[12].[0-9]+.[0-9]+",), "v1.10.1"): True,
    (("v[12].[0-9]+.[0-9]+",), "v3.10.1"): False,
    (("*.jsx?",), "page.js"): True,
    (("*.jsx?",), "page.jsx"): True,
    # What it says in words.
    (("releases/**", "!releases/**-alpha"), "releases/10-alpha"): False,
    (("releases/**", "!releases/**-alpha", "releases/9-alpha"), "releases/9-alpha"): True,
    (("!v1",), "v2"): False,
    ((), "v1"): False,
    (("v1.0",), "v1x0"): False,
    (("\\*",), "*"): True,
    (("?v", "+v"), "?v"): True,
    (("[^v]1",), "^1"): True,
}
"""Whether patterns choose a name."""


def test_pattern_means_what_github_says() -> None:
    assert {(patterns, ref): ref_matches(patterns, ref) for patterns, ref in CHOSEN} == CHOSEN


@given(st.lists(st.text("v1.*?+[]!^-\\/()|{}$", max_size=8), max_size=3), st.text(max_size=8))
def test_no_pattern_ends_in_a_traceback(patterns: list[str], ref: str) -> None:
    assert ref_matches(patterns, ref) in {True, False}


@given(st.text(st.characters(whitelist_categories=["L", "N"], whitelist_characters="-./_"), min_size=1))
def test_name_without_signs_chooses_itself_alone(name: str) -> None:
    assert ref_matches([name], name)
    assert not ref_matches([name], f"{name}x")
