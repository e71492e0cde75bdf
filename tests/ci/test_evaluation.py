"""Which jobs and steps run for an event is decided by the event, by what they need, and along calls."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sample_project import lines
from seatrial.ci.evaluation import Environment, Event, JobRun, every_run, started
from seatrial.ci.expressions import Answer
from seatrial.ci.github import WorkflowFiles

YES, NO, UNKNOWN = Answer.YES, Answer.NO, Answer.UNKNOWN
PUSH = Event("push", "v1.3.0", "acme/tidepool")


def runs(text: str, event: Event = PUSH, /, actions: dict[str, str] | None = None, **called: str) -> dict[str, JobRun]:
    """Return the jobs that an event starts, by name; ``called``: other workflows, ``actions``: those by folder."""
    texts = {"x.yml": lines(text), **{f"{name}.yml": lines(other) for name, other in called.items()}}
    files = WorkflowFiles.from_texts(texts, (actions or {}).get)
    return {run.name: run for run in every_run(started(files.workflows[0], event, files))}


def starts(text: str, event: Event = PUSH, /, **called: str) -> dict[str, Answer]:
    return {name: run.starts for name, run in runs(text, event, None, **called).items()}


ON = "on: {push: {tags: ['v*']}, workflow_dispatch: {}, release: {types: [published]}}\njobs:\n"


def test_job_does_not_run_after_one_that_does_not_run_however_far_before() -> None:
    text = """
        jobs:
          a: {if: github.event_name == 'release'}
          b: {needs: a, if: always()}
          c: {needs: b}
          d: {needs: c, if: "!cancelled()"}
          e: {needs: d, if: "always() && needs.d.result == 'success'"}
          f: {needs: [d], if: needs.d.result == 'success'}
          g: {}
          h: {needs: g}
    """
    jobs = runs(text)
    assert {name: run.starts for name, run in jobs.items()} == dict(
        zip("abcdefgh", (NO, YES, NO, YES, YES, NO, YES, YES))
    )
    assert jobs["a"].reason == "if: github.event_name == 'release'"
    assert jobs["c"].reason == "needs: a, if: github.event_name == 'release'"
    assert (jobs["b"].reason, jobs["h"].reason) == (None, None)
    assert [run.name for run in jobs["e"].before] == ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("jobs", "expected"),
    [
        ("{a: {if: vars.X}, b: {needs: a}}", {"a": UNKNOWN, "b": UNKNOWN}),
        ("{a: {if: vars.X}, b: {needs: a, if: always()}}", {"a": UNKNOWN, "b": YES}),
        ("{a: {if: vars.X}, b: {needs: a, if: needs.a.result == 'skipped'}}", {"a": UNKNOWN, "b": UNKNOWN}),
        ("{a: {needs: b}, b: {needs: a}}", {"a": UNKNOWN, "b": UNKNOWN}),
        ("{a: {needs: missing}}", {"a": UNKNOWN}),
        ("{a: {needs: missing, if: always()}}", {"a": YES}),
        ("{b: {needs: a}, a: {if: false}}", {"b": NO, "a": NO}),
        ("{a: {needs: a}}", {"a": UNKNOWN}),
    ],
)
def test_unknown_job_makes_later_jobs_unknown(jobs: str, expected: dict[str, Answer]) -> None:
    assert starts(f"jobs: {jobs}") == expected


@pytest.mark.parametrize(
    ("condition", "answers"),
    [
        ("github.event_name == 'push'", (YES, NO, NO, NO)),
        ("github.event_name == 'release' && github.event.action == 'published'", (NO, YES, NO, NO)),
        ("startsWith(github.ref, 'refs/tags/v1.')", (YES, YES, YES, UNKNOWN)),
        ("github.ref_type == 'tag'", (YES, YES, YES, UNKNOWN)),
        ("github.event.release.tag_name == 'v1.3.0'", (NO, YES, NO, NO)),
        ("github.event.created && !github.event.deleted", (YES, UNKNOWN, UNKNOWN, UNKNOWN)),
        ("github.event.workflow_run.conclusion == 'success'", (NO, NO, NO, YES)),
        ("inputs.x", (NO, NO, UNKNOWN, NO)),
        ("!inputs.x", (YES, YES, UNKNOWN, YES)),
        ("github.event.inputs.x != 'y'", (YES, YES, UNKNOWN, YES)),
        ("github.repository == 'acme/tidepool'", (YES, YES, YES, YES)),
        ("github.repository_owner == 'somebody'", (NO, NO, NO, NO)),
        ("github.head_ref == ''", (YES, YES, YES, YES)),
        ("github.event.pull_request", (NO, NO, NO, NO)),
        ("github.actor == 'x'", (UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN)),
    ],
)
def test_known_values_depend_on_the_event(condition: str, answers: tuple[Answer, ...]) -> None:
    names = ("push", "release", "workflow_dispatch", "workflow_run")
    text = f'{ON}  a: {{if: "{condition}"}}'
    assert tuple(starts(text, replace(PUSH, name=name))["a"] for name in names) == answers


def test_release_event_with_several_types_has_an_unknown_type() -> None:
    text = "on: {release: {types: [published, created]}}\njobs: {a: {if: github.event.action == 'published'}}"
    assert starts(text, replace(PUSH, name="release")) == {"a": UNKNOWN}


CALLER = """
    jobs:
      first: {if: false}
      call:
        uses: ./.github/workflows/called.yml
        with: {environment: pypi, dry: "false", count: "2"}
      after: {needs: call}
"""
CALLED = """
    on:
      workflow_call:
        inputs:
          environment: {type: string}
          dry: {type: boolean, default: "true"}
          other: {type: boolean}
          count: {type: number}
          text: {default: x}
    jobs:
      a: {if: "!inputs.dry && !inputs.other && inputs.count == 2 && inputs.text == 'x' && inputs.none == null"}
      b: {needs: a, environment: "${{ inputs.environment }}"}
      c: {if: inputs.environment == 'testpypi'}
"""


def test_call_hands_its_inputs_on() -> None:
    jobs = runs(CALLER, called=CALLED)
    assert {name: run.starts for name, run in jobs.items()} == {
        "first": NO,
        "call": YES,
        "a": YES,
        "b": YES,
        "c": NO,
        "after": YES,
    }
    assert jobs["b"].environment == Environment("pypi", "${{ inputs.environment }}")
    assert [run.name for run in jobs["after"].before] == ["call", "a", "b", "c"]
    assert ([run.name for run in jobs["b"].callers], jobs["b"].entry.name) == (["call"], "x.yml")


def test_called_job_starts_when_its_caller_does() -> None:
    jobs = runs(CALLER.replace("uses:", "needs: first\n        uses:"), called=CALLED)
    assert {name: run.starts for name, run in jobs.items()} == dict.fromkeys(
        ("first", "call", "a", "b", "c", "after"), NO
    )
    assert jobs["b"].reason == "needs: first, if: false"


def test_call_of_jobs_that_all_do_not_run_is_skipped() -> None:
    text = "jobs: {call: {uses: ./.github/workflows/called.yml}, after: {needs: call}}"
    assert starts(text, called="on: workflow_call\njobs: {a: {if: false}}") == {"call": YES, "a": NO, "after": NO}


def test_workflow_that_calls_itself_ends() -> None:
    assert starts("jobs: {a: {uses: ./.github/workflows/x.yml}}") == {"a": YES}


@pytest.mark.parametrize(
    ("outer", "caller", "called", "job", "expected"),
    [
        ("", "", "", "", (False, None)),
        ("", "id-token: write", "", "", (True, None)),
        ("", "id-token: write", "contents: read", "", (False, None)),
        ("", "id-token: write", "", "id-token: write", (True, None)),
        ("", "", "", "id-token: write", (False, "call")),
        ("", "contents: read", "id-token: write", "", (False, "call")),
        ("id-token: write", "", "", "id-token: write", (True, None)),
        ("id-token: write", "contents: read", "", "id-token: write", (False, "call")),
    ],
)
def test_permissions_follow_the_call(
    outer: str, caller: str, called: str, job: str, expected: tuple[bool, str | None]
) -> None:
    def stated(permission: str) -> str:
        return f"permissions: {{{permission}}}" if permission else "name: x"

    text = f"{stated(outer)}\njobs: {{call: {{{stated(caller)}, uses: ./.github/workflows/called.yml}}}}"
    other = f"on: workflow_call\n{stated(called)}\njobs: {{a: {{{stated(job)}}}}}"
    run = runs(text, called=other)["a"]
    assert (run.may_get_token, run.refused_by.name if run.refused_by else None) == expected


@pytest.mark.parametrize(
    ("permissions", "expected"),
    [
        ("write-all", True),
        ("read-all", False),
        ("{}", False),
        ("{id-token: write}", True),
        ("{id-token: read}", False),
        ("[a]", False),
    ],
)
def test_identity_token_wants_a_permission(permissions: str, *, expected: bool) -> None:
    assert runs(f"permissions: {permissions}\njobs: {{a: {{}}}}")["a"].may_get_token is expected
    assert runs(f"permissions: write-all\njobs: {{a: {{permissions: {permissions}}}}}")["a"].may_get_token in {
        expected,
        permissions == "[a]",
    }


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ("pypi", Environment("pypi", "pypi")),
        ("{name: pypi, url: x}", Environment("pypi", "pypi")),
        ("[x]", None),
        ("'${{ inputs.target || ''pypi'' }}'", Environment(None, "${{ inputs.target || 'pypi' }}")),
        ("'${{ vars.X }}'", Environment(None, "${{ vars.X }}")),
        ("'${{ matrix.x }}'", Environment(None, "${{ matrix.x }}")),
        (
            "\"${{ github.ref_type == 'tag' && 'pypi' || 'testpypi' }}\"",
            Environment("pypi", "${{ github.ref_type == 'tag' && 'pypi' || 'testpypi' }}"),
        ),
    ],
)
def test_environment_is_known_or_an_expression(environment: str, expected: Environment | None) -> None:
    result = runs(f"on: push\njobs: {{a: {{environment: {environment}}}}}")["a"].environment
    assert result == expected
    assert str(result or "") == (result.name or f"unknown: {result.text}" if result else "")


def test_steps_run_under_their_conditions_and_have_the_variables_of_all_above() -> None:
    text = """
        env: {A: "1", B: "${{ github.ref_name }}"}
        jobs:
          a:
            env: {A: "2", C: "${{ vars.X }}"}
            steps:
              - run: first
                env: {D: "4"}
              - {run: second, if: failure()}
              - {run: third, if: env.A == '2'}
              - {run: fourth, if: env.C == 'x'}
              - {run: fifth, if: steps.x.outcome == 'success'}
              - {run: sixth, if: always() && github.event_name == 'push'}
    """
    steps = runs(text)["a"].steps
    assert [step.starts for step in steps] == [YES, NO, YES, UNKNOWN, UNKNOWN, YES]
    assert [step.reason for step in steps] == [
        None,
        "if: failure()",
        None,
        "if: env.C == 'x'",
        "if: steps.x.outcome == 'success'",
        None,
    ]
    assert steps[0].variables == {"A": "2", "B": "v1.3.0", "C": "${{ vars.X }}", "D": "4"}


@pytest.mark.parametrize(
    ("matrix", "condition", "expected"),
    [
        ("{os: [ubuntu, macos], py: ['3.9', '3.13']}", "matrix.os == 'ubuntu' && matrix.py == '3.13'", YES),
        ("{os: [ubuntu, macos]}", "matrix.os == 'windows'", NO),
        ("{os: [ubuntu, macos]}", "!matrix.last", YES),
        ("{os: [ubuntu, macos], include: [{os: macos, last: true}]}", "matrix.last && matrix.os == 'macos'", YES),
        ("{os: [ubuntu, macos], include: [{os: macos, last: true}]}", "matrix.last && matrix.os == 'ubuntu'", NO),
        ("{os: [ubuntu], include: [{os: windows}]}", "matrix.os == 'windows'", YES),
        ("{os: [ubuntu], include: [{color: green}]}", "matrix.os == 'ubuntu' && matrix.color == 'green'", YES),
        ("{include: [{os: ubuntu, publish: true}, {os: macos, publish: false}]}", "matrix.publish", YES),
        ("{include: [{publish: false}]}", "matrix.publish", NO),
        ("{include: [{publish: 'false'}]}", "matrix.publish", YES),
        (
            "{os: [ubuntu, macos], py: [a, b], exclude: [{os: macos, py: b}]}",
            "matrix.os == 'macos' && matrix.py == 'b'",
            NO,
        ),
        ("{os: ['${{ x }}'], py: '${{ fromJSON(x) }}'}", "matrix.py == 'a'", UNKNOWN),
        ("'${{ fromJSON(x) }}'", "matrix.py == 'a'", UNKNOWN),
        ("{os: [{name: x}]}", "matrix.os.name == 'x'", UNKNOWN),
        ("{}", "matrix.os == 'x'", NO),
    ],
)
def test_step_runs_if_one_job_of_the_matrix_runs_it(matrix: str, condition: str, expected: Answer) -> None:
    text = f'jobs: {{a: {{strategy: {{matrix: {matrix}}}, steps: [{{run: x, if: "{condition}"}}]}}}}'
    (step,) = runs(text)["a"].steps
    assert step.starts is expected


def test_steps_of_an_action_of_the_repository_are_in_its_place() -> None:
    action = """
        inputs: {where: {default: a}, who: {default: b}}
        runs:
          using: composite
          steps:
            - {run: one, if: inputs.where == 'x'}
            - {run: two, if: inputs.who == 'b', env: {W: "${{ inputs.where }}"}}
            - {uses: ./b, if: inputs.who == 'c'}
    """
    inner = "runs: {using: composite, steps: [{run: three}]}"
    text = "jobs: {a: {steps: [{run: zero}, {uses: ./a, if: vars.X, with: {where: x}}, {uses: ./c}]}}"
    steps = runs(text, PUSH, {"./a": lines(action), "./b": inner})["a"].steps
    assert [step.step.run for step in steps] == ["zero", "one", "two", "three", None]
    assert [step.starts for step in steps] == [YES, UNKNOWN, UNKNOWN, NO, YES]
    assert [[str(action) for action in step.actions] for step in steps] == [[], ["./a"], ["./a"], ["./a", "./b"], []]
    assert steps[2].variables == {"W": "x"}
    assert steps[3].reason == "if: vars.X and if: inputs.who == 'c'"


def test_action_that_uses_itself_ends() -> None:
    action = "runs: {using: composite, steps: [{uses: ./a}]}"
    assert len(runs("jobs: {a: {steps: [{uses: ./a}]}}", PUSH, {"./a": action})["a"].steps) == 1
