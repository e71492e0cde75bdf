"""Which jobs and steps of a workflow run when an event starts it, and what they may do.

Evaluated is what the event and the ref decide: ``if``, ``needs``, calls of workflows and actions of the repository, and
permissions along a call. Nothing fails in the run that is evaluated. What is not known is unknown, with the reason.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from seatrial.ci.expressions import (
    FENCED,
    UNKNOWN,
    Answer,
    Context,
    Partial,
    Value,
    all_of,
    any_of,
    condition_holds,
    interpolated,
)
from seatrial.ci.github import (
    Job,
    ScalarText,
    Step,
    Trigger,
    Uses,
    Workflow,
    WorkflowFiles,
    WorkflowInput,
    jobs_awaited,
)

DEEPEST = 10
"""How deep one workflow or action may call another; GitHub refuses more."""

MERGE = "merge"


@dataclass(frozen=True)
class Event:
    """What starts a workflow, for a tag: its ``name``, None where it is not known; ``home``: OWNER/NAME.

    The name `MERGE` is a push to the branch of a workflow that tags a release itself (`Workflow.merge_branch`).
    """

    name: str | None
    tag: str | None = None
    home: str | None = None


@dataclass(frozen=True)
class Environment:
    """The environment of a job: ``name``: None where it is not known; ``text``: as the file has it."""

    name: str | None
    text: str

    @classmethod
    def of_gitlab(cls, text: str | None) -> Environment | None:
        """Return the environment that a job of GitLab names, None for none; a variable in it makes the name unknown."""
        return cls(None if "$" in text else text, text) if text is not None else None

    def __str__(self) -> str:
        """Return its name, or the expression that computes it."""
        return self.name if self.name is not None else f"unknown: {self.text}"


@dataclass(frozen=True)
class StepRun:
    """A step of a job that runs.

    ``starts``: whether it runs when its job does; ``reason``: the conditions that decide that, None where it runs;
    ``variables``: those of its environment; ``actions``: the actions of the repository that it is a part of.
    """

    step: Step
    starts: Answer
    reason: str | None
    context: Context
    variables: Mapping[str, str] = field(default_factory=dict)
    actions: tuple[Uses, ...] = ()

    def filled(self, text: str) -> str:
        """Return a text with the values of the expressions in it that are known, each by itself."""
        return FENCED.sub(lambda match: _filled(match[0], self.context), text)

    def in_row(self, row: Value) -> StepRun:
        """Return it as it is in the job of a row of the matrix."""
        context = self.context.with_values(matrix=row)
        return replace(
            self, context=context, starts=all_of((self.starts, condition_holds(self.step.condition, context)))
        )

    def input(self, name: str) -> str | None:
        """Return the value of an input, None for none; an expression that is not known stays as it is."""
        text = self.step.inputs.get(name)
        return None if text is None else _filled(text, self.context)


@dataclass(frozen=True)
class JobRun:
    """A job of a workflow that an event has started.

    ``starts``: whether it runs; ``reason``: what decides that, None where it runs; ``callers``: the jobs that call its
    workflow, the outermost first; ``awaited``: the jobs of its workflow that it waits for, and those that they wait
    for; ``inside``: of a call, the jobs of the workflow.
    """

    workflow: Workflow
    job: Job
    starts: Answer
    reason: str | None
    context: Context
    files: WorkflowFiles
    callers: tuple[JobRun, ...] = ()
    awaited: tuple[JobRun, ...] = ()
    inside: tuple[JobRun, ...] = ()

    @property
    def name(self) -> str:
        """The name of the job."""
        return self.job.name

    @property
    def entry(self) -> Workflow:
        """The workflow that the event starts."""
        return self.callers[0].workflow if self.callers else self.workflow

    @property
    def place(self) -> str:
        """The job and its file, as a message names them."""
        return f"the job {self.name} of {self.workflow.path}"

    @property
    def environment(self) -> Environment | None:
        """Its environment, None for none. Inputs are not known: whoever starts the workflow can give others."""
        text = self.job.environment
        if self.job.call is not None and not self.inside:
            return Environment(None, f"that of a job of {self.job.call}")
        if text is None:
            return None
        context = self.context if self.callers else self.context.with_values(inputs=UNKNOWN)
        context = context.with_values(matrix=shared_row(self.job))
        return Environment(interpolated(text, context) or None, text)

    @property
    def may_get_token(self) -> bool:
        """Whether it may ask for an identity token: a workflow that is called has no more than its caller."""
        return self.wants_token and self.refused_by is None

    @property
    def wants_token(self) -> bool:
        """Whether its own permissions let it ask for an identity token, or it has those of its caller."""
        permissions = self.job.permissions or self.workflow.permissions
        if permissions is None:
            return bool(self.callers) and self.callers[-1].may_get_token
        return permissions.may_get_token

    @property
    def refused_by(self) -> JobRun | None:
        """The job that calls its workflow and has less than it wants: GitHub then starts nothing."""
        return next((caller for caller in self.callers if self.wants_token and not caller.wants_token), None)

    @property
    def before(self) -> tuple[JobRun, ...]:
        """The jobs that end before it begins, in the order of their files, those of called workflows included."""
        own = (*self.callers[-1].before, *self.awaited) if self.callers else self.awaited
        return tuple(every_run(own))

    @cached_property
    def steps(self) -> tuple[StepRun, ...]:
        """Its steps, with those of the actions of the repository in their places."""
        # A step waits for the steps before it alone: what the jobs before did decides whether the job runs.
        context = replace(self.context, succeeded=Answer.YES)
        variables = _variables((self.workflow.variables, self.job.variables), context)
        steps = (self.workflow.with_defaults(self.job, step) for step in self.job.steps)
        return tuple(self._steps(steps, context, variables, ()))

    def _steps(
        self, steps: Iterable[Step], context: Context, variables: Mapping[str, str], actions: tuple[Uses, ...]
    ) -> Iterator[StepRun]:
        rows, row = matrix_rows(self.job), shared_row(self.job)
        for step in steps:
            own = {**variables, **_variables((step.variables,), context.with_values(matrix=row))}
            environment = Partial({name: value for name, value in own.items() if "${{" not in value})
            # Of several jobs of a matrix, one that runs a step is enough.
            each = (context.with_values(env=environment, matrix=values) for values in rows)
            starts = any_of(condition_holds(step.condition, of_row) for of_row in each)
            reason = None if starts is Answer.YES else f"if: {one_line(step.condition or '')}"
            of_step = context.with_values(env=environment, matrix=row)
            folder = None if step.folder is None else _filled(step.folder, of_step)
            run = StepRun(replace(step, folder=folder), starts, reason, of_step, own, actions)
            action = self.files.actions.get(step.uses.name) if step.uses else None
            if action is None or step.uses is None or len(actions) >= DEEPEST:
                yield run
                continue
            inputs = {name: _value(interpolated(text, of_step)) for name, text in step.inputs.items()}
            inside = of_step.with_values(inputs={**action.defaults, **inputs})
            for inner in self._steps(action.steps, inside, own, (*actions, step.uses)):
                reasons = " and ".join(text for text in (reason, inner.reason) if text) or None
                yield replace(inner, starts=all_of((starts, inner.starts)), reason=reasons)


SCALARS: Mapping[str, Value] = {"true": True, "false": False, "null": None, "": None, "~": None}
"""What YAML makes of plain words."""

MOST_ROWS = 256
"""The most jobs that GitHub makes of a matrix."""


def matrix_rows(job: Job) -> tuple[Value, ...]:
    """Return what ``matrix`` is in each job that a matrix makes of a job; where it is computed, it is unknown."""
    matrix = job.matrix
    if not matrix:
        return ({},) if matrix is not None else (UNKNOWN,)
    axes = {key: values for key, values in matrix.items() if key not in {"include", "exclude"}}
    added, removed = matrix.get("include", []), matrix.get("exclude", [])
    if not all(isinstance(values, list) for values in (*axes.values(), added, removed)):
        return (UNKNOWN,)
    rows = [dict(zip(axes, values)) for values in itertools.islice(itertools.product(*axes.values()), MOST_ROWS)]
    rows = [row for row in rows if axes and not any(_agrees(row, entry, entry) for entry in removed)]
    others = []
    for entry in (entry for entry in added if isinstance(entry, dict)):
        fitting = [row for row in rows if _agrees(row, entry, [key for key in entry if key in axes])]
        for row in fitting:
            row.update(entry)
        others += [] if fitting else [entry]
    return tuple({key: _scalar(value) for key, value in row.items()} for row in (*rows, *others)) or (UNKNOWN,)


def shared_row(job: Job) -> Value:
    """Return what ``matrix`` is in all jobs that a matrix makes of a job: the values that they share."""
    first, *others = matrix_rows(job)
    if not isinstance(first, dict):
        return UNKNOWN
    shared = {key: value for key, value in first.items() if all(_agrees(first, row, (key,)) for row in others)}
    return shared if not others else Partial(shared)


def _agrees(row: Mapping[str, object], entry: object, keys: Iterable[str]) -> bool:
    return isinstance(entry, dict) and all(row.get(key) == entry.get(key) for key in keys)


def _scalar(value: object) -> Value:
    if not isinstance(value, str):
        return UNKNOWN
    is_plain = isinstance(value, ScalarText) and not value.is_quoted
    return SCALARS.get(value, str(value)) if is_plain else str(value)


def one_line(text: str) -> str:
    """Return a text in one line."""
    return " ".join(text.split())


def _filled(text: str, context: Context) -> str:
    value = interpolated(text, context)
    return text if value is None else value


def _variables(tables: Iterable[Mapping[str, str]], context: Context) -> dict[str, str]:
    return {name: _filled(text, context) for table in tables for name, text in table.items()}


def _value(text: str | None) -> Value:
    return UNKNOWN if text is None else text


NO_OUTPUTS: Mapping[str, Value] = {}


def started(workflow: Workflow, event: Event, files: WorkflowFiles) -> tuple[JobRun, ...]:
    """Return the jobs of a workflow that an event starts, in the order of the file, those that do not run included."""
    if event.name == MERGE:
        outputs = {workflow.deciding_job or "": Partial({"tag": event.tag or UNKNOWN})}
        return _runs(workflow, Context(_contexts_of_merge(event, workflow)), files, (), outputs)
    trigger = workflow.trigger(event.name or "")
    return _runs(workflow, Context(_contexts(event, trigger)), files, ())


def every_run(runs: Iterable[JobRun]) -> Iterator[JobRun]:
    """Yield jobs, and those of the workflows that they are."""
    for run in runs:
        yield run
        yield from every_run(run.inside)


def _runs(
    workflow: Workflow,
    context: Context,
    files: WorkflowFiles,
    callers: tuple[JobRun, ...],
    outputs: Mapping[str, Value] = NO_OUTPUTS,
) -> tuple[JobRun, ...]:
    """Evaluate the jobs of a workflow; ``outputs``: those of jobs that are known."""
    jobs = {job.name: job for job in workflow.jobs}
    runs: dict[str, JobRun] = {}
    pending = list(jobs)
    # A job comes after those that it needs; those that need each other come last, and what they need is unknown.
    while pending:
        ready = [name for name in pending if all(need in runs for need in jobs[name].needs if need in jobs)] or pending
        for name in ready:
            awaited = jobs_awaited(jobs[name].needs, {other: jobs[other].needs for other in jobs}) - {name}
            before = tuple(runs[other] for other in jobs if other in awaited and other in runs)
            runs[name] = _run(workflow, jobs[name], context, files, callers, before, outputs)
        pending = [name for name in pending if name not in runs]
    return tuple(runs[name] for name in jobs)


def _run(
    workflow: Workflow,
    job: Job,
    context: Context,
    files: WorkflowFiles,
    callers: tuple[JobRun, ...],
    awaited: tuple[JobRun, ...],
    outputs: Mapping[str, Value],
) -> JobRun:
    ends = {run.name: _end(run) for run in awaited}
    unknown = [name for name in job.needs if name not in ends]
    needs = {name: {"result": ends.get(name, UNKNOWN), "outputs": outputs.get(name, Partial())} for name in job.needs}
    succeeded = all_of((*(_answer(end) for end in ends.values()), *([Answer.UNKNOWN] if unknown else [])))
    context = Context({**context.values, "needs": needs}, succeeded)
    starts = condition_holds(job.condition, context)
    reason = None if starts is Answer.YES else _reason(job, replace(context, succeeded=Answer.YES), starts, awaited)
    if callers and callers[-1].starts is not Answer.YES:
        starts, reason = all_of((callers[-1].starts, starts)), callers[-1].reason
    run = JobRun(workflow, job, starts, reason, context, files, callers, awaited)
    called = files.called(job.call) if job.call else None
    if job.call is None or called is None or len(callers) >= DEEPEST:
        return run
    inputs = _call_inputs(called, job, context)
    inner = Context({**context.values, "inputs": inputs, "needs": {}})
    return replace(run, inside=_runs(called, inner, files, (*callers, run)))


def _end(run: JobRun) -> Value:
    """Return the result of a job in a run in which nothing fails."""
    starts = run.starts
    if run.inside and starts is Answer.YES:
        starts = any_of(inner.starts for inner in run.inside)
    return {Answer.YES: "success", Answer.NO: "skipped"}.get(starts, UNKNOWN)


def _answer(end: Value) -> Answer:
    answers = {"success": Answer.YES, "skipped": Answer.NO}
    return answers.get(end, Answer.UNKNOWN) if isinstance(end, str) else Answer.UNKNOWN


def _reason(job: Job, context: Context, starts: Answer, awaited: tuple[JobRun, ...]) -> str:
    """Return why a job does not run, or why that is unknown: its own ``if``, or a job before it."""
    condition = f"if: {one_line(job.condition or '')}"
    if condition_holds(job.condition, context) is starts:
        return condition
    before = next((run for run in awaited if _answer(_end(run)) is starts), None)
    if before is None:
        return condition if job.condition else f"needs: {', '.join(job.needs)}"
    return f"needs: {before.name}, {before.reason}" if before.reason else f"needs: {before.name}"


def _call_inputs(called: Workflow, job: Job, context: Context) -> Mapping[str, Value]:
    trigger = called.trigger("workflow_call")
    declared = trigger.inputs if trigger else {}
    return {name: _input_value(input_, job.inputs.get(name), context) for name, input_ in declared.items()}


def _input_value(declared: WorkflowInput, value: str | None, context: Context) -> Value:
    text = interpolated(value if value is not None else declared.default or "", context)
    if text is None:
        return UNKNOWN
    if declared.type == "boolean":
        return text == "true"
    if declared.type == "number":
        return float(text) if re.fullmatch(r"-?\d+(\.\d+)?", text) else 0.0
    return text


ABSENT: Mapping[str, Value] = dict.fromkeys(
    ("action", "release", "pull_request", "issue", "comment", "inputs", "workflow_run", "client_payload", "number")
)
"""What only some events have; for others it is null."""


def _contexts_of_merge(event: Event, workflow: Workflow) -> Mapping[str, Value]:
    """Return what is known of a push to the branch that a workflow tags."""
    branch = workflow.merge_branch or ""
    contexts = _contexts(replace(event, name="push", tag=None), workflow.trigger("push"))
    ref = {"ref": f"refs/heads/{branch}", "ref_name": branch, "ref_type": "branch"}
    github = contexts["github"]
    values = github.values if isinstance(github, Partial) else {}
    return {**contexts, "github": Partial({**values, **ref})}


def _contexts(event: Event, trigger: Trigger | None) -> Mapping[str, Value]:
    """Return what is known when an event starts a workflow (GitHub, "Webhook events and payloads")."""
    name, tag = event.name, event.tag
    github: dict[str, Value] = {"head_ref": "", "base_ref": ""} if name not in {None, "pull_request"} else {}
    if event.home:
        github |= {"repository": event.home, "repository_owner": event.home.partition("/")[0], "server_url": UNKNOWN}
    if name:
        github["event_name"] = name
    # A workflow that starts after another runs on the default branch.
    if tag and name != "workflow_run":
        github |= {"ref": f"refs/tags/{tag}", "ref_name": tag, "ref_type": "tag"}
    payload: dict[str, Value] = {}
    if name in {"push", "create"}:
        payload = {**ABSENT, "ref": github.get("ref", UNKNOWN), "created": True, "deleted": False, "forced": False}
        payload["ref_type"] = "tag" if name == "create" else None
        if name == "create":
            payload["ref"] = tag or UNKNOWN
    elif name == "release":
        types = trigger.types if trigger else ()
        release = Partial({"tag_name": tag or UNKNOWN, "draft": False})
        payload = {**ABSENT, "action": types[0] if len(types) == 1 else UNKNOWN, "release": release}
    elif name == "workflow_run":
        run = Partial({"conclusion": "success", "event": "push", "head_branch": tag or UNKNOWN})
        payload = {**ABSENT, "action": "completed", "workflow_run": run}
    elif name == "workflow_dispatch":
        payload = {**ABSENT, "inputs": Partial()}
    github["event"] = Partial(payload)
    inputs: Value = {} if name in {"push", "create", "release", "workflow_run"} else Partial()
    return {"github": Partial(github), "inputs": inputs, "job": Partial({"status": "success"})}
